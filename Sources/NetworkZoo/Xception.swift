public import Network

/// The thin Xception that the ShuffleNetV2 paper compares with (Ma et al., ECCV 2018, section 4 and table 8), not Chollet's large one.
///
/// The paper takes the variant of Light-Head R-CNN (Li et al. 2017, table 7): stages of 4, 8 and 4 blocks at strides 8, 16 and 32,
/// each block depthwise-separable convolutions through a quarter of its channels. Neither paper gives the shortcut of the blocks
/// that halve the map or the channels of the scaled networks. Here the shortcut is that of ShuffleNet, the averaged input behind the
/// branch, and the channels are those that meet table 8's FLOPs: 40, 144, 300 and 528 million for its 40, 145, 305 and 525.
public struct Xception: Hashable, Sendable {
  /// The width.
  public let width: ShuffleNetV2.Width
  /// Classes of the last layer.
  public var classes = 1000

  /// A network of the given width.
  public init(_ width: ShuffleNetV2.Width) { self.width = width }

  /// Channels behind the first stage; each later one doubles them.
  public var channels: Int {
    switch width {
    case .half: 68
    case .one: 148
    case .oneAndHalf: 220
    case .two: 296
    }
  }

  /// The network's layers from a picture to scores.
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
    let narrow = try builder.activation(
      builder.separableUnit(value, outputs: outputs / 4, kernel: 3, stride: stride))
    let branch = try builder.separableUnit(narrow, outputs: stride == 2 ? outputs - inputs : outputs, kernel: 3)
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
