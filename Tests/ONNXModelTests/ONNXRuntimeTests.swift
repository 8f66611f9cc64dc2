import Foundation
import Luthier
import Testing

@Suite(
  "Exported networks in ONNX Runtime", .serialized,
  .enabled(
    if: PeerPython.found != nil,
    "no Python with onnxruntime: set LUTHIER_PEER_PYTHON, or run Tests/PeerBenchmarks/run once"))
struct ONNXRuntimeTests {
  @Test(
    "Each network gives ONNX Runtime's scores, and its stages as a backbone, within 1e-4 of the largest",
    arguments: NetworkCatalog.entries.map(\.name))
  func networks(name: String) throws {
    let entry = try #require(NetworkCatalog.entry(named: name))
    // An odd width, so that halving rounds.
    try compare([
      ("scores", try entry.graph(height: 64, width: 85)),
      ("stages", try entry.backbone.graph(height: 64, width: 85).applying(GraphPass.standard)),
    ])
  }

  @Test("The blocks of the four guidelines give ONNX Runtime's maps")
  func guidelineBlocks() throws {
    let blocks = GuidelineBlocks(batch: 2, size: 9, repeats: 3)
    var graphs = [
      ("g1", try blocks.channelRatio(inputs: 9, outputs: 108)), ("g2", try blocks.grouped(channels: 40, groups: 8)),
      ("g4", try blocks.bottleneck(channels: 32, rectified: true, shortcut: true)),
    ]
    for fragments in GuidelineBlocks.Fragments.table3 {
      graphs.append(("\(fragments)", try blocks.fragmented(fragments, channels: 24)))
    }
    try compare(graphs)
  }

  /// Writes the graphs, runs the files in ONNX Runtime and the graphs here, and compares every output.
  private func compare(_ graphs: [(name: String, graph: Graph)]) throws {
    let python = try #require(PeerPython.found)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("luthier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var inputs: [Tensor] = []
    for (name, graph) in graphs {
      var random = RandomSource(seed: 7)
      let input = random.tensor(shape: graph[graph.inputs[0]].shape)
      inputs.append(input)
      try ONNXModel.write(graph, to: folder.appendingPathComponent("\(name).onnx").path)
      try Data(input.elements.withUnsafeBytes { Array($0) }).write(to: folder.appendingPathComponent("\(name).input"))
    }
    let script = PeerPython.root.appendingPathComponent("Tests/PeerBenchmarks/run_models.py")
    #expect(try PeerPython.run(python, [script.path, folder.path]) == 0)
    let registry = try KernelRegistry.standard()
    for ((name, graph), input) in zip(graphs, inputs) {
      let found = try CompiledNetwork(graph, registry: registry).run([input])
      #expect(found.count == graph.outputs.count)
      for (index, tensor) in found.enumerated() {
        let bytes = try Data(contentsOf: folder.appendingPathComponent("\(name).output\(index)"))
        let expected = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        try #require(tensor.elements.count == expected.count)
        let largest = expected.reduce(0) { max($0, $1.magnitude) }
        #expect(largest > 0 && largest.isFinite)
        for (ours, theirs) in zip(tensor.elements, expected) {
          // Negated, so that NaN counts as different.
          if !((ours - theirs).magnitude <= 1e-4 * largest) {
            Issue.record("\(name), output \(index): \(ours) where ONNX Runtime has \(theirs), largest \(largest)")
            break
          }
        }
      }
    }
  }
}

/// A Python that can import `onnxruntime`: that of `LUTHIER_PEER_PYTHON`, or of the folder that `Tests/PeerBenchmarks/run` sets up.
enum PeerPython {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The interpreter's path; nil where there is none.
  static let found: String? = {
    let candidates: [String?] = [
      ProcessInfo.processInfo.environment["LUTHIER_PEER_PYTHON"],
      root.appendingPathComponent(".build-peers/venv/bin/python").path,
    ]
    return candidates.compactMap { $0 }.first { path in
      FileManager.default.isExecutableFile(atPath: path)
        && (try? run(path, ["-c", "import numpy, onnxruntime"], errors: .nullDevice)) == 0
    }
  }()

  /// Runs Python and gives its exit status; a signal's number is negative.
  static func run(_ python: String, _ arguments: [String], errors: FileHandle = .standardError) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }
}
