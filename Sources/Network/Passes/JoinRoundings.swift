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
        let rounding = graph.nodes[reader].unary, Quantisation(rounding)?.narrowed(to: bounds) != nil
      {
        // The rounding after it keeps the bounds.
        rewriter.replace(node.output, by: try rewriter.place(node.inputs[0]))
      } else if let rounding = node.unary.flatMap({ Quantisation($0) }) {
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
    _ rounding: Quantisation, _ node: GraphNode, in graph: Graph, _ known: KnownSteps, _ rewriter: inout GraphRewriter
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

extension Quantisation {
  /// The rounding of what was clamped before; nil where the bounds are none.
  fileprivate func narrowed(to bounds: (lower: Float, upper: Float)) -> Quantisation? {
    guard bounds.lower <= bounds.upper else { return nil }
    func steps(_ bound: Float) -> Float { min(max(bound / step, lower), upper).rounded(.toNearestOrEven) }
    return Quantisation(step: step, lower: steps(bounds.lower), upper: steps(bounds.upper))
  }

  /// The rounding with the bounds of the clamp that writes what it reads, where it alone reads it.
  fileprivate func afterClamp(writing value: ValueID, in graph: Graph, _ rewriter: GraphRewriter) -> Quantisation {
    guard rewriter.onlyReader(of: value) != nil, let writer = rewriter.writers[value],
      let bounds = graph.nodes[writer].unary?.clampBounds
    else { return self }
    return narrowed(to: bounds) ?? self
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
      let rounding = graph.nodes[writer].unary.flatMap({ Quantisation($0) })
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
