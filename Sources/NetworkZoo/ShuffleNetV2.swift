public import Network

/// ShuffleNetV2 (Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", ECCV 2018), table 5.
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

    /// Channels behind stages 2, 3 and 4, and behind the last convolution.
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
  /// Classes of the last layer.
  public var classes = 1000

  /// Units in stages 2, 3 and 4, the one that halves the map included (table 5).
  public static let repeats = [4, 8, 4]

  /// A network of the given width.
  public init(_ width: Width) { self.width = width }

  /// The network's layers from a picture to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width columns: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: columns)
    var value = try builder.convolutionUnit(input, outputs: 24, kernel: 3, stride: 2)
    value = try builder.pooling(value, .maximum, kernel: 3, stride: 2)
    let (stages, last) = width.channels
    for (outputs, count) in zip(stages, Self.repeats) {
      value = try Self.halvingUnit(value, outputs: outputs, in: &builder)
      for _ in 1..<count { value = try Self.unit(value, in: &builder) }
    }
    value = try builder.convolutionUnit(value, outputs: last, kernel: 1)
    value = try builder.globalAveragePooling(value)
    value = try builder.dense(value, outputs: classes)
    return builder.finish([("output", value)])
  }

  /// Figure 3 (c): one half of the channels stays, the other goes through 1×1, depthwise 3×3 and 1×1.
  static func unit(_ value: NetworkBuilder.Value, in builder: inout NetworkBuilder) throws -> NetworkBuilder.Value {
    let channels = builder.shape(of: value)[1]
    let kept = try builder.channels(value, 0..<(channels / 2))
    let branch = try builder.channels(value, (channels / 2)..<channels)
    let result = try Self.branch(branch, outputs: channels / 2, stride: 1, in: &builder)
    return try builder.shuffle(builder.concatenate([kept, result]), groups: 2)
  }

  /// Figure 3 (d): both branches see all channels, and the map is halved.
  static func halvingUnit(
    _ value: NetworkBuilder.Value, outputs: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let inputs = builder.shape(of: value)[1]
    let depthwise = try builder.convolutionUnit(
      value, outputs: inputs, kernel: 3, stride: 2, groups: inputs, activation: .identity)
    let short = try builder.convolutionUnit(depthwise, outputs: outputs / 2, kernel: 1)
    let long = try branch(value, outputs: outputs / 2, stride: 2, in: &builder)
    return try builder.shuffle(builder.concatenate([short, long]), groups: 2)
  }

  private static func branch(
    _ value: NetworkBuilder.Value, outputs: Int, stride: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let wide = try builder.convolutionUnit(value, outputs: outputs, kernel: 1)
    let depthwise = try builder.convolutionUnit(
      wide, outputs: outputs, kernel: 3, stride: stride, groups: outputs, activation: .identity)
    return try builder.convolutionUnit(depthwise, outputs: outputs, kernel: 1)
  }
}
