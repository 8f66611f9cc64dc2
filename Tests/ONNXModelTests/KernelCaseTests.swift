import Foundation
import Luthier
import Testing

/// Small models whose numbers come from ONNX Runtime, beside the checkout.
@Suite("Models that once had other numbers")
struct KernelCaseTests {
  static let folder = SharedModelTests.folder.deletingLastPathComponent().appendingPathComponent("cases")

  @Test(
    "Softmax before opset 13 is over its axis and all that follow, since then over its axis alone",
    arguments: [
      // 0, 1/4, 2/4, …, and what ONNX Runtime makes of it.
      (
        11, nil, [1, 10, 1, 1],
        [
          0.025_399_1, 0.032_613_1, 0.041_876_1, 0.053_769_9, 0.069_041_9, 0.088_651_6,
          0.113_830_9, 0.146_161_8, 0.187_675_4, 0.240_98,
        ]
      ),
      (11, nil, [2, 2, 2], [0.165_296, 0.212_245, 0.272_527, 0.349_932, 0.165_296, 0.212_245, 0.272_527, 0.349_932]),
      (11, -2, [2, 2, 2], [0.165_296, 0.212_245, 0.272_527, 0.349_932, 0.165_296, 0.212_245, 0.272_527, 0.349_932]),
      (11, 2, [2, 2, 2], [0.437_824, 0.562_176, 0.437_824, 0.562_176, 0.437_824, 0.562_176, 0.437_824, 0.562_176]),
      (
        11, 0, [2, 2, 2],
        [0.044_455, 0.057_081_3, 0.073_293_9, 0.094_111_2, 0.120_841, 0.155_163, 0.199_233, 0.255_821]
      ),
      (13, nil, [2, 2, 2], [0.437_824, 0.562_176, 0.437_824, 0.562_176, 0.437_824, 0.562_176, 0.437_824, 0.562_176]),
      (13, 1, [2, 2, 2], [0.377_541, 0.377_541, 0.622_459, 0.622_459, 0.377_541, 0.377_541, 0.622_459, 0.622_459]),
    ] as [(Int, Int?, [Int], [Float])], ["reference", "direct"])
  func softmax(of test: (opset: Int, axis: Int?, shape: [Int], expected: [Float]), family: String) throws {
    let attributes = test.axis.map { ["axis": NodeModel.Attribute.integer($0)] } ?? [:]
    let graph = try NodeModel(name: "Softmax", opset: test.opset, attributes: attributes).graph(input: test.shape)
    let input = try Tensor(shape: TensorShape(test.shape), elements: test.expected.indices.map { Float($0) / 4 })
    let options = CompilationOptions(choosers: [FamilyChooser(family: family)])
    let found = try CompiledNetwork(graph, registry: .standard(), options: options).run([input])[0].elements
    #expect(zip(found, test.expected).allSatisfy { ($0 - $1).magnitude < 2e-6 })
  }

  @Test(
    "Outputs are the expected ones, by whatever family of kernels",
    .enabled(if: FileManager.default.fileExists(atPath: folder.path), "shared/cases is not beside the checkout"),
    arguments: [
      ("c18_winograd_cancellation", 2e-3), ("p01_avg_ceil_o11", 1e-4), ("p11_global_average_5000_wide", 1e-4),
      ("r06_tf_half_pixel_for_nn", 1e-4), ("r13_align_corners_scales_1_5", 1e-4),
    ] as [(String, Float)], SharedModelTests.families)
  func outputs(of test: (name: String, tolerance: Float), family: String?) throws {
    let data = Self.folder.appendingPathComponent(test.name)
    let graph = try ONNXModel(contentsOf: data.appendingPathComponent("model.onnx").path).graph()
    let input = try TensorFile.read(data.appendingPathComponent("input_0.pb").path)
    let expected = try TensorFile.read(data.appendingPathComponent("output_0.pb").path)
    let choosers: [any KernelChooser] = family.map { [FamilyChooser(family: $0)] } ?? []
    let network = try CompiledNetwork(
      graph, registry: KernelRegistry.standard(), options: CompilationOptions(choosers: choosers))
    let found = try network.run([input])[0]
    try #require(found.shape == expected.shape)
    let largest = expected.elements.reduce(0) { max($0, $1.magnitude) }
    let difference = zip(found.elements, expected.elements).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    #expect(difference <= test.tolerance * largest)
  }
}
