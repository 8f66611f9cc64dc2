import Luthier
import Testing

/// What a paper's table says of a network, and what we count.
///
/// The tables call a multiply-accumulate of a convolution or dense layer one FLOP; `luthier flops` counts it as two.
struct PublishedCounts: Sendable, CustomTestStringConvertible {
  let network: String
  let parameters: Int
  let multiplyAccumulates: Int
  /// Table and row, and why the counts differ where they do.
  let source: String
  let publishedFLOPs: Double
  let flopsTolerance: Double
  let publishedParameters: Double?

  var testDescription: String { "\(network): \(source)" }

  init(
    _ network: String, _ parameters: Int, _ multiplyAccumulates: Int, _ source: String, flops: Double,
    within tolerance: Double, parameters publishedParameters: Double? = nil
  ) {
    self.network = network
    self.parameters = parameters
    self.multiplyAccumulates = multiplyAccumulates
    self.source = source
    publishedFLOPs = flops
    flopsTolerance = tolerance
    self.publishedParameters = publishedParameters
  }

  static let all: [PublishedCounts] = shuffleNetV2 + shuffleNetV1 + scaledToLevels + others

  /// The paper's 146, 299 and 591 million are up to 1.4 % above the convolutions and the dense layer of its table 5; it does not say
  /// what else it counts. PyTorch's documentation of the same networks has 0.04, 0.14, 0.30 and 0.58 GFLOPs, as we.
  private static let shuffleNetV2 = [
    PublishedCounts(
      "shufflenet_v2_x0_5", 1_366_792, 40_476_448, "Ma et al., table 5, x0.5", flops: 41e6, within: 0.014,
      parameters: 1.4e6),
    PublishedCounts(
      "shufflenet_v2_x1_0", 2_278_604, 144_907_992, "Ma et al., table 5, x1", flops: 146e6, within: 0.01,
      parameters: 2.3e6),
    PublishedCounts(
      "shufflenet_v2_x1_5", 3_503_624, 295_759_392, "Ma et al., table 5, x1.5", flops: 299e6, within: 0.012,
      parameters: 3.5e6),
    PublishedCounts(
      "shufflenet_v2_x2_0", 7_393_996, 583_253_464, "Ma et al., table 5, x2", flops: 591e6, within: 0.014,
      parameters: 7.4e6),
    // SE adds 3 million to our count and 6 to the paper's; multiplications by the factors are no multiply-accumulates here.
    PublishedCounts(
      "shufflenet_v2_x2_0_se", 10_379_580, 586_230_264, "Ma et al., table 8, x2 with SE", flops: 597e6, within: 0.019),
    PublishedCounts(
      "shufflenet_v2_50", 16_573_534, 2_304_152_672, "Ma et al., table 6, ShuffleNetV2-50", flops: 2.3e9, within: 0.003),
    PublishedCounts(
      "se_shufflenet_v2_164", 133_099_976, 12_598_704_192, "Ma et al., table 6, SE-ShuffleNetV2-164", flops: 12.7e9,
      within: 0.009),
  ]

