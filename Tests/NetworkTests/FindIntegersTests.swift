import Luthier
import Testing

@Suite("Products of whole numbers are found in networks that came with them")
struct FindIntegersTests {
  static let byte = Activation.quantized(step: 0.05, lower: -128, upper: 127)

  /// A convolution of what was rounded and moved.
  private static func graph(
    _ roundings: [Activation], moves: [Movement] = [], isStepped: Bool = true, groups: Int = 1
  ) throws -> Graph {
    var graph = Graph(name: "integers")
    let shape = try TensorShape([1, 4, 6, 5])
    var values: [ValueID] = []
    for (index, rounding) in roundings.enumerated() {
      let input = try graph.addInput("x\(index)", shape: shape)
      values.append(
        try graph.addLayer(
          "rounding \(index)", ElementwiseProblem(rounding, shape: shape), parameters: NoParameters(), inputs: [input]))
    }
    var value = values[0]
    if values.count > 1 {
      value = try graph.addMovement(
        "joined", .concatenate(axis: 1), inputs: values, outputShape: TensorShape([1, 4 * values.count, 6, 5]))
    }
    for (index, move) in moves.enumerated() {
      value = try graph.addMovement("move \(index)", move, inputs: [value], outputShape: graph[value].shape)
    }
    let problem = try ConvolutionProblem(
      inputChannels: graph[value].shape[1], input: .init(height: 6, width: 5), outputChannels: 4,
      window: WindowGeometry(kernel: .init(3), pads: .init(1)), groups: groups,
      epilogue: Epilogue(bias: true, activation: byte))
    var random = RandomSource(seed: 3)
    let filter = random.tensor(shape: problem.filterShape)
    let stepped = try Tensor(
      shape: filter.shape, elements: filter.elements.map { isStepped ? ($0 * 100).rounded() * 0.003 : $0 })
    let parameters = try ConvolutionParameters(filter: stepped, bias: [0.1, 0.2, 0.3, 0.4], for: problem)
    value = try graph.addLayer("convolution", problem, parameters: parameters, inputs: [value])
    graph.addOutput(value)
    return graph
  }

  private static func integers(_ graph: Graph) throws -> IntegerOperands? {
    let found = try graph.applying([.findIntegers]).nodes.compactMap { node -> ConvolutionProblem? in
      guard case .layer(let problem, _) = node.operation else { return nil }
      return problem as? ConvolutionProblem
    }
    return try #require(found.first).integers
  }

  @Test("after a rounding, and after what moves, selects or joins what was rounded to one step")
  func found() throws {
    let plain = try #require(try Self.integers(Self.graph([Self.byte])))
    #expect(plain.input == Quantisation(Self.byte) && plain.largestWeight == 127)
    let shuffled = try Self.integers(Self.graph([Self.byte], moves: [.gather(axis: 1, indices: [2, 0, 3, 1])]))
    #expect(shuffled == plain)
    let positive = Activation.quantized(step: 0.05, lower: 0, upper: 120)
    let joined = try #require(try Self.integers(Self.graph([Self.byte, positive])))
    #expect(joined.input == Quantisation(Self.byte))
  }

  @Test("not after other numbers, other steps, more numbers than a byte has, or with other weights")
  func notFound() throws {
    #expect(try Self.integers(Self.graph([.relu])) == nil)
    #expect(try Self.integers(Self.graph([Self.byte], isStepped: false)) == nil)
    #expect(
      try Self.integers(Self.graph([Self.byte, .quantized(step: 0.04, lower: -128, upper: 127)])) == nil)
    #expect(try Self.integers(Self.graph([.quantized(step: 0.05, lower: -200, upper: 127)])) == nil)
  }

  @Test("and what a network of them gives is what its layers give one by one")
  func agreement() throws {
    let graph = try Self.graph([Self.byte])
    var random = RandomSource(seed: 8)
    let inputs = graph.inputs.map { random.tensor(shape: graph[$0].shape, magnitude: 4) }
    let plain = try CompiledNetwork(graph, registry: .standard(), options: CompilationOptions(passes: []))
    let whole = try CompiledNetwork(graph, registry: .standard(), options: CompilationOptions())
    let (expected, found) = (try plain.run(inputs)[0].elements, try whole.run(inputs)[0].elements)
    // Sums that differ in their last bits may lie on both sides of a tie.
    let differing = zip(expected, found).filter { abs($0 - $1) > 1e-4 }
    #expect(differing.count <= 1 && differing.allSatisfy { abs($0 - $1) < 0.0501 })
  }
}
