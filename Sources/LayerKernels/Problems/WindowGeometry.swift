/// How a window of a convolution or pooling slides over rows and columns.
public struct WindowGeometry: Hashable, Sendable {
  /// Rows and columns of the window.
  public let kernel: Extent
  /// Steps between windows.
  public let stride: Extent
  /// Steps between the elements of a window.
  public let dilation: Extent
  /// Rows and columns of padding on each side, which may differ.
  public let pads: Pads

  /// A pair of sizes along height and width.
  public struct Extent: Hashable, Sendable {
    /// Along the rows' axis.
    public let height: Int
    /// Along the columns' axis.
    public let width: Int

    /// Two sizes.
    public init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }

    /// The same size along both axes.
    public init(_ size: Int) { self.init(height: size, width: size) }
  }

  /// Padding on the four sides.
  public struct Pads: Hashable, Sendable {
    /// Rows above.
    public let top: Int
    /// Columns to the left.
    public let left: Int
    /// Rows below.
    public let bottom: Int
    /// Columns to the right.
    public let right: Int

    /// Padding side by side.
    public init(top: Int, left: Int, bottom: Int, right: Int) {
      self.top = top
      self.left = left
      self.bottom = bottom
      self.right = right
    }

    /// The same padding on all sides.
    public init(_ size: Int) { self.init(top: size, left: size, bottom: size, right: size) }
  }

  /// The most padding on a side that is as wide as the window or wider, so that windows see nothing but padding.
  public static let maximumBarePadding = 4096

  /// Checks the sizes.
  ///
  /// - Throws: ``ProblemError`` when one is out of its range.
  public init(
    kernel: Extent, stride: Extent = Extent(1), dilation: Extent = Extent(1), pads: Pads = Pads(0)
  ) throws(ProblemError) {
    // As long as an image may be: what cannot be computed for want of memory is refused where memory is asked for.
    let positive = 1...TensorShape.maximumElementCount
    for (name, extent) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
      try checkSize("\(name) height", extent.height, in: positive)
      try checkSize("\(name) width", extent.width, in: positive)
    }
    try checkSize("kernel elements", kernel.height * kernel.width, in: positive)
    let (rows, columns) = ((kernel.height - 1) * dilation.height + 1, (kernel.width - 1) * dilation.width + 1)
    for (side, size, span) in [
      ("top", pads.top, rows), ("left", pads.left, columns), ("bottom", pads.bottom, rows),
      ("right", pads.right, columns),
    ] {
      let most = min(max(span - 1, Self.maximumBarePadding), TensorShape.maximumElementCount)
      try checkSize("\(side) padding", size, in: 0...most)
    }
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.pads = pads
  }

  /// Output rows and columns over an input; `roundUp` lets a last window hang over the padded edge, as pooling's
  /// `ceil_mode` does, as long as it starts inside the input or its leading padding.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when the window is larger than the padded input.
  public func outputExtent(of input: Extent, roundUp: Bool = false) throws(ProblemError) -> Extent {
    Extent(
      height: try Self.steps(
        input.height, kernel.height, stride.height, dilation.height, pads.top, pads.bottom, "rows", roundUp),
      width: try Self.steps(
        input.width, kernel.width, stride.width, dilation.width, pads.left, pads.right, "columns", roundUp))
  }

  private static func steps(
    _ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ before: Int, _ after: Int, _ axis: String,
    _ roundUp: Bool
  ) throws(ProblemError) -> Int {
    let span = (kernel - 1) * dilation + 1
    let free = size + before + after - span
    guard free >= 0 else {
      throw .inconsistent(
        "a window of \(span) \(axis) is larger than the input's \(size) plus \(before + after) padding")
    }
    guard roundUp else { return free / stride + 1 }
    let steps = (free + stride - 1) / stride + 1
    return (steps - 1) * stride >= size + before ? steps - 1 : steps
  }

  /// The four fields of a key.
  var fields: (kernel: String, stride: String, dilation: String, pads: String) {
    (
      "\(kernel.height)x\(kernel.width)", "\(stride.height)x\(stride.width)", "\(dilation.height)x\(dilation.width)",
      "\(pads.top),\(pads.left),\(pads.bottom),\(pads.right)"
    )
  }

  /// The window of a key's four fields, whose names may have a prefix.
  init(key: ProblemKey, prefix: String = "") throws(ProblemError) {
    func extent(_ name: String) throws(ProblemError) -> Extent {
      let sizes = try key.integers(prefix + name, separator: "x", count: 2)
      return Extent(height: sizes[0], width: sizes[1])
    }
    let pads = try key.integers(prefix + "pads", separator: ",", count: 4)
    try self.init(
      kernel: extent("kernel"), stride: extent("stride"), dilation: extent("dilation"),
      pads: Pads(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]))
  }
}
