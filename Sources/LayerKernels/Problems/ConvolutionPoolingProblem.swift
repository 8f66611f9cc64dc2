/// A convolution whose output only a pooling reads, as one problem: `[N, C, H, W]` to `[N, K, P, Q]`.
///
/// The beginning of ShuffleNetV2, ResNet and SqueezeNet: the activation between the two is the largest of the whole network.
/// Input: the activation; parameters: the convolution's.
public struct ConvolutionPoolingProblem: LayerPair {
  /// The filter and the bias of the convolution.
  public typealias Parameters = ConvolutionParameters

  /// The convolution.
  public let first: ConvolutionProblem
  /// The pooling of its output.
  public let second: PoolingProblem

  /// The operation's name in keys.
  public static let operation = "convolution-pooling"

  /// Checks that the two fit together.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when the pooling is over whole planes or not of the convolution's output, or the
  ///   convolution has a residual.
  public init(first convolution: ConvolutionProblem, second pooling: PoolingProblem) throws(ProblemError) {
    guard pooling.inputShape == convolution.outputShape else {
      throw .inconsistent("the pooling has to be of the convolution's \(convolution.outputShape)")
    }
    guard !pooling.isGlobal else { throw .inconsistent("the pooling is over whole planes") }
    guard !convolution.epilogue.hasResidual else { throw .inconsistent("the convolution may have no residual") }
    first = convolution
    second = pooling
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    let convolution = try ConvolutionProblem(
      batch: key.integer("n"), inputChannels: key.integer("c"),
      input: WindowGeometry.Extent(height: key.integer("h"), width: key.integer("w")), outputChannels: key.integer("k"),
      window: WindowGeometry(key: key), groups: key.integer("groups"), epilogue: key.epilogue("between"))
    try self.init(
      first: convolution,
      second: PoolingProblem(
        PoolingProblem.reduction(in: key), batch: convolution.batch, channels: convolution.outputChannels,
        input: convolution.output, window: WindowGeometry(key: key, prefix: "pool-"),
        roundsUp: PoolingProblem.rounding(in: key)))
    try key.check(against: self)
  }

  /// `convolution-pooling n=1 c=3 h=224 w=224 k=24 kernel=3x3 stride=2x2 dilation=1x1 pads=1,1,1,1 groups=1 between=bias+relu
  /// reduce=max pool-kernel=3x3 pool-stride=2x2 pool-dilation=1x1 pool-pads=1,1,1,1 round=down`
  public var key: ProblemKey {
    let window = first.window.fields
    let pooled = second.window.fields
    return ProblemKey(
      operation: Self.operation,
      [
        "n": "\(first.batch)", "c": "\(first.inputChannels)", "h": "\(first.input.height)", "w": "\(first.input.width)",
        "k": "\(first.outputChannels)", "kernel": window.kernel, "stride": window.stride,
        "dilation": window.dilation, "pads": window.pads, "groups": "\(first.groups)",
        "between": first.epilogue.description, "reduce": second.reduction.rawValue, "pool-kernel": pooled.kernel,
        "pool-stride": pooled.stride, "pool-dilation": pooled.dilation, "pool-pads": pooled.pads,
        "round": second.roundsUp ? "up" : "down",
      ])
  }

  /// The convolution's: a pooling has none.
  public static func parameters(_ first: ConvolutionParameters, _ second: NoParameters) -> ConvolutionParameters {
    first
  }

  /// The convolution's, and none.
  public static func parts(
    of parameters: ConvolutionParameters
  ) -> (first: ConvolutionParameters, second: NoParameters) { (parameters, NoParameters()) }
}
