/// A pointwise convolution whose output only a depthwise convolution reads, as one problem: `[N, C, H, W]` to `[N, K, P, Q]`.
///
/// The expansion of MobileNetV2's blocks, for one. Apart, the activation between the two is written and read once; where it
/// outgrows the second cache, that costs more than the arithmetic. Input: the activation.
public struct PointwiseDepthwiseProblem: LayerPair {
  /// The filters and biases of both.
  public typealias Parameters = PointwiseDepthwiseParameters

  /// The 1×1 convolution.
  public let pointwise: ConvolutionProblem
  /// The depthwise convolution of its output.
  public let depthwise: ConvolutionProblem

  /// The operation's name in keys.
  public static let operation = "pointwise-depthwise"

  /// Checks that the two fit together.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when the first is not pointwise and dense, the second not depthwise on its
  ///   output, or either has a residual.
  public init(pointwise: ConvolutionProblem, depthwise: ConvolutionProblem) throws(ProblemError) {
    guard pointwise.isPointwise, pointwise.groups == 1 else {
      throw .inconsistent("the first convolution has to be pointwise and of one group")
    }
    guard depthwise.isDepthwise, depthwise.inputShape == pointwise.outputShape else {
      throw .inconsistent("the second convolution has to be depthwise on the first one's \(pointwise.outputShape)")
    }
    guard !pointwise.epilogue.hasResidual, !depthwise.epilogue.hasResidual else {
      throw .inconsistent("neither convolution may have a residual")
    }
    self.pointwise = pointwise
    self.depthwise = depthwise
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    let channels = try key.integer("k")
    let pointwise = try ConvolutionProblem(
      batch: key.integer("n"), inputChannels: key.integer("c"),
      input: WindowGeometry.Extent(height: key.integer("h"), width: key.integer("w")), outputChannels: channels,
      window: WindowGeometry(kernel: .init(1)), epilogue: key.epilogue("between"))
    try self.init(
      pointwise: pointwise,
      depthwise: ConvolutionProblem(
        batch: pointwise.batch, inputChannels: channels, input: pointwise.output, outputChannels: channels,
        window: WindowGeometry(key: key), groups: channels, epilogue: key.epilogue()))
    try key.check(against: self)
  }

  /// `pointwise-depthwise n=1 c=16 h=112 w=112 k=96 kernel=3x3 stride=2x2 dilation=1x1 pads=1,1,1,1 between=bias+relu6
  /// epilogue=bias+relu6`
  public var key: ProblemKey {
    let window = depthwise.window.fields
    return ProblemKey(
      operation: Self.operation,
      [
        "n": "\(pointwise.batch)", "c": "\(pointwise.inputChannels)", "h": "\(pointwise.input.height)",
        "w": "\(pointwise.input.width)", "k": "\(pointwise.outputChannels)", "kernel": window.kernel,
        "stride": window.stride, "dilation": window.dilation, "pads": window.pads,
        "between": pointwise.epilogue.description, "epilogue": depthwise.epilogue.description,
      ])
  }

  /// The pointwise convolution.
  public var first: ConvolutionProblem { pointwise }

  /// The depthwise convolution.
  public var second: ConvolutionProblem { depthwise }

  /// Checks that the two fit together.
  ///
  /// - Throws: as ``init(pointwise:depthwise:)``.
  public init(first: ConvolutionProblem, second: ConvolutionProblem) throws(ProblemError) {
    try self.init(pointwise: first, depthwise: second)
  }

  /// Both.
  public static func parameters(
    _ first: ConvolutionParameters, _ second: ConvolutionParameters
  ) -> PointwiseDepthwiseParameters { PointwiseDepthwiseParameters(pointwise: first, depthwise: second) }

  /// The two convolutions'.
  public static func parts(
    of parameters: PointwiseDepthwiseParameters
  ) -> (first: ConvolutionParameters, second: ConvolutionParameters) { (parameters.pointwise, parameters.depthwise) }
}

/// The constants of a pointwise and a depthwise convolution.
public struct PointwiseDepthwiseParameters: Sendable {
  /// Of the 1×1 convolution.
  public let pointwise: ConvolutionParameters
  /// Of the depthwise convolution.
  public let depthwise: ConvolutionParameters

  /// Constants that fit their convolutions.
  public init(pointwise: ConvolutionParameters, depthwise: ConvolutionParameters) {
    self.pointwise = pointwise
    self.depthwise = depthwise
  }
}
