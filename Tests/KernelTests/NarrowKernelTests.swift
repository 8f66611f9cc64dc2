import KernelConformance
import LayerKernels
import MicroKernels
import ReducedArithmeticKernels
import StandardKernels
import Testing

/// A table of products of an instruction set.
struct NarrowTable: CustomTestStringConvertible, Sendable {
  let set: MicroKernelSet
  let table: DotTable

  var testDescription: String { "\(table.format.name) on \(set.name)" }

  static let all: [NarrowTable] = runnableSets.flatMap { set in
    set.dotTables.values.map { NarrowTable(set: set, table: $0) }
  }
}

/// How far from the definition a kernel may be, element by element, from the steps of its numbers alone.
private struct NarrowBound {
  let format: DotFormat
  /// Half a step of the inputs where they are whole numbers.
  let inputError: Double

  init(_ format: DotFormat, input: Tensor) {
    self.format = format
    let elements = input.elements
    let range = max(elements.max() ?? 0, 0) - min(elements.min() ?? 0, 0)
    // The zero is rounded as well: what lies at the far end may be another half step off.
    inputError = Double(range) / 255
  }

  /// Filters and inputs whose products add up to the bound: |w| · dx + dw · (|x| + dx).
  func terms(_ filter: Tensor, _ input: Tensor) throws -> [(filter: Tensor, input: Tensor)] {
    let magnitudes = try Tensor(shape: filter.shape, elements: filter.elements.map(\.magnitude))
    let inputs = input.elements.map(\.magnitude)
    guard format.isInteger else {
      let error: Float = 0x1p-7 + 0x1p-16
      return [(magnitudes, try Tensor(shape: input.shape, elements: inputs.map { $0 * error }))]
    }
    let channels = filter.shape[0]
    let depth = filter.shape.elementCount / channels
    let steps = (0..<channels).flatMap { channel -> [Float] in
      let largest = magnitudes.elements[channel * depth..<(channel + 1) * depth].max() ?? 0
      return Array(repeating: largest / 127 / 2, count: depth)
    }
    let error = Float(inputError)
    return [
      (magnitudes, try Tensor(shape: input.shape, elements: inputs.map { _ in error })),
      (
        try Tensor(shape: filter.shape, elements: steps),
        try Tensor(shape: input.shape, elements: inputs.map { $0 + error })
      ),
    ]
  }
}

@Suite("Kernels that compute in narrow numbers")
struct NarrowKernelTests {
  /// No activation of the library is steeper than 1.8.
  private static let steepness = 1.8

