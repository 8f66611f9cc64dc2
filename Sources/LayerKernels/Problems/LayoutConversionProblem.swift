/// One activation `[N, C, H, W]` copied from one layout to another: what it costs that two kernels disagree.
public struct LayoutConversionProblem: LayerProblem {
  /// `[N, C, H, W]`
  public let outputShape: TensorShape
  /// How the input lies.
  public let source: TensorLayout
  /// How the output is to lie.
  public let destination: TensorLayout
  /// The multiples that the activation is, where one of the two is ``TensorLayout/bytes``; else nil.
  public let steps: Quantisation?

  /// The operation's name in keys.
  public static let operation = "layout-conversion"

  /// Checks the shape. The steps are the multiples that the activation is; nobody looks at them where neither layout is one of bytes.
  ///
  /// - Throws: ``ProblemError/outOfRange(name:value:allowed:)`` when it is not of rank 4, ``ProblemError/inconsistent(_:)`` for bytes of
  ///   an activation that is not multiples of a step, few enough for a byte.
  public init(
    shape: TensorShape, from source: TensorLayout, to destination: TensorLayout, steps: Quantisation? = nil
  ) throws(ProblemError) {
    try checkSize("layout conversion's rank", shape.rank, in: 4...4)
    outputShape = shape
    self.source = source
    self.destination = destination
    let hasBytes = source == .bytes || destination == .bytes
    guard !hasBytes || steps?.fitsByte == true else {
      throw .inconsistent("bytes hold only whole multiples of a step, at most 256 of them")
    }
    self.steps = hasBytes ? steps : nil
  }

  /// That of the activation.
  public var outputQuantisation: Quantisation? { steps }

  /// That of the activation.
  public func quantisation(ofInput index: Int) -> Quantisation? { steps }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    func layout(_ name: String) throws(ProblemError) -> TensorLayout {
      let value = try key.text(name)
      guard let layout = TensorLayout(rawValue: value) else {
        throw .malformedField(key: key.description, name: name, value: value)
      }
      return layout
    }
    let field = key.fields.first { $0.name == "steps" }
    try self.init(
      shape: key.shape("shape"), from: layout("from"), to: layout("to"),
      steps: field.flatMap { Activation(parsing: $0.value) }.flatMap { Quantisation($0) })
    try key.check(against: self)
  }

  /// `layout-conversion shape=1x232x7x7 from=planeList to=channelsLast`
  public var key: ProblemKey {
    let key = ProblemKey(
      operation: Self.operation,
      ["shape": "\(outputShape)", "from": source.rawValue, "to": destination.rawValue])
    return steps.map { key.adding("steps", $0.activation.description) } ?? key
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
