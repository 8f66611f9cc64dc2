public import Network

/// ResNet (He et al., "Deep Residual Learning for Image Recognition", CVPR 2016), table 1; the stride of a bottleneck is in its
/// 3×3 convolution, as in the networks that everybody trains today. That makes ResNet-50 4.1 GFLOPs as papers count them, where He et
/// al. and the ShuffleNetV2 paper's table 6 have 3.8: theirs halves the map in the 1×1 before it.
public struct ResNet: Hashable, Sendable {
  /// How many layers with weights.
  public enum Depth: Int, Hashable, Sendable, CaseIterable {
    /// Two 3×3 convolutions a block; 11,689,512 parameters.
    case eighteen = 18
    /// Bottlenecks of 1×1, 3×3 and 1×1; 25,557,032 parameters.
    case fifty = 50

    /// Blocks in each stage.
    var repeats: [Int] { self == .eighteen ? [2, 2, 2, 2] : [3, 4, 6, 3] }
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
    var value = try builder.convolutionUnit(input, outputs: 64, kernel: 7, stride: 2)
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
    for (stage, count) in depth.repeats.enumerated() {
      for index in 0..<count {
        value = try block(value, channels: 64 << stage, stride: index == 0 && stage > 0 ? 2 : 1, in: &builder)
      }
      builder.endStage(value, stride: 4 << stage)
    }
    return try builder.finish { try $0.pooledScores(value, classes: classes) }
  }

  private func block(
    _ value: NetworkBuilder.Value, channels: Int, stride: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let outputs = depth == .eighteen ? channels : 4 * channels
    var branch = value
    if depth == .eighteen {
      branch = try builder.convolutionUnit(branch, outputs: channels, kernel: 3, stride: stride)
      branch = try builder.convolutionUnit(branch, outputs: channels, kernel: 3, activation: .identity)
    } else {
      branch = try builder.convolutionUnit(branch, outputs: channels, kernel: 1)
      branch = try builder.convolutionUnit(branch, outputs: channels, kernel: 3, stride: stride)
      branch = try builder.convolutionUnit(branch, outputs: outputs, kernel: 1, activation: .identity)
    }
    var shortcut = value
    if stride != 1 || builder.shape(of: value)[1] != outputs {
      shortcut = try builder.convolutionUnit(value, outputs: outputs, kernel: 1, stride: stride, activation: .identity)
    }
    return try builder.activation(builder.add(branch, shortcut))
  }
}
