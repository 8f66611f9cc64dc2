/// A recurrent network over all steps of sequences: ONNX's `RNN`, `GRU` and `LSTM` with their usual functions (sigmoid and tanh).
///
/// The input is `[steps, batch, inputs]`. With given initial states they are further inputs, `[directions, batch, hidden]`: the
/// hidden one, and of an LSTM the cell's. The output is `[rows, directions, batch, hidden]`: the hidden states of all steps, then
/// the last hidden state, then the last cell state, those of them that ``outputs`` names.
public struct RecurrentProblem: LayerProblem {
  /// What a unit is.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// h = tanh(x·W + h·R + b)
    case simple = "rnn"
    /// Gates update, reset and candidate, the state reset before its product with the weights.
    case gatedUnit = "gru"
    /// The same, the product reset (`linear_before_reset`).
    case gatedUnitAfterProduct = "gru-after-product"
    /// Gates input, output, forget and cell.
    case longShortTerm = "lstm"

    /// Rows of weights for each unit.
    public var gates: Int {
      switch self {
      case .simple: 1
      case .gatedUnit, .gatedUnitAfterProduct: 3
      case .longShortTerm: 4
      }
    }
  }

  /// The order in which steps are taken.
  public enum Direction: String, Hashable, Sendable, CaseIterable {
    /// From the first step.
    case forward
    /// From the last step.
    case reverse
    /// Both, by weights of their own.
    case bidirectional

    /// For each direction, whether it starts at the last step.
    public var reversed: [Bool] {
      switch self {
      case .forward: [false]
      case .reverse: [true]
      case .bidirectional: [false, true]
      }
    }
  }

  /// What is given out, in this order.
  public struct Outputs: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// A set of the given bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The hidden states of all steps.
    public static let sequence = Outputs(rawValue: 1)
    /// The hidden state after the last step.
    public static let hidden = Outputs(rawValue: 2)
    /// The cell state after the last step.
    public static let cell = Outputs(rawValue: 4)

    fileprivate static let names: [(Outputs, String)] = [
      (.sequence, "sequence"), (.hidden, "hidden"), (.cell, "cell"),
    ]
  }

  /// What a unit is.
  public let kind: Kind
  /// The steps of each sequence.
  public let steps: Int
  /// The sequences.
  public let batch: Int
  /// The numbers of a step's input.
  public let inputs: Int
  /// The units.
  public let hidden: Int
  /// The order of the steps.
  public let direction: Direction
  /// Whether the first states are inputs rather than zeros.
  public let hasInitialStates: Bool
  /// What is given out.
  public let outputs: Outputs

  /// The shapes of the operands.
  public let inputShapes: [TensorShape]
  /// `[rows, directions, batch, hidden]`
  public let outputShape: TensorShape

  /// The operation's name in keys.
  public static let operation = "recurrent"

  /// The most steps.
  public static let maximumSteps = 1 << 20

  /// Checks the sizes.
  ///
  /// - Throws: ``ProblemError`` when a size is out of its range, nothing is given out, or a cell state is asked of units without.
  public init(
    _ kind: Kind, steps: Int, batch: Int = 1, inputs: Int, hidden: Int, direction: Direction = .forward,
    hasInitialStates: Bool = false, outputs: Outputs = .sequence
  ) throws(ProblemError) {
    try checkSize("steps", steps, in: 1...Self.maximumSteps)
    let positive = 1...TensorShape.maximumElementCount
    for (name, size) in [("batch", batch), ("inputs", inputs), ("hidden", hidden)] {
      try checkSize(name, size, in: positive)
    }
    guard !outputs.isEmpty, outputs.rawValue < 8 else {
      throw .inconsistent("a recurrent network gives out its sequence, hidden or cell state, not nothing")
    }
    guard kind == .longShortTerm || !outputs.contains(.cell) else {
      throw .inconsistent("units of kind '\(kind.rawValue)' have no cell state")
    }
    self.kind = kind
    self.steps = steps
    self.batch = batch
    self.inputs = inputs
    self.hidden = hidden
    self.direction = direction
    self.hasInitialStates = hasInitialStates
    self.outputs = outputs
    let directions = direction.reversed.count
    let state = try checkedShape([directions, batch, hidden])
    let states = hasInitialStates ? (kind == .longShortTerm ? 2 : 1) : 0
    inputShapes = [try checkedShape([steps, batch, inputs])] + Array(repeating: state, count: states)
    let rows =
      (outputs.contains(.sequence) ? steps : 0) + (outputs.contains(.hidden) ? 1 : 0)
      + (outputs.contains(.cell) ? 1 : 0)
    outputShape = try checkedShape([rows, directions, batch, hidden])
    _ = try checkedShape([directions, kind.gates, hidden, max(inputs, hidden)])
    // What the input adds to all gates of all steps has to fit, units in whole vectors.
    _ = try checkedShape([steps, batch, directions, kind.gates, min(hidden, positive.upperBound - 64) + 64])
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    func word<Word: RawRepresentable<String>>(_ name: String, as _: Word.Type) throws(ProblemError) -> Word {
      let value = try key.text(name)
      guard let word = Word(rawValue: value) else {
        throw .malformedField(key: key.description, name: name, value: value)
      }
      return word
    }
    let initial = try key.text("initial")
    guard initial == "zero" || initial == "input" else {
      throw .malformedField(key: key.description, name: "initial", value: initial)
    }
    let text = try key.text("outputs")
    var outputs: Outputs = []
    for (output, name) in Outputs.names where text.split(separator: "+").contains(Substring(name)) {
      outputs.insert(output)
    }
    guard Self.text(outputs) == text else {
      throw .malformedField(key: key.description, name: "outputs", value: text)
    }
    try self.init(
      word("kind", as: Kind.self), steps: key.integer("steps"), batch: key.integer("b"), inputs: key.integer("c"),
      hidden: key.integer("k"), direction: word("direction", as: Direction.self),
      hasInitialStates: initial == "input", outputs: outputs)
    try key.check(against: self)
  }

  private static func text(_ outputs: Outputs) -> String {
    Outputs.names.filter { outputs.contains($0.0) }.map(\.1).joined(separator: "+")
  }

  /// `recurrent kind=lstm steps=32 b=1 c=64 k=128 direction=forward initial=zero outputs=sequence+hidden+cell`
  public var key: ProblemKey {
    ProblemKey(
      operation: Self.operation,
      [
        "kind": kind.rawValue, "steps": "\(steps)", "b": "\(batch)", "c": "\(inputs)", "k": "\(hidden)",
        "direction": direction.rawValue, "initial": hasInitialStates ? "input" : "zero",
        "outputs": Self.text(outputs),
      ])
  }

  /// How many directions there are.
  public var directions: Int { direction.reversed.count }

  /// Rows of weights for each direction.
  public var gateCount: Int { kind.gates * hidden }

  /// The row of the output that has the last hidden state, and that of the cell state; nil for what is not given out.
  public var stateRows: (hidden: Int?, cell: Int?) {
    let first = outputs.contains(.sequence) ? steps : 0
    let hidden = outputs.contains(.hidden) ? first : nil
    return (hidden, outputs.contains(.cell) ? first + (hidden == nil ? 0 : 1) : nil)
  }

  /// The products of all steps and what the gates do to them, ten operations each.
  public var operationCount: OperationCount {
    let gates = steps * batch * directions * gateCount
    return OperationCount(multiplyAccumulates: gates * (inputs + hidden), outputs: gates)
      + OperationCount(operations: 10 * gates)
  }

  /// Activations once, and the weights and biases.
  public var memoryAccessCost: Int {
    activationElementCount + directions * gateCount * (inputs + hidden + 2)
  }

  /// Weights and biases.
  public func randomParameters(from random: inout RandomSource) -> RecurrentParameters {
    let (gates, count) = (gateCount, directions)
    func weights(_ columns: Int) -> Tensor {
      let magnitude = (3 / Float(columns)).squareRoot()
      // The sizes have been checked together with the problem's.
      guard let shape = try? TensorShape([count, gates, columns]) else { return Tensor(shape: .scalar) }
      return random.tensor(shape: shape, magnitude: magnitude)
    }
    let (weights, recurrence) = (weights(inputs), weights(hidden))
    return RecurrentParameters(
      uncheckedWeights: weights, recurrence: recurrence,
      bias: (0..<count * 2 * gates).map { _ in random.nextFloat(magnitude: 0.5) })
  }

  /// One of each kind.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    var problems: [RepresentativeProblem] = []
    for kind in Kind.allCases {
      problems.append(
        .init(kind.rawValue, try RecurrentProblem(kind, steps: 32, inputs: 64, hidden: 128, direction: .bidirectional)))
    }
    return problems
  }
}