  private static let shuffleNetV1 = [
    PublishedCounts(
      "shufflenet_v1_g1_x1_0", 1_531_936, 143_078_976, "Zhang et al., table 1, g = 1", flops: 143e6, within: 0.001),
    PublishedCounts(
      "shufflenet_v1_g2_x1_0", 1_733_848, 140_836_512, "Zhang et al., table 1, g = 2", flops: 140e6, within: 0.006),
    PublishedCounts(
      "shufflenet_v1_g3_x1_0", 1_865_728, 137_460_672, "Zhang et al., table 1, g = 3", flops: 137e6, within: 0.004),
    PublishedCounts(
      "shufflenet_v1_g4_x1_0", 1_968_344, 134_339_776, "Zhang et al., table 1, g = 4", flops: 133e6, within: 0.011),
    PublishedCounts(
      "shufflenet_v1_g8_x1_0", 2_434_768, 138_365_952, "Zhang et al., table 1, g = 8", flops: 137e6, within: 0.011),
    PublishedCounts(
      "shufflenet_v1_g3_x0_5", 718_324, 37_589_856, "Ma et al., table 8, ShuffleNetV1 0.5x (g = 3)", flops: 38e6,
      within: 0.011),
    // The 140 of table 8 is the round number of the level; the same network has 137 in table 1 of Zhang et al.
    PublishedCounts(
      "shufflenet_v1_g3_x1_0", 1_865_728, 137_460_672, "Ma et al., table 8, ShuffleNetV1 1x (g = 3)", flops: 140e6,
      within: 0.019),
    PublishedCounts(
      "shufflenet_v1_g3_x1_5", 3_442_168, 292_443_552, "Ma et al., table 8, ShuffleNetV1 1.5x (g = 3)", flops: 292e6,
      within: 0.002),
    PublishedCounts(
      "shufflenet_v1_g3_x2_0", 5_450_776, 524_045_184, "Ma et al., table 8, ShuffleNetV1 2x (g = 3)", flops: 524e6,
      within: 0.001),
  ]

  /// The channels are ours, chosen for the table's levels, as the paper does not give them.
  private static let scaledToLevels = [
    PublishedCounts(
      "xception_x0_5", 502_088, 40_522_240, "Ma et al., table 8, Xception 0.5x", flops: 40e6, within: 0.014),
    PublishedCounts(
      "xception_x1_0", 1_638_744, 147_608_216, "Ma et al., table 8, Xception 1x", flops: 145e6, within: 0.019),
    PublishedCounts(
      "xception_x1_5", 3_155_144, 306_756_640, "Ma et al., table 8, Xception 1.5x", flops: 305e6, within: 0.006),
    PublishedCounts(
      "xception_x2_0", 5_143_192, 525_721_128, "Ma et al., table 8, Xception 2x", flops: 525e6, within: 0.002),
    PublishedCounts(
      "densenet_x0_5", 1_231_648, 41_817_480, "Ma et al., table 8, DenseNet 0.5x", flops: 42e6, within: 0.005),
    PublishedCounts(
      "densenet_x1_0", 1_642_348, 141_116_960, "Ma et al., table 8, DenseNet 1x", flops: 142e6, within: 0.007),
    PublishedCounts(
      "densenet_x1_5", 2_259_148, 298_922_440, "Ma et al., table 8, DenseNet 1.5x", flops: 295e6, within: 0.014),
    PublishedCounts(
      "densenet_x2_0", 3_082_048, 515_233_920, "Ma et al., table 8, DenseNet 2x", flops: 519e6, within: 0.008),
  ]

  private static let others = [
    PublishedCounts(
      "mobilenet_v1_x0_25", 470_072, 41_030_272, "Ma et al., table 8, 0.25 MobileNetV1", flops: 41e6, within: 0.001),
    PublishedCounts(
      "mobilenet_v1_x0_5", 1_331_592, 149_497_088, "Ma et al., table 8, 0.5 MobileNetV1", flops: 149e6, within: 0.004),
    PublishedCounts(
      "mobilenet_v1_x0_75", 2_585_560, 325_400_448, "Ma et al., table 8, 0.75 MobileNetV1", flops: 325e6, within: 0.002),
    PublishedCounts(
      "mobilenet_v1_x1_0", 4_231_976, 568_740_352, "Ma et al., table 8, 1.0 MobileNetV1", flops: 569e6, within: 0.001,
      parameters: 4.2e6),
    PublishedCounts(
      "mobilenet_v2_x1_0", 3_504_872, 300_774_272, "Ma et al., table 8, 1.0 MobileNetV2", flops: 300e6, within: 0.003,
      parameters: 3.5e6),
    PublishedCounts(
      "mobilenet_v2_x1_4", 6_108_776, 582_195_824, "Ma et al., table 8, 1.4 MobileNetV2", flops: 585e6, within: 0.005),
    // Ours halves the map in the 3×3 of a bottleneck, table 6's in the 1×1 before it.
    PublishedCounts(
      "resnet_50", 25_557_032, 4_089_184_256, "Ma et al., table 6, ResNet-50", flops: 3.8e9, within: 0.077,
      parameters: 25.6e6),
    // The sum of the table's rows; its first row has 34 million operations, a 7×7 over three channels 118.
    PublishedCounts(
      "googlenet", 6_998_552, 1_582_671_872, "Szegedy et al., table 1, sum of the rows", flops: 1502e6, within: 0.054,
      parameters: 6.8e6),
    PublishedCounts(
      "nasnet_a_mobile", 5_289_978, 563_638_816, "Zoph et al., table 2, NASNet-A (4 @ 1056); Ma et al., table 8",
      flops: 564e6, within: 0.001, parameters: 5.3e6),
  ]
}

