import KernelConformance
import Luthier
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// x · tanh(ln(1 + eˣ)) of every element (Misra, "Mish: A Self Regularized Non-Monotonic Activation Function").
struct MishProblem: LayerProblem {
  let outputShape: TensorShape
  static let operation = "mish"

  init(shape: TensorShape) { outputShape = shape }

  /// `mish shape=1x64x28x28`
  var key: ProblemKey { ProblemKey(operation: Self.operation, ["shape": "\(outputShape)"]) }
  init(key: ProblemKey) throws(ProblemError) { self.init(shape: try key.shape("shape")) }

  var inputShapes: [TensorShape] { [outputShape] }
  var operationCount: OperationCount { OperationCount(operations: 4 * outputShape.elementCount) }
  var memoryAccessCost: Int { activationElementCount }
  typealias Parameters = NoParameters
}

/// The definition in 64 bits. Its family `reference` makes it what others are checked against.
struct ReferenceMish: LayerKernel {
  let identifier: KernelIdentifier = "reference.mish"
  let version = 1

  func applicability(to problem: MishProblem) -> Applicability { .applies }
  func expectedEfficiency(for problem: MishProblem) -> Double { 0.001 }

  func prepare(
    _ problem: MishProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    Prepared(count: problem.outputShape.elementCount)
  }

  struct Prepared: PreparedKernel {
    let count: Int

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for index in worker.share(of: count) {
        let x = Double(operands.input.base[index])
        operands.output.base[index] = Float(x * tanh(log1p(exp(x))))
      }
    }
  }
}

/// tanh(ln(1 + y)) = (y² + 2y) / (y² + 2y + 2): one exponential instead of three functions.
struct RationalMish: LayerKernel {
  let identifier: KernelIdentifier = "mine.mish"
  let version = 1

  func applicability(to problem: MishProblem) -> Applicability { .applies }

  func prepare(
    _ problem: MishProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    Prepared(count: problem.outputShape.elementCount)
  }

  struct Prepared: PreparedKernel {
    let count: Int

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for index in worker.share(of: count) {
        let x = operands.input.base[index]
        // Beyond 20 the function is x to the last bit, and the square would overflow.
        let y = exp(min(x, 20))
        let square = y * (y + 2)
        operands.output.base[index] = x * (square / (square + 2))
      }
    }
  }
}

@Suite("The article on adding an operation")
struct AddingAnOperation {
  /// A registry that knows the operation.
  static func registry() throws -> KernelRegistry {
    var registry = try KernelRegistry.standard()
    try registry.register(ReferenceMish())
    try registry.register(RationalMish())
    return registry
  }

  /// An ONNX file of one node `Mish`: that of a `Relu`, whose name is as long.
  static func file() throws -> [UInt8] {
    var graph = Graph(name: "mish")
    let input = try graph.addInput("x", shape: TensorShape([1, 3, 4, 5]))
    let problem = ElementwiseProblem(.relu, shape: graph[input].shape)
    graph.addOutput(try graph.addLayer("node", problem, inputs: [input]))
    var bytes = try ONNXModel.encode(graph)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: "Relu".utf8) })
    bytes.replaceSubrange(place..<(place + 4), with: "Mish".utf8)
    return bytes
  }

  @Test("The article's kernels pass the conformance kit, compared with the article's reference")
  func conforms() throws {
    var reference = KernelRegistry()
    try reference.register(ReferenceMish())
    let conformance = try KernelConformance(checksNotANumber: true, reference: reference)
    let problems = try [[1], [7, 3], [1, 3, 17, 5]].map { MishProblem(shape: try TensorShape($0)) }
    let reports = try conformance.check(RationalMish(), problems: problems)
    for report in reports where !report.isConforming { Issue.record("\(report)") }
    #expect(reports.count > 1)
  }

  @Test("The article's operator is imported, and gives what its definition says")
  func imported() throws {
    let model = try ONNXModel(bytes: Self.file(), name: "mish")
    // The library's own importer makes an activation of it; that of the article goes before.
    #expect(
      try CompiledNetwork(model.graph(), registry: Self.registry()).layers.allSatisfy {
        $0.problem is ElementwiseProblem
      })
    let registry = try Self.registry()

    var operators = ONNXOperatorRegistry.standard
    operators.register("Mish") { node, importer in
      let input = try importer.required(0, of: node)
      return [try importer.add(MishProblem(shape: input.shape), [input], for: node)]
    }
    let graph = try model.graph(operators: operators)
    let network = try CompiledNetwork(graph, registry: registry)

    #expect(network.layers.contains { $0.choice.candidate.kernel == "mine.mish" })
    let input = Tensor(shape: network.inputs[0].shape, repeating: 1)
    #expect(try network.run([input])[0].elements.allSatisfy { abs($0 - 0.865_098_4) < 1e-6 })
  }

  @Test("A problem is read back from its key, and a key that is none is an error")
  func key() throws {
    let problem = MishProblem(shape: try TensorShape([1, 2, 3]))
    #expect(try MishProblem(key: problem.key) == problem)
    #expect(try Self.registry().problem(for: problem.key).key == problem.key)
    #expect(throws: ProblemError.self) { try MishProblem(key: ProblemKey(parsing: "mish shape=-1")) }
  }
}
