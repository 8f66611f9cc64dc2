import Luthier
import Testing

@Suite("Slices of floats become movements of layers")
struct SliceImportTests {
  /// Starts, ends and steps of five numbers, and what ONNX Runtime gives of them.
  typealias Case = (start: Int64, end: Int64, step: Int64, expected: [Float])

  static let cases: [Case] = [
    (-9, 3, 1, [0, 1, 2]), (1, .max, 2, [1, 3]), (9, -99, -2, [4, 2, 0]), (3, .min, -1, [3, 2, 1, 0]),
    (3, -4, -1, [3, 2]),
    // A start before the first element, which NumPy takes for nothing.
    (-6, -99, -2, [0]), (-99, .min, -1, [0]),
    // The ends that stand for all.
    (-1, .max, -1, [4, 3, 2, 1, 0]), (-1, Int64(Int32.max), -1, [4, 3, 2, 1, 0]), (-6, .max, -1, [0]),
    (-2, .max, -2, [3, 1]),
  ]

  @Test("forwards and backwards, as ONNX Runtime takes their ends", arguments: cases)
  func ends(item: Case) throws {
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [.init(operatorName: "Slice", inputs: ["x", "start", "end", "axis", "step"], outputs: ["y"])],
        inputs: [.init(name: "x", sizes: [5])], outputs: ["y"],
        constants: [
          "start": try integer(item.start), "end": try integer(item.end), "axis": try integer(0),
          "step": try integer(item.step),
        ]), opset: 13)
    let graph = try ONNXModel(bytes: model.bytes, name: "slice").graph()
    let x = try Tensor(shape: try TensorShape([5]), elements: [0, 1, 2, 3, 4])
    #expect(try CompiledNetwork(graph, registry: KernelRegistry.standard()).run([x])[0].elements == item.expected)
  }

  private func integer(_ value: Int64) throws -> TypedTensor {
    try TypedTensor(shape: TensorShape([1]), elements: [value])
  }
}
