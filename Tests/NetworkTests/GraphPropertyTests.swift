import Luthier
import Testing

/// A small network that a seed decides.
private func randomGraph(seed: UInt64) throws -> Graph {
  var random = RandomSource(seed: seed)
  func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }
  var builder = NetworkBuilder(name: "random-\(seed)", seed: seed)
  let channels = 2 * pick(1...5)
  var values = [
    // Some rows are longer than a vector.
    try builder.input(
      batch: pick(1...2), channels: channels, height: pick(3...9), width: pick(0...7) == 0 ? pick(16...20) : pick(3...9)
    )
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
    default: values.append(try builder.pooling(value, .maximum, kernel: 3, stride: pick(1...2)))
    }
  }
  let scores = try builder.dense(builder.globalAveragePooling(values[values.count - 1]), outputs: 3)
  return builder.finish([("last", values[values.count - 1]), ("scores", scores)])
}

/// Chooses any exact candidate by chance: a seed and the layer's problem decide.
private struct RandomChooser: KernelChooser {
  let seed: UInt64

  func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
    let candidates = registry.candidates(for: layer.problem).filter { !$0.errorClass.isApproximate }
    // Of all processes alike, unlike Swift's own hash.
    let text = layer.node.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    var random = RandomSource(seed: text)
    return candidates.randomElement(using: &random).map { LayerChoice($0, source: .forced) }
  }
}

@Suite("Properties of graph passes")
struct GraphPropertyTests {
  /// The first seed; another one looks at other graphs: `LUTHIER_TEST_SEED=12345 swift test …`.
  static let firstSeed = number("LUTHIER_TEST_SEED") ?? 0
  /// Random graphs of one run. The sanitizers, with which each takes ten times as long, are given fewer: `LUTHIER_TEST_GRAPHS=1000`.
  static let graphCount = number("LUTHIER_TEST_GRAPHS") ?? 5_000
  /// They are shared out to tests that run at the same time.
  static let partCount: UInt64 = 10

  private static func number(_ variable: String) -> UInt64? {
    ProcessEnvironment.values(of: [variable])[variable].flatMap(UInt64.init)
  }

  @Test(
    "Random graphs give equal results with all passes, with none, with each alone, with each left out, and with random kernels",
    arguments: 0..<partCount)
  func passes(part: UInt64) throws {
    let count = max(Self.graphCount / Self.partCount, 1)
    let seeds = (Self.firstSeed &+ part * count)..<(Self.firstSeed &+ (part + 1) * count)
    print("graphs of seeds \(seeds)")
    for seed in seeds { try checkGraph(seed: seed) }
  }

  /// The usual passes, but pairs are joined whatever the size of the activation between them.
  static let allPasses = GraphPass.standard.map { pass in
    switch pass.name {
    case GraphPass.fusePointwiseDepthwise.name: GraphPass.fusePairs(PointwiseDepthwiseProblem.self, minimumBytes: 0)
    case GraphPass.fuseConvolutionPooling.name: GraphPass.fusePairs(ConvolutionPoolingProblem.self, minimumBytes: 0)
    default: pass
    }
  }

  private func checkGraph(seed: UInt64) throws {
    let registry = KernelRegistry.standardForTests
    let graph = try randomGraph(seed: seed)
    var random = RandomSource(seed: seed)
    let inputs = graph.inputs.map { random.tensor(shape: graph[$0].shape) }
    func run(_ passes: [GraphPass], _ choosers: [any KernelChooser]) throws -> [Tensor] {
      try CompiledNetwork(graph, registry: registry, options: CompilationOptions(choosers: choosers, passes: passes))
        .run(inputs)
    }
    let expected = try run([], [FamilyChooser(family: "reference")])
    func check(_ passes: [GraphPass], _ choosers: [any KernelChooser] = []) throws {
      let found = try run(passes, choosers)
      for (a, b) in zip(found, expected) {
        #expect(
          a.relativeDifference(from: b) < 1e-4,
          "seed \(seed), passes \(passes.map(\.name)), \(choosers.isEmpty ? "usual" : "random") kernels")
      }
    }
    let passes = Self.allPasses
    try check(GraphPass.standard)
    try check(passes)
    try check([])
    for index in passes.indices {
      try check([passes[index]])
      try check(passes.enumerated().filter { $0.offset != index }.map(\.element))
    }
    try check(passes, [RandomChooser(seed: seed)])
    try check([], [RandomChooser(seed: seed &+ 1)])
  }
}
