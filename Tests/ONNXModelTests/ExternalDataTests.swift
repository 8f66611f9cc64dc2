import Foundation
import Luthier
import Testing

@Suite("Weights in files beside a model")
struct ExternalDataTests {
  private let root: URL

  init() throws {
    root = FileManager.default.temporaryDirectory.appendingPathComponent("external-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root.appendingPathComponent("model"), withIntermediateDirectories: true)
  }

  private var folder: URL { root.appendingPathComponent("model") }

  /// `y = x + w` with w = [1, 2] in another file after four other bytes.
  private func model(_ external: WrittenModel.External) throws -> WrittenModel {
    WrittenModel(
      graph: WrittenGraph(
        nodes: [.init(operatorName: "Add", inputs: ["x", "w"], outputs: ["y"])],
        inputs: [.init(name: "x", sizes: [2])], outputs: ["y"],
        constants: ["w": try TypedTensor(shape: TensorShape([2]), elements: [0, 0] as [Float])],
        external: ["w": external]))
  }

  private static let weights = Data([9, 9, 9, 9]) + [Float(1), 2].withUnsafeBytes { Data($0) }

  private func sum(_ model: WrittenModel) throws -> [Double] {
    try model.run([TypedTensor(shape: TensorShape([2]), elements: [10, 20] as [Float])], in: folder)[0].doubles
  }

  @Test("They are read where the model says", arguments: [nil, 8])
  func beside(length: Int?) throws {
    defer { try? FileManager.default.removeItem(at: root) }
    try Self.weights.write(to: folder.appendingPathComponent("w.bin"))
    #expect(try sum(model(.init(location: "w.bin", offset: 4, length: length))) == [11, 22])
  }

  @Test(
    "Links count by where they lead: into the folder, or into that of the real model, as caches of model hubs have them"
  )
  func links() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let blobs = root.appendingPathComponent("blobs")
    try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
    try Self.weights.write(to: blobs.appendingPathComponent("w.bin"))
    try Data(model(.init(location: "w.bin", offset: 4, length: 8)).bytes)
      .write(to: blobs.appendingPathComponent("hash"))
    for (name, target) in [("model.onnx", "hash"), ("w.bin", "w.bin")] {
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent(name), withDestinationURL: blobs.appendingPathComponent(target))
    }
    let loaded = try ONNXModel(contentsOf: folder.appendingPathComponent("model.onnx").path)
    #expect(loaded.inputs.map(\.name) == ["x"])
    // The same link from a model that really lies here leads out of its folder.
    #expect(throws: ONNXError.self) { try sum(model(.init(location: "w.bin", offset: 4, length: 8))) }
  }

  @Test(
    "What leads elsewhere or does not fit is refused",
    arguments: [
      WrittenModel.External(location: "/etc/hostname"), .init(location: "../w.bin", offset: 4, length: 8),
      .init(location: "inside/../../w.bin", offset: 4), .init(location: "missing.bin"),
      .init(location: "w.bin", offset: 400, length: 8), .init(location: "w.bin", offset: 8, length: 8),
      .init(location: "w.bin", offset: 4, length: 4), .init(location: "w.bin", offset: -4, length: 8),
      .init(location: "", offset: 4, length: 8), .init(location: "pipe", offset: 0, length: 8),
      .init(location: "hard.bin", offset: 4, length: 8), .init(location: ".", offset: 0, length: 8),
    ])
  func refused(external: WrittenModel.External) throws {
    defer { try? FileManager.default.removeItem(at: root) }
    for place in [root, folder] { try Self.weights.write(to: place.appendingPathComponent("w.bin")) }
    try FileManager.default.linkItem(
      at: root.appendingPathComponent("w.bin"), to: folder.appendingPathComponent("hard.bin"))
    #expect(mkfifo(folder.appendingPathComponent("pipe").path, 0o600) == 0)
    let error = #expect(throws: ONNXError.self) { try sum(model(external)) }
    #expect(error?.description.contains("'w'") ?? false)
  }
}
