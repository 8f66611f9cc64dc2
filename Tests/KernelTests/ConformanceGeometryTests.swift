import KernelConformance
import LayerKernels
import Testing

/// A fault of a convolution and the words that its reports have to contain.
struct ExpectedPattern: Sendable, CustomTestStringConvertible {
  let fault: FaultyConvolution.Fault
  let sentence: String

  var testDescription: String { "\(fault)" }

  static let all: [ExpectedPattern] = [
    .init(
      fault: .takesEveryStrideForOne,
      sentence: "fails on every problem with stride=2x2 or 1x2 or 3x3, and on none with stride=1x1"),
    .init(
      fault: .swapsTheStrides,
      sentence: "fails on every problem with stride=1x2, and on none with stride=1x1 or 2x2 or 3x3"),
    .init(fault: .ignoresPadding, sentence: ", and on none with pads=0,0,0,0"),
    .init(fault: .takesPaddingForEven, sentence: "fails on every problem with pads=0,0,2,2 or 2,1,0,1, and on none"),
    .init(
      fault: .ignoresDilation,
      sentence: "fails on every problem with dilation=2x2, and on none with dilation=1x1"),
    .init(
      fault: .takesOneGroupForAll, sentence: "fails on every problem with groups=2 or 6, and on none with groups=1"),
    .init(fault: .forgetsAllButTheFirstPicture, sentence: "fails on every problem with n=3, and on none with n=1"),
    .init(fault: .forgetsTheBias, sentence: "fails on every problem with epilogue=bias"),
    .init(fault: .forgetsTheResidual, sentence: "fails on every problem with epilogue=residual"),
    .init(fault: .addsTheResidualTooLate, sentence: "fails on every problem with epilogue=residual+relu"),
    .init(
      fault: .takesWindowsForSquare,
      sentence: "fails on every problem with kernel=1x3 or 2x5, and on none with kernel=3x3"),
  ]
}

@Suite("The conformance kit on a layer's sizes")
struct ConformanceGeometryTests {
  typealias Pads = WindowGeometry.Pads

  /// Each size apart from its usual value on more than one problem.
  private func problems() throws -> [ConvolutionProblem] {
    func problem(
      kernel: (Int, Int) = (3, 3), stride: (Int, Int) = (1, 1), dilation: Int = 1, pads: Pads = Pads(0),
      groups: Int = 1, batch: Int = 1, _ epilogue: Epilogue = .none
    ) throws -> [ConvolutionProblem] {
      try [(9, 9), (9, 13)].map { height, width in
        try ConvolutionProblem(
          batch: batch, inputChannels: 6, input: .init(height: height, width: width), outputChannels: 6,
          window: WindowGeometry(
            kernel: .init(height: kernel.0, width: kernel.1), stride: .init(height: stride.0, width: stride.1),
            dilation: .init(dilation), pads: pads), groups: groups, epilogue: epilogue)
      }
    }
    return try problem() + problem(stride: (2, 2)) + problem(stride: (1, 2)) + problem(stride: (3, 3))
      + problem(pads: Pads(1)) + problem(pads: Pads(top: 0, left: 0, bottom: 2, right: 2))
      + problem(pads: Pads(top: 2, left: 1, bottom: 0, right: 1)) + problem(dilation: 2) + problem(groups: 2)
      + problem(groups: 6) + problem(batch: 3) + problem(Epilogue(bias: true)) + problem(Epilogue(residual: true))
      + problem(Epilogue(residual: true, activation: .relu)) + problem(kernel: (1, 3)) + problem(kernel: (2, 5))
  }

  private func reports(_ fault: FaultyConvolution.Fault) throws -> [ConformanceReport] {
    try KernelConformance(workers: [1]).check(FaultyConvolution(fault: fault), problems: problems())
  }

  @Test("says which size a kernel misreads", arguments: ExpectedPattern.all)
  func findsFault(_ expected: ExpectedPattern) throws {
    let reports = try reports(expected.fault)
    #expect(reports[0].issues.contains { $0.contains(expected.sentence) }, "\(reports[0])")
    #expect(reports.dropFirst().contains { !$0.isConforming })
  }

