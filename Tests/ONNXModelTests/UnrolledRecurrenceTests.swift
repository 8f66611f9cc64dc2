import LayerKernels
import Luthier
import Testing

/// What exporters without recurrent layers write: one node for each step and each part of a cell.
@Suite("Recurrent layers that were unrolled")
struct UnrolledRecurrenceTests {
  private typealias Node = WrittenModel.Node
  private static let size = 64

  /// An LSTM of some steps, whose products all read the same two weights.
  private func graph(steps: Int) throws -> Graph {
    let size = Self.size
    var random = RandomSource(seed: 5)
    func constant(_ sizes: Int...) throws -> TypedTensor {
      TypedTensor(random.tensor(shape: try TensorShape(sizes), magnitude: 0.2))
    }
    var nodes: [Node] = []
    var (hidden, cell) = ("h", "c")
    for step in 0..<steps {
      func name(_ part: String) -> String { "\(part)\(step)" }
      func add(_ operatorName: String, _ inputs: [String], _ outputs: String...) {
        nodes.append(Node(operatorName: operatorName, inputs: inputs, outputs: outputs.map { name($0) }))
      }
      for (input, weights, output) in [("x\(step)", "w", "a"), (hidden, "r", "b")] {
        nodes.append(
          Node(
            operatorName: "Gemm", inputs: [input, weights, "bias"], outputs: [name(output)],
            attributes: ["transB": .integer(1)]))
      }
      add("Add", [name("a"), name("b")], "g")
      nodes.append(
        Node(
          operatorName: "Split", inputs: [name("g"), "sizes"], outputs: ["i", "f", "o", "n"].map { name($0) },
          attributes: ["axis": .integer(1)]))
      for gate in ["i", "f", "o"] { add("Sigmoid", [name(gate)], "s\(gate)") }
      add("Tanh", [name("n")], "tn")
      add("Mul", [name("sf"), cell], "kept")
      add("Mul", [name("si"), name("tn")], "new")
      add("Add", [name("kept"), name("new")], "c")
      add("Tanh", [name("c")], "tc")
      add("Mul", [name("so"), name("tc")], "h")
      (hidden, cell) = (name("h"), name("c"))
    }
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: nodes,
        inputs: (["h", "c"] + (0..<steps).map { "x\($0)" }).map { .init(name: $0, sizes: [1, size]) },
        outputs: [hidden],
        constants: [
          "w": try constant(4 * size, size), "r": try constant(4 * size, size), "bias": try constant(4 * size),
          "sizes": try TypedTensor(shape: TensorShape([4]), elements: [Int64](repeating: Int64(size), count: 4)),
        ]))
    return try ONNXModel(bytes: model.bytes, name: "unrolled").graph()
  }

  @Test("A weight that many nodes use is packed once", arguments: [nil, "direct", "im2col"] as [String?])
  func packedOnce(family: String?) throws {
    let options = CompilationOptions(choosers: family.map { [FamilyChooser(family: $0)] } ?? [])
    func compiled(_ steps: Int) throws -> (result: CompiledNetwork, byteCount: Int) {
      let graph = try graph(steps: steps)
      return try PackedWeights.counting {
        try CompiledNetwork(graph, registry: .standard(), options: options)
      }
    }
    let (short, long) = (try compiled(2), try compiled(12))
    // Both weights and no more than a tenth of padding and biases.
    let plain = 2 * 4 * Self.size * Self.size * 4
    #expect((plain...plain + plain / 10).contains(short.byteCount), "\(short.byteCount)")
    // Biases are too small to share; all of ten steps are less than one weight.
    #expect(long.byteCount < short.byteCount + plain / 2, "\(long.byteCount)")
    var random = RandomSource(seed: 6)
    let inputs = try (0..<14).map { _ in random.tensor(shape: try TensorShape([1, Self.size])) }
    let reference = try CompiledNetwork(
      graph(steps: 12), registry: .standard(),
      options: CompilationOptions(choosers: [FamilyChooser(family: "reference")], passes: []))
    let (found, expected) = (try long.result.run(inputs)[0].elements, try reference.run(inputs)[0].elements)
    #expect(zip(found, expected).allSatisfy { ($0 - $1).magnitude < 1e-5 })
  }
}
