public import Network

/// GoogLeNet (Szegedy et al., "Going Deeper with Convolutions", CVPR 2015), table 1: an example of fragmentation, four branches a
/// module, in the ShuffleNetV2 paper's guideline 3.
///
/// Convolutions have biases and ReLUs. Without the two auxiliary classifiers, which inference does not run, and without the local
/// response normalisations, which have no weights and which later trainings of the network left out.
public struct GoogLeNet: Hashable, Sendable {
  /// Classes of the last layer.
  public var classes = 1000

  /// The network.
  public init() {}

  /// The columns of table 1: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5 and pool proj.
  private struct Module {
    let pointwise: Int
    let three: (reduced: Int, outputs: Int)
    let five: (reduced: Int, outputs: Int)
    let pooled: Int

    init(_ pointwise: Int, _ threeReduced: Int, _ three: Int, _ fiveReduced: Int, _ five: Int, _ pooled: Int) {
      self.pointwise = pointwise
      self.three = (threeReduced, three)
      self.five = (fiveReduced, five)
      self.pooled = pooled
    }
  }

  /// Inception (3a) and (3b), (4a) to (4e), (5a) and (5b).
  private static let stages: [[Module]] = [
    [Module(64, 96, 128, 16, 32, 32), Module(128, 128, 192, 32, 96, 64)],
    [
      Module(192, 96, 208, 16, 48, 64), Module(160, 112, 224, 24, 64, 64), Module(128, 128, 256, 24, 64, 64),
      Module(112, 144, 288, 32, 64, 64), Module(256, 160, 320, 32, 128, 128),
    ],
    [Module(256, 160, 320, 32, 128, 128), Module(384, 192, 384, 48, 128, 128)],
  ]

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: width)
    var value = try builder.biasedUnit(input, outputs: 64, kernel: 7, stride: 2)
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
    value = try builder.biasedUnit(value, outputs: 64, kernel: 1)
    value = try builder.biasedUnit(value, outputs: 192, kernel: 3)
    builder.endStage(value, stride: 4)
    for (stage, modules) in Self.stages.enumerated() {
      value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
      for module in modules { value = try inception(value, module, in: &builder) }
      builder.endStage(value, stride: 8 << stage)
    }
    return try builder.finish { try $0.pooledScores(value, classes: classes) }
  }

  /// Figure 2 (b): four branches of one input one after the other.
  private func inception(
    _ value: NetworkBuilder.Value, _ module: Module, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let pointwise = try builder.biasedUnit(value, outputs: module.pointwise, kernel: 1)
    let threeReduced = try builder.biasedUnit(value, outputs: module.three.reduced, kernel: 1)
    let three = try builder.biasedUnit(threeReduced, outputs: module.three.outputs, kernel: 3)
    let fiveReduced = try builder.biasedUnit(value, outputs: module.five.reduced, kernel: 1)
    let five = try builder.biasedUnit(fiveReduced, outputs: module.five.outputs, kernel: 5)
    let pooled = try builder.pooling(value, .maximum, kernel: 3, stride: 1)
    let projected = try builder.biasedUnit(pooled, outputs: module.pooled, kernel: 1)
    return try builder.concatenate([pointwise, three, five, projected])
  }
}
