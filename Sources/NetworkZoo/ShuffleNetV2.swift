public import Network

/// ShuffleNetV2 (Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", ECCV 2018), table 5, and
/// its variants; ``DeepShuffleNetV2`` has the large ones.
public struct ShuffleNetV2: Hashable, Sendable {
  /// The width of the network: how many channels its stages have.
  public enum Width: String, Hashable, Sendable, CaseIterable {
    /// 48, 96, 192 channels; 1,366,792 parameters.
    case half = "x0_5"
    /// 116, 232, 464 channels; 2,278,604 parameters.
    case one = "x1_0"
    /// 176, 352, 704 channels; 3,503,624 parameters.
    case oneAndHalf = "x1_5"
    /// 244, 488, 976 channels; 7,393,996 parameters.
    case two = "x2_0"

    /// The factor that the paper names the network by.
    public var factor: Double {
      switch self {
      case .half: 0.5
      case .one: 1
      case .oneAndHalf: 1.5
      case .two: 2
      }
    }

    /// Channels after stages 2, 3 and 4, and after the last convolution.
    public var channels: (stages: [Int], last: Int) {
      switch self {
      case .half: ([48, 96, 192], 1024)
      case .one: ([116, 232, 464], 1024)
      case .oneAndHalf: ([176, 352, 704], 1024)
      case .two: ([244, 488, 976], 2048)
      }
    }
  }

  /// The width.
  public let width: Width
  /// What the units have beyond figure 3.
  public let variant: ShuffleNetV2Unit
  /// Classes of the last layer.
  public var classes = 1000

  /// Units in stages 2, 3 and 4, the one that halves the map included (table 5).
  public static let repeats = [4, 8, 4]

  /// A network of the given width.
  public init(_ width: Width, _ variant: ShuffleNetV2Unit = []) {
    self.width = width
    self.variant = variant
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
    let (stages, last) = width.channels
    for (index, (outputs, count)) in zip(stages, Self.repeats).enumerated() {
      value = try variant.stage(value, outputs: outputs, count: count, stride: 2, in: &builder)
      builder.endStage(value, stride: 8 << index)
    }
    return try builder.finish { builder in
      let wide = try builder.convolutionUnit(value, outputs: last, kernel: 1)
      return try builder.pooledScores(wide, classes: classes)
    }
  }
}
