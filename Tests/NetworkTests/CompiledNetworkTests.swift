import Luthier
import Testing

@Suite("Compiled networks")
struct CompiledNetworkTests {
  static let registry = KernelRegistry.standardForTests
  static let families = ["reference", "direct", "im2col", "winograd", "decomposed"]

  func input(_ graph: Graph, seed: UInt64 = 9) -> [Tensor] {
    var random = RandomSource(seed: seed)
    return graph.inputs.map { random.tensor(shape: graph[$0].shape) }
  }

  func run(_ graph: Graph, _ options: CompilationOptions) throws -> [Tensor] {
    try CompiledNetwork(graph, registry: Self.registry, options: options).run(input(graph))
  }

  @Test(
    "Every family, forced where it applies, gives the reference's result on small networks", arguments: families,
    [
      "shufflenet_v2_x0_5", "mobilenet_v1_x0_25", "mobilenet_v2_x0_35", "squeezenet_1_1", "resnet_18",
    ])
  func forcedFamily(family: String, network: String) throws {
    let graph = try #require(NetworkCatalog.entry(named: network)).graph(height: 64, width: 64)
    let expected = try run(graph, CompilationOptions(choosers: [FamilyChooser(family: "reference")], passes: []))
    let forced = try CompiledNetwork(
      graph, registry: Self.registry, options: CompilationOptions(choosers: [FamilyChooser(family: family)]))
    let members = Self.registry.filter { $0.family == family }
    for layer in forced.layers {
      let applies = members.candidates(for: layer.problem).contains { !$0.errorClass.isApproximate }
      #expect((layer.choice.candidate.kernel.family == family) == applies, "\(layer.name)")
    }
    #expect(forced.layers.contains { $0.choice.candidate.kernel.family == family })
    #expect(try forced.run(input(graph))[0].relativeDifference(from: expected[0]) < 1e-4)
  }

  @Test("A network that needs more memory than a run may take is refused with both numbers, before any is taken")
  func memoryLimit() throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph()
    let network = try CompiledNetwork(graph, registry: Self.registry)
    let least = 4 * (network.arenaSize + 3 * 224 * 224 + 1000)
    let options = CompilationOptions(memoryLimit: least - 1)
    let error = #expect(throws: CompilationError.self) {
      try CompiledNetwork(graph, registry: Self.registry, options: options)
    }
    #expect("\(try #require(error))".contains("\((least - 1) >> 20) MiB is the limit here"))
    _ = try CompiledNetwork(graph, registry: Self.registry, options: CompilationOptions(memoryLimit: 2 * least))
  }

  @Test(
    "ShuffleNetV2 runs without a copy: no conversion and no rearrangement is left",
    arguments: ShuffleNetV2.Width.allCases)
  func noCopies(width: ShuffleNetV2.Width) throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_\(width.rawValue)")).graph()
    let network = try CompiledNetwork(graph, registry: Self.registry)
    let copies = network.layers.filter {
      $0.isConversion || $0.problem is RearrangementProblem || $0.problem is LayoutConversionProblem
    }
    #expect(copies.map(\.name) == [])
    // The widest two have an activation before their first depthwise convolution that is joined with it; all begin with a
    // convolution and its pooling.
    let pairs = network.layers.count { $0.problem is any LayerPair }
    #expect(pairs == (width == .oneAndHalf || width == .two ? 2 : 1))
    #expect(network.layers.count + pairs == 59)
  }

  @Test("A unit of ShuffleNetV2 writes into planes that it has read: a stage holds no more than three times its output")
  func memory() throws {
    let channels = 116
    var builder = NetworkBuilder(name: "stage", seed: 3)
    let input = try builder.input(batch: 1, channels: channels, height: 28, width: 28)
    var value = try builder.convolution(input, outputs: channels, kernel: 1)
    for _ in 0..<8 {
      let kept = try builder.channels(value, 0..<(channels / 2))
      let moved = try builder.channels(value, (channels / 2)..<channels)
      var branch = try builder.convolutionUnit(moved, outputs: channels / 2, kernel: 1)
      branch = try builder.convolutionUnit(branch, outputs: channels / 2, kernel: 3, groups: channels / 2)
      branch = try builder.convolutionUnit(branch, outputs: channels / 2, kernel: 1)
      value = try builder.shuffle(builder.concatenate([kept, branch]), groups: 2)
    }
    let last = try builder.convolution(value, outputs: 8, kernel: 1)
    let network = try CompiledNetwork(builder.finish([("y", last)]), registry: Self.registry)
    // Eight units that each took new planes for what they write would hold five times as much.
    #expect(network.arenaSize <= 3 * channels * 28 * 28)
    #expect(network.arenaSize >= channels * 28 * 28)
  }

  @Test("One, two and three threads agree, and the same threads give the same bits", arguments: [1, 2, 3])
  func threads(count: Int) throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 64, width: 64)
    let expected = try run(graph, CompilationOptions(threads: 1))
    let network = try CompiledNetwork(graph, registry: Self.registry, options: CompilationOptions(threads: count))
    let first = try network.run(input(graph))
    #expect(first[0].relativeDifference(from: expected[0]) < 1e-5)
    for _ in 0..<10 { #expect(try network.run(input(graph))[0].hasSameBits(as: first[0])) }
  }

  @Test("Sixteen threads that use one network at once get bit-equal results")
  func concurrent() async throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 64, width: 64)
    let network = try CompiledNetwork(graph, registry: Self.registry)
    let data = input(graph)
    let expected = try network.run(data)[0]
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 {
        group.addTask {
          for _ in 0..<5 where try !network.run(data)[0].hasSameBits(as: expected) { return false }
          return true
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  @Test("Pictures laid out channels-last give the same scores")
  func channelsLastInput() throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 64, width: 64)
    let picture = input(graph)[0]
    let expected = try run(graph, CompilationOptions())[0]
    let network = try CompiledNetwork(
      graph, registry: Self.registry, options: CompilationOptions(inputLayout: .channelsLast))
    var pixels: [Float] = []
    picture.withElements { elements in
      for pixel in 0..<(64 * 64) { for channel in 0..<3 { pixels.append(elements[channel * 64 * 64 + pixel]) } }
    }
    let interleaved = try Tensor(shape: picture.shape, elements: pixels)
    #expect(try network.run([interleaved])[0].relativeDifference(from: expected) < 1e-5)
  }

  @Test("Inputs of another count or shape are refused in words")
  func wrongInputs() throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 64, width: 64)
    let network = try CompiledNetwork(graph, registry: Self.registry)
    #expect(throws: RunError.inputCount(expected: 1, found: 0)) { try network.run([]) }
    let small = Tensor(shape: try TensorShape([1, 3, 32, 32]))
    #expect(throws: RunError.inputShape(name: "input", expected: network.inputs[0].shape, found: small.shape)) {
      try network.run([small])
    }
  }

  @Test("Thread counts of 0 and a million are refused", arguments: [0, -1, 1_000_000])
  func wrongThreads(count: Int) throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 64, width: 64)
    #expect(throws: CompilationError.threads(count, allowed: CompilationOptions.allowedThreads)) {
      try CompiledNetwork(graph, registry: Self.registry, options: CompilationOptions(threads: count))
    }
  }
}