  @Test("has a sentence for every fault of the list, and finds nothing wrong with the kernel that has none")
  func coversEveryFault() throws {
    #expect(Set(ExpectedPattern.all.map(\.fault)).union([.none]) == Set(FaultyConvolution.Fault.allCases))
    #expect(try reports(.none).allSatisfy { $0.isConforming })
  }

  @Test("finds the size that a kernel misreads among the library's own problems")
  func findsAmongMany() throws {
    let reports = try KernelConformance(workers: [1]).check(
      FaultyConvolution(fault: .takesOneGroupForAll),
      problems: ConformanceProblems.grouped() + ConformanceProblems.dense())
    #expect(reports[0].issues.contains { $0.hasPrefix("fails on every problem with groups=") }, "\(reports[0])")
  }
}

/// A problem whose key is not what a database needs.
private struct ForgetfulProblem: LayerProblem {
  enum Fault {
    case forgetsItsScale, isReadBackAsAnother, cannotBeRead, isCalledOtherwise
  }

  let fault: Fault
  let scale: Int
  static var operation: String { "forgetful" }

  init(_ fault: Fault, scale: Int) { (self.fault, self.scale) = (fault, scale) }

  init(key: ProblemKey) throws(ProblemError) {
    let (fault, scale) = (try key.integer("fault"), try key.integer("scale"))
    switch fault {
    case 0: self.init(.forgetsItsScale, scale: 1)
    case 1: self.init(.isReadBackAsAnother, scale: scale + 1)
    default: throw .inconsistent("nobody can read it")
    }
  }

  var key: ProblemKey {
    switch fault {
    case .forgetsItsScale: ProblemKey(operation: Self.operation, ["fault": "0", "scale": "1"])
    case .isReadBackAsAnother: ProblemKey(operation: Self.operation, ["fault": "1", "scale": "\(scale)"])
    case .cannotBeRead: ProblemKey(operation: Self.operation, ["fault": "2", "scale": "\(scale)"])
    case .isCalledOtherwise: ProblemKey(operation: "other", [:])
    }
  }

  var inputShapes: [TensorShape] { [] }
  var outputShape: TensorShape { .scalar }
  var operationCount: OperationCount { .none }
  var memoryAccessCost: Int { 1 }
  typealias Parameters = NoParameters
}

private struct ForgetfulKernel: LayerKernel, PreparedKernel {
  let identifier: KernelIdentifier = "reference.forgetful"
  let version = 1
  func applicability(to problem: ForgetfulProblem) -> Applicability { .applies }
  func prepare(
    _ problem: ForgetfulProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel { self }
  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    if worker.index == 0 { operands.output.base[0] = 1 }
  }
}

@Suite("The conformance kit on operations of somebody else's")
struct ConformanceForeignTests {
  @Test("a problem's key has to say all of it and be readable")
  func keys() throws {
    func issues(_ fault: ForgetfulProblem.Fault) throws -> [String] {
      let conformance = try KernelConformance(definitions: [ForgetfulKernel()])
      return try conformance.check(ForgetfulKernel(), problems: [ForgetfulProblem(fault, scale: 2)]).flatMap(\.issues)
    }
    #expect(
      try issues(.forgetsItsScale) == [
        "the key 'forgetful fault=0 scale=1' does not say all of the problem: another has the same"
      ])
    #expect(
      try issues(.isReadBackAsAnother) == [
        "the key 'forgetful fault=1 scale=2' is read back as 'forgetful fault=1 scale=3'"
      ])
    #expect(
      try issues(.cannotBeRead) == [
        "the key 'forgetful fault=2 scale=2' cannot be read back: nobody can read it"
      ])
    #expect(
      try issues(.isCalledOtherwise) == ["the key 'other' does not begin with its operation's name, forgetful"])
  }
}
