import LayerKernels
import Network
import TensorOperators

/// Recurrent networks of constant weights and the usual functions; all others run by the operators' definitions.
extension ONNXOperatorRegistry {
  mutating func registerRecurrences() {
    for name in ["RNN", "GRU", "LSTM"] {
      register(name) { node, importer in
        try RecurrentNode(node, kind: Self.recurrentKind(node), &importer).outputs(&importer)
      }
    }
  }

  private static func recurrentKind(_ node: ONNXNode) -> RecurrentProblem.Kind {
    switch node.operatorName {
    case "RNN": .simple
    case "GRU": node.integer("linear_before_reset") ?? 0 == 0 ? .gatedUnit : .gatedUnitAfterProduct
    default: .longShortTerm
    }
  }
}

/// A recurrent node that a layer can do.
private struct RecurrentNode {
  private let node: ONNXNode
  private let problem: RecurrentProblem
  private let parameters: RecurrentParameters
  /// Input and first states in the order of layers: steps and directions before the batch.
  private let inputs: [ImportedValue]
  private let isBatchFirst: Bool

  /// What each output of the node is.
  private static let meanings: [RecurrentProblem.Outputs] = [.sequence, .hidden, .cell]

  /// - Throws: ``ONNXError`` when the node is wrong or of a form that layers are not of.
  init(_ node: ONNXNode, kind: RecurrentProblem.Kind, _ importer: inout GraphImporter) throws {
    self.node = node
    var input = try importer.required(0, of: node)
    guard input.shape.rank == 3, let weights = try importer.constantTensor(1, of: node),
      let recurrence = try importer.constantTensor(2, of: node), recurrence.shape.rank == 3
    else { throw node.error("its input \(input.shape), weights and recurrence have to be of 3 dimensions") }
    isBatchFirst = node.integer("layout") ?? 0 != 0
    if isBatchFirst { input = try importer.move(.transpose(permutation: [1, 0, 2]), [input], for: node) }
    let (steps, batch, hidden) = (input.shape[0], input.shape[1], recurrence.shape[2])
    let direction = try Self.direction(node)
    try Self.checkFunctions(node, kind, directions: direction.reversed.count)
    try Self.checkLengths(node, steps: steps, importer)
    if let given = node.integer("hidden_size"), given != hidden {
      throw node.error("hidden_size is \(given), but the recurrence \(recurrence.shape) is for \(hidden)")
    }
    if kind == .longShortTerm, let peepholes = importer.input(7, of: node), !peepholes.isZero {
      throw node.unsupported("no layer has peepholes")
    }
    let states = try Self.states(node, kind, [direction.reversed.count, batch, hidden], isBatchFirst, &importer)
    var wanted: RecurrentProblem.Outputs = []
    for (name, meaning) in zip(node.outputs, Self.meanings) where !name.isEmpty { wanted.insert(meaning) }
    // The last state of one direction is a step of the sequence.
    if direction != .bidirectional, wanted.contains(.sequence), !wanted.contains(.cell) { wanted = .sequence }
    problem = try RecurrentProblem(
      kind, steps: steps, batch: batch, inputs: input.shape[2], hidden: hidden, direction: direction,
      hasInitialStates: !states.isEmpty, outputs: wanted)
    parameters = try RecurrentParameters(
      weights: weights, recurrence: recurrence, bias: importer.constantTensor(3, of: node)?.elements, for: problem)
    inputs = [input] + states
  }

  private static func direction(_ node: ONNXNode) throws -> RecurrentProblem.Direction {
    let name = node.text("direction") ?? "forward"
    // The first version of GRU has a misspelt default.
    guard let direction = RecurrentProblem.Direction(rawValue: name == "foward" ? "forward" : name) else {
      throw node.error("direction '\(name)' is none of forward, reverse and bidirectional")
    }
    return direction
  }

  private static func checkFunctions(_ node: ONNXNode, _ kind: RecurrentProblem.Kind, directions: Int) throws {
    if let names = try node.operatorAttributes().texts("activations"), !names.isEmpty {
      let usual =
        switch kind {
        case .simple: ["tanh"]
        case .gatedUnit, .gatedUnitAfterProduct: ["sigmoid", "tanh"]
        case .longShortTerm: ["sigmoid", "tanh", "tanh"]
        }
      let all = (0..<directions).flatMap { _ in usual }
      guard [usual, all].contains(names.map { $0.lowercased() }) else {
        throw node.unsupported("no layer has the activations \(names.joined(separator: ", "))")
      }
    }
    guard !node.has("clip"), node.integer("input_forget") ?? 0 == 0 else {
      throw node.unsupported("no layer clips what gates read or joins input and forget gate")
    }
  }

  private static func checkLengths(_ node: ONNXNode, steps: Int, _ importer: GraphImporter) throws {
    guard let lengths = importer.input(4, of: node) else { return }
    guard let known = lengths.constant?.integers, known.allSatisfy({ $0 == steps }) else {
      throw node.unsupported("no layer has sequences of different lengths")
    }
  }

  /// The first states where they are not all zero.
  private static func states(
    _ node: ONNXNode, _ kind: RecurrentProblem.Kind, _ shape: [Int], _ isBatchFirst: Bool,
    _ importer: inout GraphImporter
  ) throws -> [ImportedValue] {
    let given = (kind == .longShortTerm ? [5, 6] : [5]).map { importer.input($0, of: node) }
    let own = isBatchFirst ? [shape[1], shape[0], shape[2]] : shape
    for case let state? in given where state.shape.dimensions != own {
      throw node.error("initial state \(state.shape) should be \(try TensorShape(own))")
    }
    guard given.contains(where: { $0?.isZero == false }) else { return [] }
    return try given.map { state in
      guard let state else { return ImportedValue(Tensor(shape: try TensorShape(shape), repeating: 0)) }
      return isBatchFirst ? try importer.move(.transpose(permutation: [1, 0, 2]), [state], for: node) : state
    }
  }

  /// Adds the layer and takes it apart into the node's outputs.
  func outputs(_ importer: inout GraphImporter) throws -> [ImportedValue] {
    let result = try importer.add(problem, parameters: parameters, inputs, for: node)
    let rows = problem.outputShape[0]
    return try node.outputs.indices.map { index in
      guard index < Self.meanings.count, !node.outputs[index].isEmpty else { return result }
      let part = node.makingOnly(output: index)
      if index == 0 {
        let sequence = try slice(result, 0..<problem.steps, part, &importer)
        return isBatchFirst
          ? try importer.move(.transpose(permutation: [2, 0, 1, 3]), [sequence], for: part) : sequence
      }
      let last = problem.direction == .reverse ? 0 : rows - 1
      guard let row = index == 2 ? problem.stateRows.cell : problem.stateRows.hidden ?? last else {
        throw node.error("output '\(node.outputs[index])' is a cell's, which its units have not")
      }
      var state = try slice(result, row..<row + 1, part, &importer)
      state = try importer.move(.reshape, [state], to: Array(result.shape.dimensions.dropFirst()), for: part)
      return isBatchFirst ? try importer.move(.transpose(permutation: [1, 0, 2]), [state], for: part) : state
    }
  }

  private func slice(
    _ value: ImportedValue, _ rows: Range<Int>, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    guard rows.count < value.shape[0] else { return value }
    try importer.reserve(rows.count, for: node)
    return try importer.move(.gather(axis: 0, indices: Array(rows)), [value], for: node)
  }
}

extension ImportedValue {
  /// Whether it is known to be zero throughout.
  fileprivate var isZero: Bool { constant?.doubles.allSatisfy { $0 == 0 } ?? false }
}
