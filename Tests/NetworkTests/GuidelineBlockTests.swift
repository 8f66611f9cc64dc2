import Luthier
import Testing

@Suite("The blocks of the paper's four guidelines")
struct GuidelineBlockTests {
  static let registry = KernelRegistry.standardForTests

  @Test(
    "Table 1's channel ratios have equal FLOPs, within what rounding the channels leaves", arguments: [true, false])
  func channelRatios(gpu: Bool) throws {
    let counts = try GuidelineBlocks.table1.map { row in
      let pair = gpu ? row.gpu : row.arm
      return try GuidelineBlocks().channelRatio(inputs: pair.inputs, outputs: pair.outputs).multiplyAccumulates
    }
    #expect(counts[0] == (gpu ? 128 * 128 : 32 * 32) * 2 * 10 * 56 * 56)
    for count in counts { #expect(abs(Double(count) / Double(counts[0]) - 1) < 0.06) }
  }

  @Test("Table 2's groups have equal FLOPs, within what rounding the channels leaves", arguments: [true, false])
  func groups(gpu: Bool) throws {
    let counts = try GuidelineBlocks.table2.map { row in
      try GuidelineBlocks().grouped(channels: gpu ? row.gpu : row.arm, groups: row.groups).multiplyAccumulates
    }
    #expect(counts[0] == (gpu ? 128 * 128 : 64 * 64) * 10 * 56 * 56)
    for count in counts { #expect(abs(Double(count) / Double(counts[0]) - 1) < 0.04) }
  }

  @Test("Table 3's fragments have equal FLOPs at their own channels", arguments: GuidelineBlocks.Fragments.table3)
  func fragments(fragments: GuidelineBlocks.Fragments) throws {
    let channels = GuidelineBlocks.fragmentChannels(fragments, matching: 128)
    let graph = try GuidelineBlocks().fragmented(fragments, channels: channels)
    let one = 128 * 128 * 10 * 56 * 56
    #expect(abs(Double(graph.multiplyAccumulates) / Double(one) - 1) < 0.02)
    #expect(graph.nodes.filter { $0.isConvolution }.count == 10 * fragments.count)
  }

  @Test("Table 4's bottleneck has as many ReLUs and additions as it is asked for")
  func bottlenecks() throws {
    for (rectified, shortcut) in [(true, true), (true, false), (false, true), (false, false)] {
      let graph = try GuidelineBlocks().bottleneck(channels: 64, rectified: rectified, shortcut: shortcut)
      #expect(graph.nodes.filter { $0.isConvolution }.count == 30)
      #expect(graph.nodes.count == 30 + (rectified ? 30 : 0) + (shortcut ? 10 : 0))
      #expect(graph.multiplyAccumulates == 10 * 56 * 56 * (2 * 64 * 16 + 9 * 16 * 16))
    }
  }

  @Test("Every block runs, and heuristic kernels agree with the reference's")
  func agreement() throws {
    let blocks = GuidelineBlocks(batch: 2, size: 9, repeats: 3)
    var graphs = try GuidelineBlocks.Fragments.table3.map { try blocks.fragmented($0, channels: 24) }
    graphs.append(try blocks.channelRatio(inputs: 9, outputs: 108))
    graphs.append(try blocks.grouped(channels: 40, groups: 8))
    for (rectified, shortcut) in [(true, true), (false, true), (true, false)] {
      graphs.append(try blocks.bottleneck(channels: 32, rectified: rectified, shortcut: shortcut))
    }
    for graph in graphs {
      #expect(try graph.differenceFromReference(Self.registry) < 1e-4, "\(graph.name)")
    }
  }

  @Test("Groups that do not divide the channels are refused")
  func wrongGroups() {
    #expect(throws: ProblemError.self) { try GuidelineBlocks().grouped(channels: 90, groups: 4) }
    #expect(throws: ProblemError.self) { try GuidelineBlocks(size: 0).channelRatio(inputs: 1, outputs: 1) }
  }
}

extension GraphNode {
  var isConvolution: Bool {
    if case .layer(let problem, _) = operation { problem is ConvolutionProblem } else { false }
  }
}

extension Graph {
  /// What papers count as FLOPs: multiply-accumulates of convolutions and dense layers.
  var multiplyAccumulates: Int {
    nodes.reduce(0) { sum, node in
      guard case .layer(let problem, _) = node.operation,
        problem is ConvolutionProblem || problem is MatrixMultiplyProblem
      else { return sum }
      return sum + problem.operationCount.multiplyAccumulates
    }
  }

  /// The largest relative difference between the outputs by chosen kernels after all passes and by reference kernels
  /// without a pass; infinite where the reference's are all zero, as such a network would agree with anything.
  func differenceFromReference(_ registry: KernelRegistry) throws -> Float {
    var random = RandomSource(seed: 9)
    let data = inputs.map { random.tensor(shape: self[$0].shape) }
    let expected = try CompiledNetwork(
      self, registry: registry,
      options: CompilationOptions(choosers: [FamilyChooser(family: "reference")], passes: [])
    ).run(data)
    guard expected.allSatisfy({ $0.elements.contains { $0 != 0 } }) else { return .infinity }
    let found = try CompiledNetwork(self, registry: registry).run(data)
    return zip(found, expected).map { $0.relativeDifference(from: $1) }.max() ?? .infinity
  }
}
