public import Network

/// The small networks by which the ShuffleNetV2 paper (Ma et al., ECCV 2018, section 2) shows its four guidelines: each a block
/// stacked ten times over a map of 56×56, with nothing but what the guideline varies.
///
/// Convolutions have neither bias nor batch normalisation, as the paper's formulas count none of them.
public struct GuidelineBlocks: Hashable, Sendable {
  /// Images in the batch.
  public var batch: Int
  /// Rows and columns of the map; the paper's tables 1 to 3 say 56.
  public var size: Int
  /// How often a block is stacked; ten in the paper.
  public var repeats: Int
  /// Where the weights are drawn from.
  public var seed: UInt64

  /// The paper's sizes unless said otherwise.
  public init(batch: Int = 1, size: Int = 56, repeats: Int = 10, seed: UInt64 = 1) {
    self.batch = batch
    self.size = size
    self.repeats = repeats
    self.seed = seed
  }

  /// How the convolutions of a block of guideline 3 stand to each other.
  public enum Fragments: Hashable, Sendable, CustomStringConvertible {
    /// One convolution.
    case one
    /// So many convolutions one after the other.
    case series(Int)
    /// So many convolutions of one input. Their results are added: our reading, since the paper's text does not say how they join.
    case parallel(Int)

    /// The five rows of table 3.
    public static let table3: [Fragments] = [.one, .series(2), .series(4), .parallel(2), .parallel(4)]

    /// Convolutions in the block.
    public var count: Int {
      switch self {
      case .one: 1
      case .series(let count), .parallel(let count): count
      }
    }

    /// The name of the row in table 3: `2-fragment-series`.
    public var description: String {
      switch self {
      case .one: "1-fragment"
      case .series(let count): "\(count)-fragment-series"
      case .parallel(let count): "\(count)-fragment-parallel"
      }
    }
  }

  /// Guideline 1, table 1: a block is a 1×1 convolution from `inputs` to `outputs` channels and one back.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when a size is out of its range.
  public func channelRatio(inputs: Int, outputs: Int) throws -> Graph {
    try stack("guideline1_\(inputs)_\(outputs)", channels: inputs) { value, builder in
      let wide = try builder.convolution(value, outputs: outputs, kernel: 1)
      return try builder.convolution(wide, outputs: inputs, kernel: 1)
    }
  }

  /// Guideline 2, table 2: a block is a 1×1 convolution of `channels` channels in `groups` groups.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when a size is out of its range or the groups do not divide the channels.
  public func grouped(channels: Int, groups: Int) throws -> Graph {
    try stack("guideline2_\(channels)_g\(groups)", channels: channels) { value, builder in
      try builder.convolution(value, outputs: channels, kernel: 1, groups: groups)
    }
  }

  /// Guideline 3, table 3 and the appendix's figure 1: a block is one 1×1 convolution or several.
  ///
  /// `channels` are those of the fragmented block itself; ``fragmentChannels(_:matching:)`` gives the number that keeps the
  /// FLOPs of one fragment.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when a size is out of its range.
  public func fragmented(_ fragments: Fragments, channels: Int) throws -> Graph {
    try stack("guideline3_\(fragments)_\(channels)", channels: channels) { value, builder in
      switch fragments {
      case .one: return try builder.convolution(value, outputs: channels, kernel: 1)
      case .series(let count):
        var result = value
        for _ in 0..<max(count, 1) { result = try builder.convolution(result, outputs: channels, kernel: 1) }
        return result
      case .parallel(let count):
        var sum = try builder.convolution(value, outputs: channels, kernel: 1)
        for _ in 1..<max(count, 1) {
          sum = try builder.add(sum, builder.convolution(value, outputs: channels, kernel: 1))
        }
        return sum
      }
    }
  }

  /// Guideline 4, table 4: the bottleneck of ResNet, 1×1, 3×3 and 1×1, with or without its ReLUs and its shortcut.
  ///
  /// The inner channels are a quarter of `channels`, as in ResNet; the paper does not say so, but the speeds of its table 4 on
  /// ARM would otherwise be five times those of its table 2.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when a size is out of its range.
  public func bottleneck(channels: Int, rectified: Bool, shortcut: Bool) throws -> Graph {
    let name = "guideline4_\(channels)\(rectified ? "_relu" : "")\(shortcut ? "_shortcut" : "")"
    return try stack(name, channels: channels) { value, builder in
      let inner = max(channels / 4, 1)
      func rectify(_ value: NetworkBuilder.Value) throws -> NetworkBuilder.Value {
        rectified ? try builder.activation(value) : value
      }
      var branch = try rectify(builder.convolution(value, outputs: inner, kernel: 1))
      branch = try rectify(builder.convolution(branch, outputs: inner, kernel: 3))
      branch = try builder.convolution(branch, outputs: channels, kernel: 1)
      return try rectify(shortcut ? builder.add(branch, value) : branch)
    }
  }

  /// Channels that give a block of `fragments` the FLOPs of one 1×1 convolution of `channels` channels, rounded to the nearest
  /// number: `channels / √n`, as `n` convolutions of `c` channels take `n·c²` multiply-accumulates a pixel.
  public static func fragmentChannels(_ fragments: Fragments, matching channels: Int) -> Int {
    max(Int((Double(channels) / Double(max(fragments.count, 1)).squareRoot()).rounded()), 1)
  }

  /// The graph `[N, channels, size, size]` through all blocks; weights scaled so that values stay near one.
  private func stack(
    _ name: String, channels: Int,
    block: (NetworkBuilder.Value, inout NetworkBuilder) throws -> NetworkBuilder.Value
  ) throws -> Graph {
    var builder = NetworkBuilder(name: name, seed: seed)
    var value = try builder.input(batch: batch, channels: channels, height: size, width: size)
    for _ in 0..<max(repeats, 1) { value = try block(value, &builder) }
    return builder.finish([("output", value)])
  }
}

extension GuidelineBlocks {
  /// The channels of table 1, a row for each ratio `1 : outputs/inputs`: on the GPU and on ARM, at the width ×1.
  public static let table1: [(ratio: Int, gpu: (inputs: Int, outputs: Int), arm: (inputs: Int, outputs: Int))] = [
    (1, (128, 128), (32, 32)), (2, (90, 180), (22, 44)), (6, (52, 312), (13, 78)), (12, (36, 432), (9, 108)),
  ]

  /// The channels of table 2, a row for each number of groups: on the GPU and on ARM, at the width ×1.
  ///
  /// The paper's 180 channels on ARM do not divide into 8 groups; 184 is the nearest number that does and has no fewer FLOPs.
  public static let table2: [(groups: Int, gpu: Int, arm: Int)] = [
    (1, 128, 64), (2, 180, 90), (4, 256, 128), (8, 360, 184),
  ]

  /// The channels of one fragment in table 3: on the GPU and on ARM, at the width ×1.
  public static let table3 = (gpu: 128, arm: 64)

  /// The channels of table 4, the same on both platforms.
  public static let table4 = [32, 64, 128]
}
