import Foundation
import Luthier
import Testing

@Suite("Real models")
struct SharedModelTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/models")
  static let families: [String?] = [nil, "reference", "direct", "im2col", "winograd", "decomposed"]

  @Test(
    "Outputs are within 1e-4 of the expected ones with every family forced where it applies",
    arguments: ["shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "fastestdet"], families)
  func outputs(name: String, family: String?) throws {
    let model = Self.folder.appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: model.path) else {
      try Test.cancel("\(name) is not here (shared/models beside the checkout)")
    }
    let graph = try ONNXModel(contentsOf: model.appendingPathComponent("model.onnx").path).graph()
    let data = model.appendingPathComponent("test_data_set_0")
    let input = try TensorFile.read(data.appendingPathComponent("input_0.pb").path)
    let expected = try TensorFile.read(data.appendingPathComponent("output_0.pb").path)
    let choosers: [any KernelChooser] = family.map { [FamilyChooser(family: $0)] } ?? []
    let network = try CompiledNetwork(
      graph, registry: KernelRegistry.standard(), options: CompilationOptions(choosers: choosers))
    if let family, family != "decomposed", family != "winograd" || name == "fastestdet" {
      #expect(network.layers.contains { $0.choice.candidate.kernel.family == family })
    }
    let found = try network.run([input])[0]
    let largest = expected.elements.reduce(0) { max($0, $1.magnitude) }
    let difference = zip(found.elements, expected.elements).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    #expect(difference <= 1e-4 * largest)
  }
}
