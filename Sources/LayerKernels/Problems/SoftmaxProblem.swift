/// exp(x − max) / Σ exp(x − max) along one axis of a row-major tensor.
public struct SoftmaxProblem: LayerProblem {
  /// The tensor's shape.
  public let outputShape: TensorShape
  /// The first axis that is summed over.
  public let axis: Int
  /// How many axes from `axis` on are summed over together: 1, or all the rest as ONNX had it before opset 13.
  public let axisCount: Int

  /// The operation's name in keys.
  public static let operation = "softmax"

  /// Checks the axes.
  ///
  /// - Throws: ``ProblemError/outOfRange(name:value:allowed:)`` when the tensor lacks them.
  public init(shape: TensorShape, axis: Int, axisCount: Int = 1) throws(ProblemError) {
    try checkSize("softmax rank", shape.rank, in: 1...TensorShape.maximumRank)
    try checkSize("softmax axis", axis, in: 0...(shape.rank - 1))
    try checkSize("softmax axis count", axisCount, in: 1...(shape.rank - axis))
    outputShape = shape
    self.axis = axis
    self.axisCount = axisCount
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    try self.init(shape: key.shape("shape"), axis: key.integer("axis"), axisCount: key.integer("axes"))
    try key.check(against: self)
  }

  /// `softmax shape=1x1000 axis=1 axes=1`
  public var key: ProblemKey {
    ProblemKey(
      operation: Self.operation, ["shape": "\(outputShape)", "axis": "\(axis)", "axes": "\(axisCount)"])
  }

  /// Sums that are independent before the axes, elements of one sum, and sums one after the other after the axes.
  public var extents: (outer: Int, length: Int, inner: Int) {
    let sizes = outputShape.dimensions
    return (
      sizes[..<axis].reduce(1, *), sizes[axis..<(axis + axisCount)].reduce(1, *),
      sizes[(axis + axisCount)...].reduce(1, *)
    )
  }

  /// The tensor.
  public var inputShapes: [TensorShape] { [outputShape] }
  /// A maximum, a difference, an exponential, a sum and a quotient for each element.
  public var operationCount: OperationCount { OperationCount(operations: 5 * outputShape.elementCount) }
  /// Every element read once and written once.
  public var memoryAccessCost: Int { activationElementCount }
  /// None.
  public typealias Parameters = NoParameters
}