@Suite("The networks of the zoo")
struct NetworkZooTests {
  static let registry = KernelRegistry.standardForTests

  @Test(
    "Parameters and FLOPs are ours to the last one, and the paper's within the stated difference",
    arguments: PublishedCounts.all)
  func counts(published: PublishedCounts) throws {
    let found = try #require(NetworkCatalog.entry(named: published.network)).counts()
    #expect(found.parameters == published.parameters)
    #expect(found.multiplyAccumulates == published.multiplyAccumulates)
    #expect(abs(Double(found.multiplyAccumulates) / published.publishedFLOPs - 1) <= published.flopsTolerance)
    if let parameters = published.publishedParameters {
      #expect(abs(Double(found.parameters) / parameters - 1) < 0.03)
    }
  }

  @Test("Every network has a name of its own, in small letters, digits and underscores")
  func names() {
    let names = NetworkCatalog.entries.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names { #expect(name.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789_".contains($0) }, "\(name)") }
  }

  @Test(
    "Each network compiles and runs: heuristic kernels agree with the reference's",
    arguments: NetworkCatalog.entries.map(\.name))
  func agreement(name: String) throws {
    let graph = try #require(NetworkCatalog.entry(named: name)).graph(height: 40, width: 56)
    #expect(graph.outputs.map { graph[$0].shape } == [try TensorShape([1, 1000])])
    #expect(try graph.differenceFromReference(Self.registry) < 1e-4)
  }

  @Test("As a backbone each network gives its stages, finer ones first", arguments: NetworkCatalog.entries.map(\.name))
  func backbone(name: String) throws {
    let entry = try #require(NetworkCatalog.entry(named: "\(name)_backbone"))
    #expect((entry.inputHeight, entry.inputWidth) == (800, 1333))
    let graph = try entry.graph(height: 64, width: 85)
    let stages = graph.outputs.map { graph[$0] }
    #expect(stages.map(\.name).suffix(2).first == (name.hasPrefix("squeezenet") ? "stride8" : "stride16"))
    for stage in stages {
      let stride = try #require(Int(stage.name.dropFirst("stride".count)))
      // DenseNet's transitions round down, and SqueezeNet's windows without padding lose a pixel at each edge.
      let lost = name.hasPrefix("densenet") ? 1 : name.hasPrefix("squeezenet") ? 2 : 0
      for (found, size) in [(stage.shape[2], 64), (stage.shape[3], 85)] {
        let up = (size + stride - 1) / stride
        #expect((up - lost...up).contains(found), "\(stage.name)")
      }
    }
    #expect(try graph.differenceFromReference(Self.registry) < 1e-4)
  }

  @Test(
    "A name that is no network's, or a backbone's of none, is none's",
    arguments: ["", "_backbone", "shufflenet", "x_backbone"])
  func unknown(name: String) { #expect(NetworkCatalog.entry(named: name) == nil) }

  @Test("At a detector's 800×1333, ShuffleNetV2's stages are the picture's size by 8, 16 and 32, rounded up")
  func detectorSizes() throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x1_0_star_backbone")).graph()
    #expect(
      graph.outputs.map { graph[$0].shape } == [
        try TensorShape([1, 116, 100, 167]), try TensorShape([1, 232, 50, 84]), try TensorShape([1, 464, 25, 42]),
      ])
  }
}
