/// Maximum or average over windows: `[N, C, H, W]` to `[N, C, P, Q]`. Global pooling is a window as large as the input.
public struct PoolingProblem: LayerProblem {
  /// What becomes of a window's elements.
  public enum Reduction: String, Hashable, Sendable {
    /// The largest; padding never wins.
    case maximum = "max"
    /// The mean of the elements that are not padding.
    case average = "average"
    /// The mean with padding counted as zeros.
    case averageIncludingPadding = "average-padded"
  }

  /// Maximum or average.
  public let reduction: Reduction
  /// Images in the batch, N.
  public let batch: Int
  /// Channels, C.
  public let channels: Int
  /// Input rows H and columns W.
  public let input: WindowGeometry.Extent
  /// Window size, stride, dilation and padding.
  public let window: WindowGeometry
  /// Whether a last window may hang over the edge (`ceil_mode`).
  public let roundsUp: Bool

  /// Output rows P and columns Q.
  public let output: WindowGeometry.Extent
  /// `[N, C, H, W]`
  public let inputShape: TensorShape
  /// `[N, C, P, Q]`
  public let outputShape: TensorShape

  /// The operation's name in keys.
  public static let operation = "pooling"

  /// Checks the sizes.
  ///
  /// - Throws: ``ProblemError`` when a size is out of its range or padding is not smaller than the window.
  public init(
    _ reduction: Reduction, batch: Int = 1, channels: Int, input: WindowGeometry.Extent, window: WindowGeometry,
    roundsUp: Bool = false
  ) throws(ProblemError) {
    let positive = 1...TensorShape.maximumElementCount
    try checkSize("batch", batch, in: positive)
    try checkSize("channels", channels, in: positive)
    try checkSize("input height", input.height, in: positive)
    try checkSize("input width", input.width, in: positive)
    let rows = (window.kernel.height - 1) * window.dilation.height + 1
    let columns = (window.kernel.width - 1) * window.dilation.width + 1
    guard max(window.pads.top, window.pads.bottom) < rows, max(window.pads.left, window.pads.right) < columns else {
      throw .inconsistent("pooling's padding has to be smaller than its window of \(rows)x\(columns)")
    }
    self.reduction = reduction
    self.batch = batch
    self.channels = channels
    self.input = input
    self.window = window
    self.roundsUp = roundsUp
    output = try window.outputExtent(of: input, roundUp: roundsUp)
    inputShape = try checkedShape([batch, channels, input.height, input.width])
    outputShape = try checkedShape([batch, channels, output.height, output.width])
  }

  /// Pooling over whole planes.
  ///
  /// - Throws: ``ProblemError`` when a size is out of its range.
  public init(
    global reduction: Reduction, batch: Int = 1, channels: Int, input: WindowGeometry.Extent
  ) throws(ProblemError) {
    try self.init(
      reduction, batch: batch, channels: channels, input: input, window: WindowGeometry(kernel: input, stride: input))
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    try self.init(
      Self.reduction(in: key), batch: key.integer("n"), channels: key.integer("c"),
      input: WindowGeometry.Extent(height: key.integer("h"), width: key.integer("w")),
      window: WindowGeometry(key: key), roundsUp: Self.rounding(in: key))
    try key.check(against: self)
  }

  static func reduction(in key: ProblemKey) throws(ProblemError) -> Reduction {
    let name = try key.text("reduce")
    guard let reduction = Reduction(rawValue: name) else {
      throw .malformedField(key: key.description, name: "reduce", value: name)
    }
    return reduction
  }

  /// Whether a key's `round` is `up`.
  static func rounding(in key: ProblemKey) throws(ProblemError) -> Bool {
    let rounding = try key.text("round")
    guard rounding == "up" || rounding == "down" else {
      throw .malformedField(key: key.description, name: "round", value: rounding)
    }
    return rounding == "up"
  }

  /// `pooling reduce=max n=1 c=24 h=112 w=112 kernel=3x3 stride=2x2 dilation=1x1 pads=1,1,1,1 round=down`
  public var key: ProblemKey {
    let window = window.fields
    return ProblemKey(
      operation: Self.operation,
      [
        "reduce": reduction.rawValue, "n": "\(batch)", "c": "\(channels)", "h": "\(input.height)",
        "w": "\(input.width)", "kernel": window.kernel, "stride": window.stride, "dilation": window.dilation,
        "pads": window.pads, "round": roundsUp ? "up" : "down",
      ])
  }

  /// The activation.
  public var inputShapes: [TensorShape] { [inputShape] }

  /// One operation for each element of each window.
  public var operationCount: OperationCount {
    OperationCount(operations: outputShape.elementCount * window.kernel.height * window.kernel.width)
  }

  /// Every element read once and written once.
  public var memoryAccessCost: Int { activationElementCount }

  /// True when one window covers the whole plane without padding.
  public var isGlobal: Bool {
    window.kernel == input && window.pads == WindowGeometry.Pads(0) && output == WindowGeometry.Extent(1)
  }
}
