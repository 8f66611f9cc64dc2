import LayerKernels

extension GraphPass {
  /// Writes x · sigmoid(x) as swish and x · hard-sigmoid(x; 1/6, 1/2) as hard-swish, as exporters of older opsets spell them.
  public static let recognizeActivations = GraphPass("recognize-activations") { graph in
    var rewriter = try GraphRewriter(graph)
    for node in graph.nodes {
      guard case .layer(let layer, _) = node.operation, let problem = layer as? ElementwiseProblem,
        case .binary(.multiply, .identity) = problem.function,
        let (function, value) = gatedActivation(node, in: rewriter)
      else {
        try rewriter.copy(node)
        continue
      }
      try rewriter.emit(
        node.name, ElementwiseProblem(function, shape: graph[node.output].shape), parameters: NoParameters(),
        inputs: [try rewriter.place(value)], for: node.output)
    }
    return try rewriter.finish()
  }

  private static func gatedActivation(_ node: GraphNode, in rewriter: GraphRewriter) -> (Activation, ValueID)? {
    for (value, gate) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let writer = rewriter.writers[gate], rewriter.source.nodes[writer].inputs == [value],
        case .layer(let layer, _) = rewriter.source.nodes[writer].operation,
        let problem = layer as? ElementwiseProblem, case .unary(let function) = problem.function
      else { continue }
      switch function {
      case .sigmoid: return (.swish, value)
      case .hardSigmoid(let alpha, 0.5) where (alpha - 1 / 6).magnitude < 1e-6: return (.hardSwish, value)
      default: continue
      }
    }
    return nil
  }
}