  /// - Parameter step: what an output is rounded to: two sums that lie apart may be rounded apart by one step more.
  private static func check(
    _ output: Tensor, _ expected: [Double], _ bound: [Double], step: Float, _ name: String
  ) {
    let scale = expected.map(abs).max() ?? 1
    let faults = zip(output.elements, zip(expected, bound)).filter { found, pair in
      !(abs(Double(found) - pair.0) <= steepness * pair.1 + Double(step) + 1e-5 * max(scale, 1))
    }
    #expect(
      faults.isEmpty, "\(name): \(faults.count) of \(expected.count) elements are further off than their steps allow")
  }

  private static func checkConvolution<Kernel: LayerKernel<ConvolutionProblem>>(
    _ kernel: Kernel, _ format: DotFormat, _ problem: ConvolutionProblem
  ) throws {
    var random = RandomSource(seed: 21)
    let parameters = problem.randomParameters(from: &random)
    var inputs = problem.randomInputs(from: &random)
    // Every other problem as after a ReLU.
    if problem.inputChannels % 2 == 0 {
      inputs[0] = try Tensor(shape: inputs[0].shape, elements: inputs[0].elements.map { max($0, 0) })
    }
    let expected = GemmRunner.convolution(problem, parameters, inputs)
    var bound = [Double](repeating: 0, count: expected.count)
    let plain = try ConvolutionProblem(
      batch: problem.batch, inputChannels: problem.inputChannels, input: problem.input,
      outputChannels: problem.outputChannels, window: problem.window)
    for term in try NarrowBound(format, input: inputs[0]).terms(parameters.filter, inputs[0]) {
      let part = GemmRunner.convolution(
        plain, ConvolutionParameters(uncheckedFilter: term.filter, bias: nil), [term.input])
      for index in bound.indices { bound[index] += part[index] }
    }
    let configurations = kernel.configurations(for: problem)
    for (place, configuration) in [configurations[0], configurations[configurations.count - 1]].enumerated() {
      var first: Tensor?
      for workers in place == 0 ? [1, 2, 5] : [3] {
        let name = "\(kernel.identifier) \(problem.key) [\(configuration)] on \(workers)"
        let output = try GemmRunner.run(kernel, problem, configuration, parameters, inputs, workers: workers)
        check(output, expected, bound, step: problem.outputStep, name)
        if let first { #expect(first == output, "\(name) differs from one worker") }
        first = output
      }
    }
  }

  private static func checkDense(
    _ kernel: NarrowDense, _ format: DotFormat, _ problem: MatrixMultiplyProblem
  ) throws {
    var random = RandomSource(seed: 22)
    let parameters = problem.randomParameters(from: &random)
    let inputs = problem.randomInputs(from: &random)
    let weights = try #require(parameters.weights)
    let expected = GemmRunner.product(problem, parameters, inputs)
    var bound = [Double](repeating: 0, count: expected.count)
    let plain = try MatrixMultiplyProblem(
      batch: problem.batch, rows: problem.rows, depth: problem.depth, columns: problem.columns)
    for term in try NarrowBound(format, input: inputs[0]).terms(weights, inputs[0]) {
      let part = GemmRunner.product(
        plain, try MatrixMultiplyParameters(weights: term.filter, bias: nil, for: plain), [term.input])
      for index in bound.indices { bound[index] += part[index] }
    }
    var first: Tensor?
    for workers in [1, 2, 5] {
      let configuration = kernel.configurations(for: problem)[0]
      let output = try GemmRunner.run(kernel, problem, configuration, parameters, inputs, workers: workers)
      check(output, expected, bound, step: problem.outputStep, "\(problem.key) on \(workers)")
      if let first { #expect(first == output, "\(problem.key) on \(workers) differs from one worker") }
      first = output
    }
  }

  @Test(
    "every output is as near as the steps of its numbers allow, the same for all workers", arguments: NarrowTable.all)
  func bounds(_ subject: NarrowTable) throws {
    let format = subject.table.format
    let pointwise = NarrowPointwise(subject.table, subject.set)
    let convolution = NarrowConvolution(subject.table, subject.set)
    var counts = (pointwise: 0, convolution: 0, dense: 0)
    let problems =
      try ConformanceProblems.pointwise() + ConformanceProblems.dense() + ConformanceProblems.convolutionEpilogues()
      + ConformanceProblems.randomConvolutions(count: 60, seed: 3)
    for problem in problems
    where problem.outputShape.elementCount * (problem.filterShape.elementCount / problem.outputChannels) < 250_000 {
      if pointwise.applicability(to: problem).isApplicable {
        try Self.checkConvolution(pointwise, format, problem)
        counts.pointwise += 1
      }
      if convolution.applicability(to: problem).isApplicable {
        try Self.checkConvolution(convolution, format, problem)
        counts.convolution += 1
      }
    }
    let dense = NarrowDense(subject.table, subject.set)
    for problem in try ConformanceProblems.matrixProducts()
    where problem.outputShape.elementCount * problem.depth < 250_000 && dense.applicability(to: problem).isApplicable {
      try Self.checkDense(dense, format, problem)
      counts.dense += 1
    }
    #expect(counts.pointwise > 5 && counts.convolution > 10 && counts.dense > 3, "\(counts)")
  }

  @Test("errors of random layers are about what the steps make on average", arguments: NarrowTable.all)
  func typicalErrors(_ subject: NarrowTable) throws {
    let window = try WindowGeometry(kernel: WindowGeometry.Extent(3), pads: WindowGeometry.Pads(1))
    let problem = try ConvolutionProblem(
      inputChannels: 32, input: WindowGeometry.Extent(9), outputChannels: 24, window: window,
      epilogue: Epilogue(bias: true))
    let dense = try MatrixMultiplyProblem(rows: 3, depth: 300, columns: 50)
    let conformance = try KernelConformance(workers: [2], configurationLimit: 1)
    let reports =
      try conformance.check(NarrowConvolution(subject.table, subject.set), problems: [problem])
      + conformance.check(NarrowDense(subject.table, subject.set), problems: [dense])
    #expect(!reports.isEmpty && reports.allSatisfy(\.isConforming), "\(reports)")
    let limits = subject.table.format.isInteger ? 1e-4...1.2e-2 : 5e-5...5e-3
    for report in reports where report.problem != nil {
      #expect(limits.contains(report.maximumError), "\(report.maximumError)")
    }
  }

  @Test("a pixel that no window reads takes no part, nor does its NaN", arguments: NarrowTable.all)
  func gaps(_ subject: NarrowTable) throws {
    for (stride, dilation) in [(3, 1), (2, 2)] {
      let window = try WindowGeometry(
        kernel: WindowGeometry.Extent(2), stride: WindowGeometry.Extent(stride),
        dilation: WindowGeometry.Extent(dilation))
      let problem = try ConvolutionProblem(
        inputChannels: 3, input: WindowGeometry.Extent(9), outputChannels: 5, window: window)
      let kernel = NarrowConvolution(subject.table, subject.set)
      var random = RandomSource(seed: 4)
      let parameters = problem.randomParameters(from: &random)
      let input = random.tensor(shape: problem.inputShape)
      var elements = input.elements
      // Column 2 of every third, or every odd one.
      let column = stride == 3 ? 2 : 1
      for row in 0..<9 { elements[row * 9 + column] = row % 2 == 0 ? .nan : 1e30 }
      let spoiled = try Tensor(shape: input.shape, elements: elements)
      let configuration = kernel.configurations(for: problem)[0]
      let expected = try GemmRunner.run(kernel, problem, configuration, parameters, [input], workers: 1)
      let found = try GemmRunner.run(kernel, problem, configuration, parameters, [spoiled], workers: 2)
      #expect(found == expected && found.elements.allSatisfy(\.isFinite))
    }
  }

  @Test("each is approximate, offered, and never the default", arguments: runnableSets.map(\.name))
  func classes(name: String) throws {
    let set = try #require(runnableSets.first { $0.name == name })
    let registry = try KernelRegistry.standard(microKernels: set)
    let problem = try MatrixMultiplyProblem(rows: 4, depth: 37, columns: 19)
    for table in set.dotTables.values {
      let candidates = registry.candidates(for: problem).filter { $0.kernel.name == "\(table.format.name).dense" }
      #expect(!candidates.isEmpty && candidates.allSatisfy { $0.errorClass == .approximate(relativeError: nil) })
    }
    #expect(try !registry.defaultCandidate(for: problem).errorClass.isApproximate)
  }

  @Test("what does not fit is refused in one line: long sums, weights that are no numbers, several groups")
  func refusals() throws {
    let set = MicroKernelSet(.portable)
    let table = try #require(set.dotTables[.s8])
    let dense = NarrowDense(table, set)
    let long = try MatrixMultiplyProblem(rows: 1, depth: DotFormat.maximumDepth + 1, columns: 1)
    #expect(
      dense.applicability(to: long)
        == .refused("sums of 65537 products of bytes may not fit 32 bits, which hold 65536"))
    let problem = try MatrixMultiplyProblem(rows: 1, depth: 3, columns: 2)
    let configuration = dense.configurations(for: problem)[0]
    let parameters = try MatrixMultiplyParameters(
      weights: Tensor(shape: problem.weightShape, elements: [0, 1, 2, 3, .nan, 5]), bias: nil, for: problem)
    let error = #expect(throws: KernelError.self) {
      try dense.prepare(problem, configuration: configuration, parameters: parameters)
    }
    #expect("\(try #require(error))".contains("output channel 1"))
    let window = try WindowGeometry(kernel: WindowGeometry.Extent(3))
    let grouped = try ConvolutionProblem(
      inputChannels: 4, input: WindowGeometry.Extent(5), outputChannels: 4, window: window, groups: 2)
    #expect(NarrowConvolution(table, set).applicability(to: grouped) == .refused("needs 1 group, not 2"))
  }
}
