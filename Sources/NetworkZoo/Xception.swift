public import Network

/// The thin Xception that the ShuffleNetV2 paper compares with (Ma et al., ECCV 2018, section 4 and table 8), not Chollet's large one.
///
/// The paper takes the variant of Light-Head R-CNN (Li et al. 2017, table 7): stages of 4, 8 and 4 blocks at strides 8, 16 and 32.
/// A block is three depthwise-separable convolutions through a quarter of its channels: the paper gives it a receptive field of 7
/// (section 4, object detection). That table has 144, 288 and 576 channels at 145 million FLOPs without what is inside a block, and
/// neither paper has the channels of the scaled networks. Here a block that halves the map has ShuffleNet's shortcut, the averaged
/// input before the branch, and the channels are those that meet table 8's FLOPs, 140, 280 and 560 at 1x: 41, 148, 307 and 526
/// million for its 40, 145, 305 and 525.
public struct Xception: Hashable, Sendable {
  /// The width.
  public let width: ShuffleNetV2.Width
  /// Classes of the last layer.
  public var classes = 1000

  /// A network of the given width.
  public init(_ width: ShuffleNetV2.Width) { self.width = width }

  /// Channels after the first stage; each later one doubles them.
  public var channels: Int {
    switch width {
    case .half: 64
    case .one: 140
    case .oneAndHalf: 208
    case .two: 276
    }
  }

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width columns: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: columns)
    var value = try builder.convolutionUnit(input, outputs: 24, kernel: 3, stride: 2)
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
    for (stage, count) in ShuffleNetV2.repeats.enumerated() {
      for index in 0..<count {
        value = try block(value, outputs: channels << stage, stride: index == 0 ? 2 : 1, in: &builder)
      }
      builder.endStage(value, stride: 8 << stage)
    }
    return try builder.finish { try $0.pooledScores(value, classes: classes) }
  }

  private func block(
    _ value: NetworkBuilder.Value, outputs: Int, stride: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let inputs = builder.shape(of: value)[1]
    var branch = try builder.activation(
      builder.separableUnit(value, outputs: outputs / 4, kernel: 3, stride: stride))
    branch = try builder.activation(builder.separableUnit(branch, outputs: outputs / 4, kernel: 3))
    branch = try builder.separableUnit(branch, outputs: stride == 2 ? outputs - inputs : outputs, kernel: 3)
    guard stride == 2 else { return try builder.activation(builder.add(branch, value)) }
    let pooled = try builder.pooling(value, .averageIncludingPadding, kernel: 3, stride: 2)
    return try builder.activation(builder.concatenate([pooled, branch]))
  }
}

extension NetworkBuilder {
  /// A depthwise convolution, a 1×1 and batch normalisation, with nothing between them (Chollet, "Xception", CVPR 2017, section 3).
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func separableUnit(_ value: Value, outputs: Int, kernel: Int, stride: Int = 1) throws -> Value {
    let depthwise = try convolution(
      value, outputs: shape(of: value)[1], kernel: kernel, stride: stride, groups: shape(of: value)[1])
    return try convolutionUnit(depthwise, outputs: outputs, kernel: 1, activation: .identity)
  }
}
