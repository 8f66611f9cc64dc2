import Foundation
import Luthier
import Testing

@Suite("ONNX out and in again")
struct RoundTripTests {
  @Test(
    "A network that is written and read gives the same results", arguments: NetworkCatalog.entries.map(\.name),
    [false, true])
  func networks(name: String, optimized: Bool) throws {
    let entry = try #require(NetworkCatalog.entry(named: name))
    let graph = try entry.graph(height: 64, width: 64)
    let written = try ONNXModel.encode(optimized ? graph.applying(GraphPass.standard) : graph)
    let read = try ONNXModel(bytes: written, name: name).graph()
    var random = RandomSource(seed: 3)
    let input = random.tensor(shape: graph[graph.inputs[0]].shape)
    let registry = try KernelRegistry.standard()
    let expected = try CompiledNetwork(graph, registry: registry).run([input])[0]
    let found = try CompiledNetwork(read, registry: registry).run([input])[0]
    #expect(found.shape == expected.shape)
    let largest = expected.elements.reduce(0) { max($0, $1.magnitude) }
    for (a, b) in zip(found.elements, expected.elements) { #expect((a - b).magnitude <= 1e-5 * largest) }
    #expect(read.outputs.map { read[$0].name } == graph.outputs.map { graph[$0].name })
  }

  @Test("Weights are written where floats may lie, so that a mapped file is read in place")
  func alignment() throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 64, width: 64)
    let written = Data(try ONNXModel.encode(graph.applying(GraphPass.standard)))
    let filters = try graph.applying(GraphPass.standard).nodes.compactMap { node -> Data? in
      guard case .layer(_, let parameters) = node.operation, let filters = WeightsDigest.weights(of: parameters) else {
        return nil
      }
      return filters.withElements { Data(UnsafeRawBufferPointer(start: $0.baseAddress, count: 4 * $0.count)) }
    }
    #expect(filters.count > 50)
    var misplaced = 0
    for filter in filters {
      let place = try #require(written.range(of: filter))
      if place.lowerBound % 4 != 0 { misplaced += 1 }
    }
    // Nothing stands before the first weights that could be lengthened.
    #expect(misplaced <= 1)
  }

  @Test("Pairs of layers are written as their parts")
  func pairs() throws {
    var builder = NetworkBuilder(name: "pairs", seed: 7)
    var value = try builder.input(batch: 1, channels: 3, height: 40, width: 40)
    value = try builder.pooling(builder.convolutionUnit(value, outputs: 8, kernel: 3), .maximum, kernel: 3, stride: 2)
    value = try builder.convolutionUnit(value, outputs: 16, kernel: 1)
    value = try builder.convolutionUnit(value, outputs: 16, kernel: 3, groups: 16)
    let graph = builder.finish([("y", value)])
    let joined = try graph.applying([
      .fuseEpilogues, .fusePairs(PointwiseDepthwiseProblem.self, minimumBytes: 0),
      .fusePairs(ConvolutionPoolingProblem.self, minimumBytes: 0),
    ])
    #expect(joined.nodes.count == 2)
    let read = try ONNXModel(bytes: ONNXModel.encode(joined), name: "pairs").graph()
    #expect(read.nodes.count > 4)
    var random = RandomSource(seed: 3)
    let input = random.tensor(shape: graph[graph.inputs[0]].shape)
    let registry = try KernelRegistry.standard()
    let expected = try CompiledNetwork(graph, registry: registry).run([input])[0]
    let found = try CompiledNetwork(read, registry: registry).run([input])[0]
    let largest = expected.elements.reduce(0) { max($0, $1.magnitude) }
    #expect(largest > 0 && found.shape == expected.shape)
    for (a, b) in zip(found.elements, expected.elements) { #expect((a - b).magnitude <= 1e-5 * largest) }
  }

  @Test("A tensor's file is read as it was written")
  func tensors() throws {
    var random = RandomSource(seed: 5)
    let tensor = random.tensor(shape: try TensorShape([2, 3, 5]))
    let path = NSTemporaryDirectory() + "luthier-\(UUID().uuidString).pb"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try TensorFile.write(tensor, named: "t", to: path)
    #expect(try TensorFile.read(path).hasSameBits(as: tensor))
  }

  @Test(
    "An exported network is the same graph to a tuned profile", arguments: ["shufflenet_v2_x0_5", "squeezenet_1_1"])
  func fingerprint(name: String) throws {
    let original = try #require(NetworkCatalog.entry(named: name)).graph(batch: 1, height: 64, width: 64)
    let folded = try original.applying([.foldScales, .removeUnused])
    let imported = try ONNXModel(bytes: ONNXModel.encode(folded), name: "another name").graph()
    let (left, right) = (try original.applying(GraphPass.standard), try imported.applying(GraphPass.standard))
    func layers(_ graph: Graph) -> [String] {
      graph.nodes.compactMap { if case .layer = $0.operation { $0.name } else { nil } }.sorted()
    }
    #expect(layers(left) == layers(right))
    #expect(left.fingerprint == right.fingerprint)
  }
}
