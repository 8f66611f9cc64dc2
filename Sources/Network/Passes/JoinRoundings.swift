import LayerKernels

extension GraphPass {
  /// Rounds no value twice in networks that came with 8-bit numbers: a clamp before a rounding narrows its bounds, a rounding of what
  /// is on its steps already goes, as after a reshape or a concatenation, and one before a maximum pooling moves after it,
  /// where there is less to round.
  ///
  /// Rounding never changes the order of two numbers, so that it can change places with clamps and maxima.
  public static let joinRoundings = GraphPass("join-roundings") { graph in
    var rewriter = try GraphRewriter(graph)
    var known = KnownSteps()
    for node in graph.nodes {
      if let pooling = MaximumAfterRounding(node, in: graph, rewriter) {
        let input = try rewriter.place(pooling.input)
        let pooled = try rewriter.add(
          node.name, pooling.pooling, inputs: [input], outputName: rewriter.freeName(graph[node.output].name))
        try rewriter.emit(
          rewriter.freeName("\(node.name) rounding"),
          ElementwiseProblem(pooling.rounding, shape: graph[node.output].shape), parameters: NoParameters(),
          inputs: [pooled], for: node.output)
      } else if let reader = rewriter.onlyReader(of: node.output),
        MaximumAfterRounding(graph.nodes[reader], in: graph, rewriter) != nil
      {
        // Emitted after the pooling.
      } else if let reader = rewriter.onlyReader(of: node.output), let clamp = node.unary,
        let bounds = clamp.clampBounds,
        let rounding = graph.nodes[reader].unary, Rounding(rounding)?.narrowed(to: bounds) != nil
      {
        // The rounding after it keeps the bounds.
        rewriter.replace(node.output, by: try rewriter.place(node.inputs[0]))
      } else if let rounding = node.unary.flatMap({ Rounding($0) }) {
        try take(rounding, node, in: graph, known, &rewriter)
      } else {
        try rewriter.copy(node)
      }
      known.note(node, in: graph)
    }
    return try removeUnused(rewriter.finish())
  }

  /// Emits a rounding with the bounds of the clamp before it, or nothing where the value is on its steps already.
  private static func take(
    _ rounding: Rounding, _ node: GraphNode, in graph: Graph, _ known: KnownSteps, _ rewriter: inout GraphRewriter
  ) throws {
    let input = node.inputs[0]
    if let steps = known[input], steps.isWithin(rounding), !graph.outputs.contains(node.output) {
      return rewriter.replace(node.output, by: try rewriter.place(input))
    }
    let place = try rewriter.place(input)
    let narrowed = rounding.afterClamp(writing: input, in: graph, rewriter)
    try rewriter.emit(
      node.name, ElementwiseProblem(narrowed.activation, shape: graph[node.output].shape),
      parameters: NoParameters(), inputs: [place], for: node.output)
  }
}

/// Steps that values are rounded to, and how many of them there are on both sides of 0.
private struct Rounding {
  var step: Float
  var lower: Float
  var upper: Float

  init?(_ activation: Activation) {
    guard case .quantized(let step, let lower, let upper) = activation else { return nil }
    (self.step, self.lower, self.upper) = (step, lower, upper)
  }

  var activation: Activation { .quantized(step: step, lower: lower, upper: upper) }

  /// The rounding of what was clamped before; nil where the bounds are none.
  func narrowed(to bounds: (lower: Float, upper: Float)) -> Rounding? {
    guard bounds.lower <= bounds.upper else { return nil }
    func steps(_ bound: Float) -> Float { min(max(bound / step, lower), upper).rounded(.toNearestOrEven) }
    var result = self
    (result.lower, result.upper) = (steps(bounds.lower), steps(bounds.upper))
    return result
  }

  /// The rounding with the bounds of the clamp that writes what it reads, where it alone reads it.
  func afterClamp(writing value: ValueID, in graph: Graph, _ rewriter: GraphRewriter) -> Rounding {
    guard rewriter.onlyReader(of: value) != nil, let writer = rewriter.writers[value],
      let bounds = graph.nodes[writer].unary?.clampBounds
    else { return self }
    return narrowed(to: bounds) ?? self
  }

  /// Whether another rounding leaves what is on these steps as it is: a whole multiple of a step over the step is at most a unit in
  /// the last place from a whole number.
  func isWithin(_ other: Rounding) -> Bool { step == other.step && lower >= other.lower && upper <= other.upper }
}

/// What is known to be on steps: roundings, and what only moves, selects or clamps their results.
private struct KnownSteps {
  private var steps: [ValueID: Rounding] = [:]

  subscript(value: ValueID) -> Rounding? { steps[value] }

  mutating func note(_ node: GraphNode, in graph: Graph) {
    switch node.operation {
    case .layer(let problem as ElementwiseProblem, _):
      switch problem.function {
      case .unary(let activation), .binary(_, let activation): steps[node.output] = Rounding(activation)
      case .squareRoot: break
      }
    case .layer(let problem as PoolingProblem, _) where problem.reduction == .maximum:
      steps[node.output] = steps[node.inputs[0]]
    case .movement(.pad(_, _, let value)) where value != 0: break
    case .movement:
      let inputs = node.inputs.map { steps[$0] }
      guard var joined = inputs.first ?? nil, inputs.allSatisfy({ $0?.step == joined.step }) else { return }
      for case let other? in inputs {
        joined.lower = min(joined.lower, other.lower)
        joined.upper = max(joined.upper, other.upper)
      }
      if case .movement(.pad) = node.operation {
        (joined.lower, joined.upper) = (min(joined.lower, 0), max(joined.upper, 0))
      }
      steps[node.output] = joined
    default: break
    }
  }
}

/// A maximum pooling that alone reads what a rounding writes.
private struct MaximumAfterRounding {
  let pooling: PoolingProblem
  let rounding: Activation
  /// What is rounded.
  let input: ValueID

  init?(_ node: GraphNode, in graph: Graph, _ rewriter: GraphRewriter) {
    guard case .layer(let pooling as PoolingProblem, _) = node.operation, pooling.reduction == .maximum,
      rewriter.onlyReader(of: node.inputs[0]) != nil, let writer = rewriter.writers[node.inputs[0]],
      let rounding = graph.nodes[writer].unary.flatMap({ Rounding($0) })
    else { return nil }
    // A window without an element has a maximum that no rounding gives.
    let axes = pooling.window.axes(over: pooling.input, output: pooling.output)
    guard axes.rows.everyWindowSeesTheImage, axes.columns.everyWindowSeesTheImage else { return nil }
    self.pooling = pooling
    input = graph.nodes[writer].inputs[0]
    self.rounding = rounding.afterClamp(writing: input, in: graph, rewriter).activation
  }
}

extension WindowAxis {
  /// Whether each window has at least one element of the image.
  fileprivate var everyWindowSeesTheImage: Bool { (0..<output).allSatisfy { taps(ofWindow: $0) != nil } }
}

extension GraphNode {
  /// The function of an element-wise layer of one operand; nil for any other node.
  fileprivate var unary: Activation? {
    guard case .unary(let function) = ScalarExpression.elementwise(self)?.function else { return nil }
    return function
  }
}
