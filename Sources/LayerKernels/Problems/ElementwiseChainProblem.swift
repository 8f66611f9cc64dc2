/// Several functions of corresponding elements as one pass over memory: what is left of a network's element-wise layers after
/// products have taken what they can, such as the batch normalisation and activation before a convolution.
///
/// Every step gives a value of the output's shape, so that none is computed more often than alone; the last step is the output.
public struct ElementwiseChainProblem: LayerProblem {
  /// What a step reads.
  public enum Operand: Hashable, Sendable {
    /// An input of the problem.
    case input(Int)
    /// The value of an earlier step.
    case step(Int)
  }

  /// A function of one or two operands.
  public struct Step: Hashable, Sendable {
    /// What is computed, then the activation.
    public let function: ElementwiseProblem.Function
    /// One operand, or two.
    public let operands: [Operand]

    /// A function of operands.
    public init(_ function: ElementwiseProblem.Function, _ operands: [Operand]) {
      self.function = function
      self.operands = operands
    }
  }

  /// What is computed, in this order.
  public let steps: [Step]
  /// The inputs' shapes.
  public let inputShapes: [TensorShape]
  /// The shape of every step's value.
  public let outputShape: TensorShape

  /// The operation's name in keys.
  public static let operation = "elementwise-chain"

  /// The most steps that a chain may have.
  public static let maximumStepCount = 16

  /// The most inputs that a chain may have.
  public static let maximumInputCount = 16

  /// Checks the steps.
  ///
  /// - Throws: ``ProblemError`` when there are none or too many, one reads what is not there, does not have the shape of the
  ///   last, or when an input or a step's value is read by nobody.
  public init(_ steps: [Step], inputs: [TensorShape]) throws(ProblemError) {
    try checkSize("steps", steps.count, in: 1...Self.maximumStepCount)
    try checkSize("inputs", inputs.count, in: 1...Self.maximumInputCount)
    var shapes: [TensorShape] = []
    var read: Set<Operand> = []
    for step in steps {
      let wanted = if case .binary = step.function { 2 } else { 1 }
      guard step.operands.count == wanted else {
        throw .inconsistent("step \(shapes.count) has \(step.operands.count) operands instead of \(wanted)")
      }
      var shape: TensorShape?
      for operand in step.operands {
        let other: TensorShape
        switch operand {
        case .input(let index) where inputs.indices.contains(index): other = inputs[index]
        case .step(let index) where shapes.indices.contains(index): other = shapes[index]
        default: throw .inconsistent("step \(shapes.count) reads \(operand.text), which is not there")
        }
        read.insert(operand)
        shape = try shape.map { shape throws(ProblemError) in try ElementwiseProblem.broadcast(shape, other) } ?? other
      }
      if let shape { shapes.append(shape) }
    }
    guard let last = shapes.last, shapes.allSatisfy({ $0 == last }) else {
      throw .inconsistent("the steps of an element-wise chain have different shapes")
    }
    // What is rounded on the way may be a step apart from kernel to kernel, and later steps would make it anything.
    guard steps.dropLast().allSatisfy({ $0.function.quantisation == nil }) else {
      throw .inconsistent("a step before the last is rounded")
    }
    let wanted = inputs.indices.map { Operand.input($0) } + steps.indices.dropLast().map { Operand.step($0) }
    if let unread = wanted.first(where: { !read.contains($0) }) {
      throw .inconsistent("no step reads \(unread.text)")
    }
    self.steps = steps
    inputShapes = inputs
    outputShape = last
  }

