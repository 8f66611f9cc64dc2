/// The mean over some axes of a row-major tensor (`ReduceMean`).
public struct ReductionProblem: LayerProblem {
  /// The tensor's shape.
  public let inputShape: TensorShape
  /// The axes that are reduced, ascending.
  public let axes: [Int]
  /// The input's shape with the axes' sizes set to one.
  public let outputShape: TensorShape

  /// The operation's name in keys.
  public static let operation = "mean"

  /// Checks the axes.
  ///
  /// - Throws: ``ProblemError`` when an axis is none of the tensor's or is named twice, or the tensor is empty.
  public init(shape: TensorShape, axes: [Int]) throws(ProblemError) {
    var sizes = shape.dimensions
    try checkSize("element count", shape.elementCount, in: 1...TensorShape.maximumElementCount)
    for axis in axes { try checkSize("mean axis", axis, in: 0...max(shape.rank - 1, 0)) }
    guard Set(axes).count == axes.count else { throw .inconsistent("mean over axes \(axes) names one twice") }
    for axis in axes where axis < sizes.count { sizes[axis] = 1 }
    inputShape = shape
    self.axes = axes.sorted()
    outputShape = try checkedShape(sizes)
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    try self.init(shape: key.shape("shape"), axes: key.integers("axes", separator: ","))
    try key.check(against: self)
  }

  /// `mean shape=1x1024x7x7 axes=2,3`
  public var key: ProblemKey {
    ProblemKey(
      operation: Self.operation,
      ["shape": "\(inputShape)", "axes": axes.map(String.init).joined(separator: ",")])
  }

  /// The tensor.
  public var inputShapes: [TensorShape] { [inputShape] }
  /// An addition an input and a division an output.
  public var operationCount: OperationCount {
    OperationCount(operations: inputShape.elementCount + outputShape.elementCount)
  }
  /// Every element read once and written once.
  public var memoryAccessCost: Int { activationElementCount }
  /// None.
  public typealias Parameters = NoParameters
}
