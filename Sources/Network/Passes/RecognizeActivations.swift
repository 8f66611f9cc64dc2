import LayerKernels

extension GraphPass {
  /// Writes the formulas of activations as one layer each, as exporters of older opsets spell them: swish, hard-swish, GELU in
  /// both forms and mish, in any order of their steps.
  public static let recognizeActivations = GraphPass("recognize-activations") { graph in
    var rewriter = try GraphRewriter(graph)
    for node in graph.nodes {
      guard ScalarExpression.elementwise(node) != nil,
        let (function, value) = activation(of: node.output, in: graph, writers: rewriter.writers)
      else {
        try rewriter.copy(node)
        continue
      }
      try rewriter.emit(
        node.name, ElementwiseProblem(function, shape: graph[node.output].shape), parameters: NoParameters(),
        inputs: [try rewriter.place(value)], for: node.output)
    }
    // What only the formula has read would pass for a reader of the layer before.
    return try removeUnused(rewriter.finish())
  }

  /// What a value is an activation of, by several nodes.
  private static func activation(
    of output: ValueID, in graph: Graph, writers: [ValueID: Int]
  ) -> (Activation, ValueID)? {
    for argument in ScalarExpression.arguments(of: output, in: graph, writers: writers) {
      var expression = ScalarExpression(of: argument, in: graph, writers: writers)
      if let results = expression.values(of: output), expression.nodeCount > 1,
        let function = Activation(results: results)
      {
        return (function, argument)
      }
    }
    return nil
  }
}
