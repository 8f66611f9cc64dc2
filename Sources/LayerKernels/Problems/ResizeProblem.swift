/// Rows and columns scaled: `[N, C, H, W]` to `[N, C, P, Q]`, as ONNX's `Resize` does it.
public struct ResizeProblem: LayerProblem {
  /// How values between input elements are found.
  public enum Interpolation: String, Hashable, Sendable, CaseIterable {
    /// The nearest element, ties to the lower (`round_prefer_floor`).
    case nearestPreferFloor = "nearest-prefer-floor"
    /// The nearest element, ties to the upper (`round_prefer_ceil`).
    case nearestPreferCeiling = "nearest-prefer-ceiling"
    /// The element below (`floor`).
    case floor
    /// The element above (`ceil`).
    case ceiling
    /// Linear along rows and along columns.
    case linear
  }

  /// Which input coordinate an output coordinate stands for.
  public enum CoordinateTransform: String, Hashable, Sendable, CaseIterable {
    /// (x + 1/2) / scale − 1/2
    case halfPixel = "half-pixel"
    /// As half-pixel, but 0 for an output of one element.
    case pyTorchHalfPixel = "pytorch-half-pixel"
    /// x · (in − 1) / (out − 1), with whole sizes
    case alignCorners = "align-corners"
    /// x / scale
    case asymmetric
    /// As half-pixel, about the centre: where a size is rounded down, what is lost is lost on both sides
    case halfPixelSymmetric = "half-pixel-symmetric"
    /// (x + 1/2) / scale
    case tensorFlowHalfPixel = "tf-half-pixel-for-nn"
  }

  /// `[N, C, H, W]`
  public let inputShape: TensorShape
  /// `[N, C, P, Q]`
  public let outputShape: TensorShape
  /// Output rows for each input row, and columns for each column: not always the ratio of the sizes.
  public let scale: (height: Float, width: Float)
  /// Nearest or linear.
  public let interpolation: Interpolation
  /// Which input coordinate an output coordinate stands for.
  public let coordinates: CoordinateTransform

  /// The operation's name in keys.
  public static let operation = "resize"

  /// Checks the sizes; a scale that is not given is the ratio of the sizes.
  ///
  /// - Throws: ``ProblemError`` when the shape is not of rank 4 or empty, or a size or scale is out of range.
  public init(
    input: TensorShape, outputHeight: Int, outputWidth: Int, scale: (height: Float, width: Float)? = nil,
    interpolation: Interpolation, coordinates: CoordinateTransform
  ) throws(ProblemError) {
    try checkSize("resize rank", input.rank, in: 4...4)
    try checkSize("input element count", input.elementCount, in: 1...TensorShape.maximumElementCount)
    try checkSize("output height", outputHeight, in: 1...TensorShape.maximumElementCount)
    try checkSize("output width", outputWidth, in: 1...TensorShape.maximumElementCount)
    let scale = scale ?? (Float(outputHeight) / Float(input[2]), Float(outputWidth) / Float(input[3]))
    guard scale.height.isFinite, scale.width.isFinite, scale.height > 0, scale.width > 0 else {
      throw .inconsistent("resize scales have to be positive numbers, not \(scale.height) and \(scale.width)")
    }
    inputShape = input
    outputShape = try checkedShape([input[0], input[1], outputHeight, outputWidth])
    self.scale = scale
    self.interpolation = interpolation
    self.coordinates = coordinates
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    let mode = try key.text("interpolation")
    let transform = try key.text("coordinates")
    guard let interpolation = Interpolation(rawValue: mode) else {
      throw .malformedField(key: key.description, name: "interpolation", value: mode)
    }
    guard let coordinates = CoordinateTransform(rawValue: transform) else {
      throw .malformedField(key: key.description, name: "coordinates", value: transform)
    }
    let text = try key.text("scale")
    let scales = text.split(separator: "x").compactMap { Float($0) }
    guard scales.count == 2 else { throw .malformedField(key: key.description, name: "scale", value: text) }
    let sizes = try key.integers("to", separator: "x", count: 2)
    try self.init(
      input: key.shape("from"), outputHeight: sizes[0], outputWidth: sizes[1], scale: (scales[0], scales[1]),
      interpolation: interpolation, coordinates: coordinates)
    try key.check(against: self)
  }

  /// `resize from=1x96x11x11 to=22x22 scale=2.0x2.0 interpolation=linear coordinates=half-pixel`
  public var key: ProblemKey {
    ProblemKey(
      operation: Self.operation,
      [
        "from": "\(inputShape)", "to": "\(outputShape[2])x\(outputShape[3])",
        "scale": "\(scale.height)x\(scale.width)", "interpolation": interpolation.rawValue,
        "coordinates": coordinates.rawValue,
      ])
  }

  /// The activation.
  public var inputShapes: [TensorShape] { [inputShape] }

  /// Three interpolations of three operations an output when linear, none when nearest.
  public var operationCount: OperationCount {
    interpolation == .linear ? OperationCount(operations: 9 * outputShape.elementCount) : .none
  }

  /// Every element read once and written once.
  public var memoryAccessCost: Int { activationElementCount }
  /// None.
  public typealias Parameters = NoParameters

  /// Equal keys.
  public static func == (left: ResizeProblem, right: ResizeProblem) -> Bool { left.key == right.key }
  /// Hashes the key.
  public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
