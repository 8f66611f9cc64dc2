public import Network

/// SqueezeNet 1.1 (Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016, and the authors' later
/// version with 2.4 times less computation); 1,235,496 parameters.
public struct SqueezeNet: Hashable, Sendable {
  /// Classes of the last layer.
  public var classes = 1000

  /// The network.
  public init() {}

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: width)
    var value = try builder.biasedUnit(input, outputs: 64, kernel: 3, stride: 2, padding: 0)
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2, padding: 0, roundsUp: true)
    for (index, (squeeze, expand)) in [
      (16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256),
    ]
    .enumerated() {
      if index == 2 || index == 4 {
        value = try builder.pooling(value, .maximum, kernel: 3, stride: 2, padding: 0, roundsUp: true)
      }
      let narrow = try builder.biasedUnit(value, outputs: squeeze, kernel: 1)
      let pointwise = try builder.biasedUnit(narrow, outputs: expand, kernel: 1)
      let square = try builder.biasedUnit(narrow, outputs: expand, kernel: 3)
      value = try builder.concatenate([pointwise, square])
      builder.endStage(value, stride: index < 2 ? 4 : index < 4 ? 8 : 16)
    }
    return try builder.finish { builder in
      let scores = try builder.biasedUnit(value, outputs: classes, kernel: 1)
      return try builder.flattened(builder.globalAveragePooling(scores))
    }
  }
}