  /// That of the last step.
  public var outputQuantisation: Quantisation? { steps.last?.function.quantisation }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    var inputs: [TensorShape] = []
    for text in try key.text("inputs").split(separator: ",", omittingEmptySubsequences: false) {
      inputs.append(try ProblemKey(operation: Self.operation, ["inputs": String(text)]).shape("inputs"))
    }
    var steps: [Step] = []
    for text in try key.text("steps").split(separator: ",", omittingEmptySubsequences: false) {
      guard let step = Step(parsing: text) else {
        throw .malformedField(key: key.description, name: "steps", value: String(text))
      }
      steps.append(step)
    }
    try self.init(steps, inputs: inputs)
    try key.check(against: self)
  }

  /// `elementwise-chain inputs=1x64x56x56,64x1x1,64x1x1 steps=multiply:i0:i1:identity,add:s0:i2:relu`
  public var key: ProblemKey {
    ProblemKey(
      operation: Self.operation,
      [
        "inputs": inputShapes.map(\.description).joined(separator: ","),
        "steps": steps.map(\.text).joined(separator: ","),
      ])
  }

  /// One operation an output and function, one more for an activation after a function of two.
  public var operationCount: OperationCount {
    steps.reduce(.none) { sum, step in
      switch step.function {
      case .unary(.identity): sum
      case .unary, .squareRoot, .binary(_, .identity): sum + OperationCount(operations: outputShape.elementCount)
      case .binary: sum + OperationCount(operations: 2 * outputShape.elementCount)
      }
    }
  }

  /// Every input read and the output written once.
  public var memoryAccessCost: Int { activationElementCount }
  /// None.
  public typealias Parameters = NoParameters

  /// A batch normalisation with its activation, and a gate after a sum.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    let planes = try checkedShape([1, 58, 28, 28])
    let channels = try checkedShape([58, 1, 1])
    return [
      .init(
        "scale and shift",
        try ElementwiseChainProblem(
          [
            Step(.binary(.multiply, .identity), [.input(0), .input(1)]),
            Step(.binary(.add, .relu), [.step(0), .input(2)]),
          ], inputs: [planes, channels, channels])),
      .init(
        "gate and sum",
        try ElementwiseChainProblem(
          [
            Step(.binary(.multiply, .identity), [.input(0), .input(1)]),
            Step(.binary(.add, .identity), [.step(0), .input(2)]),
          ], inputs: [planes, channels, planes])),
    ]
  }
}

extension ElementwiseChainProblem.Operand {
  /// `i0` the first input, `s0` the first step's value.
  fileprivate var text: String {
    switch self {
    case .input(let index): "i\(index)"
    case .step(let index): "s\(index)"
    }
  }

  fileprivate init?(parsing text: Substring) {
    guard let index = Int(text.dropFirst()), index >= 0 else { return nil }
    switch text.first {
    case "i": self = .input(index)
    case "s": self = .step(index)
    default: return nil
    }
  }
}

extension ElementwiseChainProblem.Step {
  /// `multiply:i0:i1:identity`, `unary:s0:swish`
  fileprivate var text: String {
    let names = operands.map(\.text).joined(separator: ":")
    return switch function {
    case .squareRoot: "square-root:\(names):\(Activation.identity)"
    case .unary(let activation): "unary:\(names):\(activation)"
    case .binary(let binary, let activation): "\(binary.rawValue):\(names):\(activation)"
    }
  }

  fileprivate init?(parsing text: Substring) {
    guard let name = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first else {
      return nil
    }
    let binary = ElementwiseProblem.Binary(rawValue: String(name))
    let isRoot = name == "square-root"
    guard binary != nil || isRoot || name == "unary" else { return nil }
    let count = binary == nil ? 1 : 2
    let parts = text.split(separator: ":", maxSplits: count + 1, omittingEmptySubsequences: false)
    guard parts.count == count + 2, let activation = Activation(parsing: String(parts[count + 1])) else { return nil }
    let operands = parts[1...count].compactMap(ElementwiseChainProblem.Operand.init(parsing:))
    guard operands.count == count, !isRoot || activation == .identity else { return nil }
    self.init(binary.map { .binary($0, activation) } ?? (isRoot ? .squareRoot : .unary(activation)), operands)
  }
}
