public import Network

/// The small DenseNet that the ShuffleNetV2 paper compares with (Ma et al., ECCV 2018, section 4 and table 8): DenseNet's blocks
/// (Huang et al., "Densely Connected Convolutional Networks", CVPR 2017, section 3, with bottleneck and compression) in the stages of
/// the paper's table 5, 4, 8 and 4 of them, between its first and last convolution.
///
/// The paper adjusts the channels to its levels of FLOPs without naming them. Growths of 10, 20, 30 and 40 with twice as many channels
/// in the first convolution give 42, 141, 299 and 515 million, where table 8 has 42, 142, 295 and 519.
public struct DenseNet: Hashable, Sendable {
  /// Channels that each block adds.
  public let growth: Int
  /// Classes of the last layer.
  public var classes = 1000

  /// A network of the given growth.
  public init(growth: Int) { self.growth = growth }

  /// The network that table 8 calls by this width.
  public init(_ width: ShuffleNetV2.Width) { self.init(growth: Int(20 * width.factor)) }

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: width)
    var value = try builder.convolutionUnit(input, outputs: 2 * growth, kernel: 3, stride: 2)
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
    for (stage, count) in ShuffleNetV2.repeats.enumerated() {
      if stage > 0 {
        let halved = builder.shape(of: value)[1] / 2
        value = try builder.convolution(activated(value, in: &builder), outputs: halved, kernel: 1)
      }
      value = try builder.pooling(value, .average, kernel: 2, stride: 2, padding: 0)
      for _ in 0..<count { value = try block(value, in: &builder) }
      builder.endStage(value, stride: 8 << stage)
    }
    return try builder.finish { builder in
      let last = try builder.convolutionUnit(activated(value, in: &builder), outputs: 1024, kernel: 1)
      return try builder.pooledScores(last, classes: classes)
    }
  }

  /// The input and after it `growth` new channels, from a 1×1 to four times as many and a 3×3.
  private func block(_ value: NetworkBuilder.Value, in builder: inout NetworkBuilder) throws -> NetworkBuilder.Value {
    let narrow = try builder.convolution(activated(value, in: &builder), outputs: 4 * growth, kernel: 1)
    let added = try builder.convolution(activated(narrow, in: &builder), outputs: growth, kernel: 3)
    return try builder.concatenate([value, added])
  }

  /// Batch normalisation and ReLU before a convolution instead of after it.
  private func activated(
    _ value: NetworkBuilder.Value, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    try builder.activation(builder.batchNormalization(value))
  }
}