/// The constants of a recurrent network, in ONNX's order.
public struct RecurrentParameters: Sendable {
  /// `[directions, gates · hidden, inputs]`
  public let weights: Tensor
  /// `[directions, gates · hidden, hidden]`
  public let recurrence: Tensor
  /// For each direction what is added to the product with the input, then to that with the state: `2 · gates · hidden` numbers.
  public let bias: [Float]

  /// Checks the constants against their problem; no bias is zeros.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when a shape is not the problem's.
  public init(weights: Tensor, recurrence: Tensor, bias: [Float]?, for problem: RecurrentProblem) throws(ProblemError) {
    let (count, gates) = (problem.directions, problem.gateCount)
    guard weights.shape.dimensions == [count, gates, problem.inputs],
      recurrence.shape.dimensions == [count, gates, problem.hidden],
      bias == nil || bias?.count == 2 * count * gates
    else {
      throw .inconsistent(
        "weights \(weights.shape), recurrence \(recurrence.shape) and \(bias?.count ?? 0) bias values do not fit "
          + "'\(problem.key)'")
    }
    self.init(
      uncheckedWeights: weights, recurrence: recurrence, bias: bias ?? Array(repeating: 0, count: 2 * count * gates))
  }

  init(uncheckedWeights weights: Tensor, recurrence: Tensor, bias: [Float]) {
    self.weights = weights
    self.recurrence = recurrence
    self.bias = bias
  }
}
