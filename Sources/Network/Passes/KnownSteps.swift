import LayerKernels

/// Which values of a graph are whole multiples of a step: those that a layer rounds, and what only moves, selects or clamps them.
struct KnownSteps {
  private var steps: [ValueID: Quantisation] = [:]

  /// Nothing is known yet.
  init() {}

  /// What all nodes of a graph write.
  init(_ graph: Graph) {
    for node in graph.nodes { note(node, in: graph) }
  }

  /// The multiples that a value is; nil where that is not known.
  subscript(value: ValueID) -> Quantisation? { steps[value] }

  /// Takes in what the next node writes.
  mutating func note(_ node: GraphNode, in graph: Graph) {
    switch node.operation {
    case .layer(let problem as ElementwiseProblem, _):
      switch problem.function {
      case .unary(let activation), .binary(_, let activation): steps[node.output] = Quantisation(activation)
      case .squareRoot: break
      }
    case .layer(let problem as ConvolutionProblem, _):
      steps[node.output] = Quantisation(problem.epilogue.activation)
    case .layer(let problem as MatrixMultiplyProblem, _):
      steps[node.output] = Quantisation(problem.epilogue.activation)
    case .layer(let problem as PoolingProblem, _) where problem.reduction == .maximum:
      steps[node.output] = steps[node.inputs[0]]
    case .layer: break
    case .movement(.pad(_, _, let value)) where value != 0: break
    case .movement(let movement):
      guard var (lower, upper) = bounds(of: node.inputs) else { return }
      if case .pad = movement { (lower, upper) = (min(lower, 0), max(upper, 0)) }
      steps[node.output] = steps[node.inputs[0]].flatMap {
        Quantisation(step: $0.step, lower: lower, upper: upper)
      }
    }
  }

  /// The bounds of values that are multiples of one step; nil where they are not.
  private func bounds(of values: [ValueID]) -> (lower: Float, upper: Float)? {
    let known = values.compactMap { steps[$0] }
    guard let first = known.first, known.count == values.count, known.allSatisfy({ $0.step == first.step }) else {
      return nil
    }
    return (known.reduce(first.lower) { min($0, $1.lower) }, known.reduce(first.upper) { max($0, $1.upper) })
  }
}
