public import Network

/// The large ShuffleNetV2 networks (Ma et al., ECCV 2018, section 4 "Generalization to large models", table 6, and the appendix's
/// table 2): as deep as ResNet-50, and the 164 layers with squeeze-and-excitation and residual units.
///
/// Their first stage keeps the size, as ResNet's does, so it ends at stride 4.
public struct DeepShuffleNetV2: Hashable, Sendable {
  /// How many layers with weights.
  public enum Depth: Int, Hashable, Sendable, CaseIterable {
    /// ShuffleNetV2-50: table 6 says 2.3 GFLOPs.
    case fifty = 50
    /// SE-ShuffleNetV2-164: table 6 says 12.7 GFLOPs.
    case oneHundredAndSixtyFour = 164

    /// Units in each stage.
    public var repeats: [Int] { self == .fifty ? [3, 4, 6, 3] : [10, 10, 23, 10] }

    /// Channels of each stage.
    public var channels: [Int] { self == .fifty ? [244, 488, 976, 1952] : [340, 680, 1360, 2720] }
  }

  /// The depth.
  public let depth: Depth
  /// Classes of the last layer.
  public var classes = 1000

  /// A network of the given depth.
  public init(_ depth: Depth) { self.depth = depth }

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: width)
    var value = try builder.convolutionUnit(input, outputs: 64, kernel: 3, stride: 2)
    if depth == .oneHundredAndSixtyFour {
      value = try builder.convolutionUnit(value, outputs: 64, kernel: 3)
      value = try builder.convolutionUnit(value, outputs: 128, kernel: 3)
    }
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
    let unit: ShuffleNetV2Unit = depth == .fifty ? [] : [.residual, .squeezeExcitation]
    for (index, (outputs, count)) in zip(depth.channels, depth.repeats).enumerated() {
      value = try unit.stage(value, outputs: outputs, count: count, stride: index == 0 ? 1 : 2, in: &builder)
      builder.endStage(value, stride: 4 << index)
    }
    return try builder.finish { builder in
      let wide = try builder.convolutionUnit(value, outputs: 2048, kernel: 1)
      return try builder.pooledScores(wide, classes: classes)
    }
  }
}
