public import Network

/// MobileNetV1 (Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017),
/// table 1, and its width multiplier (section 3.3).
public struct MobileNetV1: Hashable, Sendable {
  /// The factor on every layer's channels, 0.25 to 1.
  public let width: Double
  /// Classes of the last layer.
  public var classes = 1000

  /// A network of the given width.
  public init(width: Double = 1) { self.width = width }

  /// Output channels and stride of each depthwise-separable pair (table 1).
  static let pairs = [
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
  ]

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width columns: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: columns)
    var value = try builder.convolutionUnit(input, outputs: scaled(32), kernel: 3, stride: 2)
    var total = 2
    for (outputs, stride) in Self.pairs {
      total *= stride
      let channels = builder.shape(of: value)[1]
      value = try builder.convolutionUnit(value, outputs: channels, kernel: 3, stride: stride, groups: channels)
      value = try builder.convolutionUnit(value, outputs: scaled(outputs), kernel: 1)
      if total > 2 { builder.endStage(value, stride: total) }
    }
    return try builder.finish { try $0.pooledScores(value, classes: classes) }
  }

  private func scaled(_ channels: Int) -> Int { max(Int(Double(channels) * width), 1) }
}

/// MobileNetV2 (Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018), table 2.
public struct MobileNetV2: Hashable, Sendable {
  /// The factor on every layer's channels, 0.35 to 1.4; the last convolution only grows.
  public let width: Double
  /// Classes of the last layer.
  public var classes = 1000

  /// A network of the given width.
  public init(width: Double = 1) { self.width = width }

  /// Expansion, channels, repeats and first stride of each group of bottlenecks (table 2: t, c, n, s).
  static let groups = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
  ]

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width columns: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: columns)
    var value = try builder.convolutionUnit(input, outputs: scaled(32), kernel: 3, stride: 2, activation: .relu6)
    var total = 2
    for (expansion, channels, repeats, stride) in Self.groups {
      total *= stride
      for index in 0..<repeats {
        value = try Self.bottleneck(
          value, expansion: expansion, outputs: scaled(channels), stride: index == 0 ? stride : 1, in: &builder)
      }
      if total > 2 { builder.endStage(value, stride: total) }
    }
    return try builder.finish { builder in
      let last = try builder.convolutionUnit(value, outputs: max(scaled(1280), 1280), kernel: 1, activation: .relu6)
      return try builder.pooledScores(last, classes: classes)
    }
  }

  /// The inverted residual with linear bottleneck (table 1).
  static func bottleneck(
    _ value: NetworkBuilder.Value, expansion: Int, outputs: Int, stride: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let inputs = builder.shape(of: value)[1]
    let hidden = inputs * expansion
    var branch = value
    if expansion != 1 {
      branch = try builder.convolutionUnit(branch, outputs: hidden, kernel: 1, activation: .relu6)
    }
    branch = try builder.convolutionUnit(
      branch, outputs: hidden, kernel: 3, stride: stride, groups: hidden, activation: .relu6)
    branch = try builder.convolutionUnit(branch, outputs: outputs, kernel: 1, activation: .identity)
    return stride == 1 && inputs == outputs ? try builder.add(value, branch) : branch
  }

  /// Channels rounded to a multiple of 8 that is at least 90 % of the exact product, as the authors' code does.
  private func scaled(_ channels: Int) -> Int {
    let exact = Double(channels) * width
    let rounded = max(8, Int(exact + 4) / 8 * 8)
    return Double(rounded) < 0.9 * exact ? rounded + 8 : rounded
  }
}
