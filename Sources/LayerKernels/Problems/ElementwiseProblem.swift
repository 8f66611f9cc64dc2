/// A function of corresponding elements, with NumPy's broadcasting: one or two inputs of any rank.
public struct ElementwiseProblem: LayerProblem {
  /// What is computed.
  public enum Function: Hashable, Sendable {
    /// A function of one input.
    case unary(Activation)
    /// A function of two inputs, then an activation of the result.
    case binary(Binary, Activation)
    /// √a; a NaN of what is negative. No activation, because an epilogue's rounding errors would grow beyond all bounds in it.
    case squareRoot
  }

  /// A function of two elements.
  public enum Binary: String, Hashable, Sendable, CaseIterable {
    /// a + b
    case add
    /// a − b
    case subtract
    /// a · b
    case multiply
    /// a / b
    case divide
    /// max(a, b)
    case maximum
    /// min(a, b)
    case minimum

    /// The function's value in the wider type.
    public func callAsFunction(_ a: Double, _ b: Double) -> Double {
      switch self {
      case .add: a + b
      case .subtract: a - b
      case .multiply: a * b
      case .divide: a / b
      case .maximum: Swift.max(a, b)
      case .minimum: Swift.min(a, b)
      }
    }
  }

  /// What is computed.
  public let function: Function
  /// The inputs' shapes.
  public let inputShapes: [TensorShape]
  /// The shape that the inputs broadcast to.
  public let outputShape: TensorShape
  /// The multiples that the inputs are, one for each; empty where they are any numbers.
  private var steps: [Quantisation] = []

  /// The operation's name in keys.
  public static let operation = "elementwise"

  /// A function of one input.
  public init(_ function: Activation, shape: TensorShape) {
    self.function = .unary(function)
    inputShapes = [shape]
    outputShape = shape
  }

  /// The square root of each element.
  public init(squareRootOf shape: TensorShape) {
    function = .squareRoot
    inputShapes = [shape]
    outputShape = shape
  }

  /// A function of two inputs, which are broadcast to one shape.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when the shapes do not broadcast.
  public init(
    _ function: Binary, _ left: TensorShape, _ right: TensorShape, activation: Activation = .identity
  ) throws(ProblemError) {
    self.function = .binary(function, activation)
    inputShapes = [left, right]
    outputShape = try Self.broadcast(left, right)
  }

  /// The shape that two shapes broadcast to: sizes are aligned at the last axis and a size of one stretches.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when they do not.
  public static func broadcast(_ left: TensorShape, _ right: TensorShape) throws(ProblemError) -> TensorShape {
    var sizes: [Int] = []
    for axis in 0..<max(left.rank, right.rank) {
      let a = axis < left.rank ? left[left.rank - 1 - axis] : 1
      let b = axis < right.rank ? right[right.rank - 1 - axis] : 1
      guard a == b || a == 1 || b == 1 else {
        throw .inconsistent("shapes \(left) and \(right) do not broadcast: \(a) against \(b)")
      }
      sizes.append(a == 1 ? b : a)
    }
    return try checkedShape(sizes.reversed())
  }

  /// That of the function's activation.
  public var outputQuantisation: Quantisation? { function.quantisation }

  /// What ``with(steps:)`` said of the input.
  public func quantisation(ofInput index: Int) -> Quantisation? { steps.isEmpty ? nil : steps[index] }

  /// The same function of inputs that are whole multiples of steps, one for each; none for inputs of any numbers.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when there are not as many as inputs.
  public func with(steps: [Quantisation]) throws(ProblemError) -> ElementwiseProblem {
    guard steps.isEmpty || steps.count == inputShapes.count else {
      throw .inconsistent("\(steps.count) steps were given for \(inputShapes.count) inputs")
    }
    var problem = self
    problem.steps = steps
    return problem
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    let name = try key.text("function")
    guard let activation = Activation(parsing: try key.text("then")) else {
      throw .malformedField(key: key.description, name: "then", value: try key.text("then"))
    }
    if let binary = Binary(rawValue: name) {
      try self.init(binary, key.shape("a"), key.shape("b"), activation: activation)
    } else if name == "unary" {
      self.init(activation, shape: try key.shape("a"))
    } else if name == "square-root" {
      self.init(squareRootOf: try key.shape("a"))
    } else {
      throw .malformedField(key: key.description, name: "function", value: name)
    }
    if let field = key.fields.first(where: { $0.name == Self.stepsField }) {
      let steps = field.value.split(separator: ",", omittingEmptySubsequences: false).compactMap {
        Activation(parsing: String($0)).flatMap { Quantisation($0) }
      }
      guard steps.count == inputShapes.count else {
        throw .malformedField(key: key.description, name: field.name, value: field.value)
      }
      self = try with(steps: steps)
    }
    try key.check(against: self)
  }

  /// The name of the field of ``with(steps:)`` in keys.
  package static let stepsField = "steps"

  /// `elementwise function=add a=1x58x28x28 b=1x58x28x28 then=relu`; `function=unary a=1x1000 then=sigmoid`
  public var key: ProblemKey {
    guard !steps.isEmpty else { return plainKey }
    return plainKey.adding(Self.stepsField, steps.map(\.activation.description).joined(separator: ","))
  }

  private var plainKey: ProblemKey {
    switch function {
    case .unary(let activation):
      ProblemKey(
        operation: Self.operation,
        ["function": "unary", "a": inputShapes[0].description, "then": activation.description])
    case .squareRoot:
      ProblemKey(
        operation: Self.operation,
        ["function": "square-root", "a": inputShapes[0].description, "then": Activation.identity.description])
    case .binary(let binary, let activation):
      ProblemKey(
        operation: Self.operation,
        [
          "function": binary.rawValue, "a": inputShapes[0].description, "b": inputShapes[1].description,
          "then": activation.description,
        ])
    }
  }

  /// One operation an output, two if there is an activation after a binary function.
  public var operationCount: OperationCount {
    switch function {
    case .unary(.identity): .none
    case .unary, .squareRoot, .binary(_, .identity): OperationCount(operations: outputShape.elementCount)
    case .binary: OperationCount(operations: 2 * outputShape.elementCount)
    }
  }

  /// Every input read and the output written once.
  public var memoryAccessCost: Int { activationElementCount }
  /// None.
  public typealias Parameters = NoParameters
}

extension ElementwiseProblem.Function {
  /// What results are rounded to; nil where they are not.
  var quantisation: Quantisation? {
    switch self {
    case .unary(let activation), .binary(_, let activation): Quantisation(activation)
    case .squareRoot: nil
    }
  }
}
