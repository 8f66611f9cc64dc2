import LayerKernels

/// The kinds of recurrent networks, each with its gates in the order of their weights.
enum RecurrentKind: String {
  case simple = "RNN"
  case gatedUnit = "GRU"
  case longShortTerm = "LSTM"

  /// Rows of weights for each hidden number.
  var gates: Int {
    switch self {
    case .simple: 1
    case .gatedUnit: 3
    case .longShortTerm: 4
    }
  }

  /// The functions where the node names none.
  var activations: [String] {
    switch self {
    case .simple: ["Tanh"]
    case .gatedUnit: ["Sigmoid", "Tanh"]
    case .longShortTerm: ["Sigmoid", "Tanh", "Tanh"]
    }
  }
}

/// The sizes of one recurrent network.
struct RecurrentSizes {
  let kind: RecurrentKind
  let steps: Int
  let batch: Int
  let inputs: Int
  let hidden: Int
  /// For each direction, whether it starts at the last step.
  let reversed: [Bool]
  /// Whether the batch comes before steps and directions (`layout` 1).
  let isBatchFirst: Bool

  /// Numbers of all gates.
  var gateCount: Int { kind.gates * hidden }

  /// Checks that input, weights and attributes fit each other.
  ///
  /// - Parameter weightsAreTurned: whether weights have a row for each input instead of each gate's number.
  /// - Throws: ``OperatorError`` or `ShapeError` when they do not.
  init(
    _ kind: RecurrentKind, _ input: TensorShape, _ weights: TensorShape, _ recurrence: TensorShape,
    _ attributes: OperatorAttributes, weightsAreTurned: Bool = false
  ) throws {
    self.kind = kind
    guard input.rank == 3, weights.rank == 3, recurrence.rank == 3 else {
      throw OperatorError("input \(input), weights \(weights) and recurrence \(recurrence) have to be of 3 dimensions")
    }
    isBatchFirst = attributes.flag("layout")
    (steps, batch, inputs) = (input[isBatchFirst ? 1 : 0], input[isBatchFirst ? 0 : 1], input[2])
    // The first version of GRU has a misspelt default.
    switch attributes.text("direction") ?? "forward" {
    case "forward", "foward": reversed = [false]
    case "reverse": reversed = [true]
    case "bidirectional": reversed = [false, true]
    case let other: throw OperatorError("direction '\(other)' is none of forward, reverse and bidirectional")
    }
    hidden = recurrence[weightsAreTurned ? 1 : 2]
    let gates = kind.gates * hidden
    let wanted = weightsAreTurned ? [[inputs, gates], [hidden, gates]] : [[gates, inputs], [gates, hidden]]
    guard weights.dimensions == [reversed.count] + wanted[0], recurrence.dimensions == [reversed.count] + wanted[1]
    else {
      throw OperatorError(
        "weights \(weights) and recurrence \(recurrence) do not fit input \(input) in \(reversed.count) directions")
    }
    if let given = attributes.integer("hidden_size"), given != hidden {
      throw OperatorError("hidden_size is \(given), but the recurrence \(recurrence) is for \(hidden)")
    }
    // What the input adds to all gates at all steps has to fit, too.
    _ = try TensorShape([steps, batch, gates])
  }

  /// The shape of the output of all steps.
  func sequence() throws -> TensorShape {
    try TensorShape(
      isBatchFirst ? [batch, steps, reversed.count, hidden] : [steps, reversed.count, batch, hidden])
  }

  /// The shape of a state.
  func state() throws -> TensorShape {
    try TensorShape(isBatchFirst ? [batch, reversed.count, hidden] : [reversed.count, batch, hidden])
  }

  /// The row of the input at a step.
  func inputRow(step: Int, image: Int) -> Int { isBatchFirst ? image * steps + step : step * batch + image }

  /// Where the output of a step begins.
  func outputStart(step: Int, direction: Int, image: Int) -> Int {
    let row =
      isBatchFirst
      ? (image * steps + step) * reversed.count + direction : (step * reversed.count + direction) * batch + image
    return row * hidden
  }

  /// Where a state begins.
  func stateStart(direction: Int, image: Int) -> Int {
    (isBatchFirst ? image * reversed.count + direction : direction * batch + image) * hidden
  }

  /// The outputs' types: all steps, the last hidden state, and for LSTM the last cell state.
  func types(_ type: ElementType) throws -> [TensorType] {
    let state = TensorType(type, try state())
    return [TensorType(type, try sequence()), state] + (kind == .longShortTerm ? [state] : [])
  }
}
