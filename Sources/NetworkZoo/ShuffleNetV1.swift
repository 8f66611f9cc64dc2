public import Network

/// ShuffleNet (Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", CVPR 2018),
/// table 1, with the width as a factor on all channels (section 4.1).
public struct ShuffleNetV1: Hashable, Sendable {
  /// Groups of the 1×1 convolutions; the more, the wider the network at the same FLOPs.
  public enum Groups: Int, Hashable, Sendable, CaseIterable {
    /// No groups: 144, 288 and 576 channels, and no shuffle.
    case one = 1
    /// 200, 400 and 800 channels.
    case two = 2
    /// 240, 480 and 960 channels.
    case three = 3
    /// 272, 544 and 1088 channels.
    case four = 4
    /// 384, 768 and 1536 channels.
    case eight = 8

    /// Channels after stage 2 (table 1); each later stage doubles them.
    public var channels: Int {
      switch self {
      case .one: 144
      case .two: 200
      case .three: 240
      case .four: 272
      case .eight: 384
      }
    }
  }

  /// Groups of the 1×1 convolutions.
  public let groups: Groups
  /// The factor on all channels.
  public let width: ShuffleNetV2.Width
  /// Classes of the last layer.
  public var classes = 1000

  /// A network of the given groups and width.
  public init(_ groups: Groups, _ width: ShuffleNetV2.Width = .one) {
    self.groups = groups
    self.width = width
  }

  /// Channels of the first convolution.
  ///
  /// Table 1 has 24. The authors' later release of the network keeps 24 at x1.5, doubles them at x2, and takes half at x0.5,
  /// with 16 where 8 groups have to divide them.
  var stem: Int {
    switch width {
    case .half: groups == .eight ? 16 : 12
    case .one, .oneAndHalf: 24
    case .two: 48
    }
  }

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width columns: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: columns)
    var value = try builder.convolutionUnit(input, outputs: stem, kernel: 3, stride: 2)
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
    for (stage, count) in ShuffleNetV2.repeats.enumerated() {
      let outputs = Int(Double(groups.channels << stage) * width.factor)
      for index in 0..<count {
        // Of so few input channels the first 1×1 is not grouped (table 1's remark, section 3.3).
        value = try unit(
          value, outputs: outputs, firstGroups: stage == 0 && index == 0 ? 1 : groups.rawValue,
          stride: index == 0 ? 2 : 1, in: &builder)
      }
      builder.endStage(value, stride: 8 << stage)
    }
    return try builder.finish { try $0.pooledScores(value, classes: classes) }
  }

  /// Figure 2 (b) and, with stride 2, (c): 1×1 in groups, shuffle, depthwise 3×3 and 1×1 in groups, added to the input or after
  /// its average over windows.
  private func unit(
    _ value: NetworkBuilder.Value, outputs: Int, firstGroups: Int, stride: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let inputs = builder.shape(of: value)[1]
    // A quarter of the output's channels, raised to a multiple of the groups where a width does not give one.
    let count = groups.rawValue
    let inner = (outputs / 4 + count - 1) / count * count
    var branch = try builder.convolutionUnit(value, outputs: inner, kernel: 1, groups: firstGroups)
    if count > 1 { branch = try builder.shuffle(branch, groups: count) }
    branch = try builder.convolutionUnit(
      branch, outputs: inner, kernel: 3, stride: stride, groups: inner, activation: .identity)
    branch = try builder.convolutionUnit(
      branch, outputs: stride == 2 ? outputs - inputs : outputs, kernel: 1, groups: count, activation: .identity)
    guard stride == 2 else { return try builder.activation(builder.add(branch, value)) }
    let pooled = try builder.pooling(value, .averageIncludingPadding, kernel: 3, stride: 2)
    return try builder.activation(builder.concatenate([pooled, branch]))
  }
}
