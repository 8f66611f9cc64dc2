import Luthier
import Testing

/// A small network that a seed decides.
private func randomGraph(seed: UInt64) throws -> Graph {
  var random = RandomSource(seed: seed)
  func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }
  var builder = NetworkBuilder(name: "random-\(seed)", seed: seed)
  let channels = 2 * pick(1...5)
  var values = [
    try builder.input(batch: pick(1...2), channels: channels, height: pick(3...9), width: pick(3...9))
  ]
  for _ in 0..<pick(3...10) {
    let value = values[pick(0...(values.count - 1))]
    let shape = builder.shape(of: value)
    let partner = values.first { $0 != value && builder.shape(of: $0) == shape }
    switch pick(0...9) {
    case 0: values.append(try builder.convolution(value, outputs: 2 * pick(1...6), kernel: 1))
    case 1: values.append(try builder.convolution(value, outputs: 2 * pick(1...4), kernel: 3, stride: pick(1...2)))
    case 2: values.append(try builder.convolutionUnit(value, outputs: shape[1], kernel: 3, groups: shape[1]))
    case 3: values.append(try builder.batchNormalization(value))
    case 4: values.append(try builder.activation(value, [.relu, .relu6, .hardSwish, .sigmoid][pick(0...3)]))
    case 5: values.append(try builder.shuffle(value, groups: 2))
    case 6:
      let half = shape[1] / 2
      values.append(try builder.channels(value, half..<shape[1]))
    case 7: values.append(try builder.concatenate([value, partner ?? value]))
    case 8: values.append(try builder.add(value, partner ?? value))
    default: values.append(try builder.pooling(value, .maximum, kernel: 3, stride: 1))
    }
  }
  let scores = try builder.dense(builder.globalAveragePooling(values[values.count - 1]), outputs: 3)
  return builder.finish([("last", values[values.count - 1]), ("scores", scores)])
}

@Suite("Properties of graph passes")
struct GraphPropertyTests {
  /// Random graphs of one run; a seed that fails is in the message.
  static let graphCount: UInt64 = 500

  @Test("Random graphs give equal results with all passes, with none, and with one left out")
  func passes() throws {
    let registry = KernelRegistry.standardForTests
    for seed in 0..<Self.graphCount {
      let graph = try randomGraph(seed: seed)
      var random = RandomSource(seed: seed)
      let inputs = graph.inputs.map { random.tensor(shape: graph[$0].shape) }
      let expected = try CompiledNetwork(
        graph, registry: registry,
        options: CompilationOptions(choosers: [FamilyChooser(family: "reference")], passes: [])
      ).run(inputs)
      let skipped = Int(seed) % GraphPass.standard.count
      var variants = [GraphPass.standard, []]
      variants.append(GraphPass.standard.enumerated().filter { $0.offset != skipped }.map(\.element))
      for passes in variants {
        let found = try CompiledNetwork(graph, registry: registry, options: CompilationOptions(passes: passes)).run(
          inputs)
        for (a, b) in zip(found, expected) {
          #expect(a.relativeDifference(from: b) < 1e-4, "seed \(seed), passes \(passes.map(\.name))")
        }
      }
    }
  }
}
