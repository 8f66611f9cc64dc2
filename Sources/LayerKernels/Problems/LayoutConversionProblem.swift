/// One activation `[N, C, H, W]` copied from one layout to another: what it costs that two kernels disagree.
public struct LayoutConversionProblem: LayerProblem {
  /// `[N, C, H, W]`
  public let outputShape: TensorShape
  /// How the input lies.
  public let source: TensorLayout
  /// How the output is to lie.
  public let destination: TensorLayout

  /// The operation's name in keys.
  public static let operation = "layout-conversion"

  /// Checks the shape.
  ///
  /// - Throws: ``ProblemError/outOfRange(name:value:allowed:)`` when it is not of rank 4.
  public init(shape: TensorShape, from source: TensorLayout, to destination: TensorLayout) throws(ProblemError) {
    try checkSize("layout conversion's rank", shape.rank, in: 4...4)
    outputShape = shape
    self.source = source
    self.destination = destination
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    func layout(_ name: String) throws(ProblemError) -> TensorLayout {
      let value = try key.text(name)
      guard let layout = TensorLayout(rawValue: value) else {
        throw .malformedField(key: key.description, name: name, value: value)
      }
      return layout
    }
    try self.init(shape: key.shape("shape"), from: layout("from"), to: layout("to"))
    try key.check(against: self)
  }

  /// `layout-conversion shape=1x232x7x7 from=planeList to=channelsLast`
  public var key: ProblemKey {
    ProblemKey(
      operation: Self.operation,
      ["shape": "\(outputShape)", "from": source.rawValue, "to": destination.rawValue])
  }

  /// The activation.
  public var inputShapes: [TensorShape] { [outputShape] }
  /// No arithmetic.
  public var operationCount: OperationCount { .none }
  /// Every element read once and written once.
  public var memoryAccessCost: Int { activationElementCount }
  /// None.
  public typealias Parameters = NoParameters
}
