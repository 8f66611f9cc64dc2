import Network

/// The unit of ShuffleNetV2 (Ma et al., ECCV 2018, figure 3) and what its variants add to it.
public struct ShuffleNetV2Unit: OptionSet, Hashable, Sendable {
  /// The bits of the additions.
  public let rawValue: Int
  /// The additions whose bits are set.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// ShuffleNetV2*: a depthwise 3×3 before the first 1×1 of each unit, with batch normalisation and no activation, for the
  /// larger receptive field that detection wants (section 4, table 7).
  public static let depthwiseFirst = ShuffleNetV2Unit(rawValue: 1)

  /// The branch's input added to its output before the last ReLU, in the units that keep the size (appendix, figure 2 (a)).
  public static let residual = ShuffleNetV2Unit(rawValue: 2)

  /// Squeeze-and-excitation (Hu et al., CVPR 2018) after the branch's last 1×1 and before a residual's addition (appendix,
  /// figure 2 (b) and (c)), with half as many neurons as the unit has channels (the remark under the appendix's table 2): as
  /// many as the branch has.
  public static let squeezeExcitation = ShuffleNetV2Unit(rawValue: 4)

  /// A unit that changes the channels, and the size if `stride` is 2, and `count - 1` that keep both.
  func stage(
    _ value: NetworkBuilder.Value, outputs: Int, count: Int, stride: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    var value = try firstUnit(value, outputs: outputs, stride: stride, in: &builder)
    for _ in 1..<count { value = try unit(value, in: &builder) }
    return value
  }

  /// Figure 3 (c): one half of the channels stays, the other goes through 1×1, depthwise 3×3 and 1×1.
  private func unit(_ value: NetworkBuilder.Value, in builder: inout NetworkBuilder) throws -> NetworkBuilder.Value {
    let channels = builder.shape(of: value)[1]
    let kept = try builder.channels(value, 0..<(channels / 2))
    let input = try builder.channels(value, (channels / 2)..<channels)
    let result = try branch(input, outputs: channels / 2, stride: 1, isResidual: contains(.residual), in: &builder)
    return try builder.shuffle(builder.concatenate([kept, result]), groups: 2)
  }

  /// Figure 3 (d): both branches see all channels, and the map is halved.
  private func firstUnit(
    _ value: NetworkBuilder.Value, outputs: Int, stride: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let inputs = builder.shape(of: value)[1]
    let depthwise = try builder.convolutionUnit(
      value, outputs: inputs, kernel: 3, stride: stride, groups: inputs, activation: .identity)
    let short = try builder.convolutionUnit(depthwise, outputs: outputs / 2, kernel: 1)
    let long = try branch(value, outputs: outputs / 2, stride: stride, isResidual: false, in: &builder)
    return try builder.shuffle(builder.concatenate([short, long]), groups: 2)
  }

  private func branch(
    _ input: NetworkBuilder.Value, outputs: Int, stride: Int, isResidual: Bool, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    var value = input
    if contains(.depthwiseFirst) {
      let inputs = builder.shape(of: value)[1]
      value = try builder.convolutionUnit(value, outputs: inputs, kernel: 3, groups: inputs, activation: .identity)
    }
    value = try builder.convolutionUnit(value, outputs: outputs, kernel: 1)
    value = try builder.convolutionUnit(
      value, outputs: outputs, kernel: 3, stride: stride, groups: outputs, activation: .identity)
    value = try builder.convolutionUnit(value, outputs: outputs, kernel: 1, activation: .identity)
    if contains(.squeezeExcitation) { value = try builder.squeezeExcitation(value, neurons: outputs) }
    if isResidual { value = try builder.add(value, input) }
    return try builder.activation(value)
  }
}

extension NetworkBuilder {
  /// Each channel times a factor of 0 to 1 that follows from all channels' means, through a layer of so many neurons
  /// (Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018, section 3).
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func squeezeExcitation(_ value: Value, neurons: Int) throws -> Value {
    let channels = shape(of: value)[1]
    let mean = try globalAveragePooling(value)
    let narrow = try convolution(mean, outputs: neurons, kernel: 1, bias: true)
    let factors = try convolution(activation(narrow), outputs: channels, kernel: 1, bias: true)
    return try multiply(value, activation(factors, .sigmoid))
  }
}
