import LayerKernels

extension GraphPass {
  /// Writes a mean over rows and columns of `[N, C, H, W]` as global average pooling, which has kernels for every layout.
  public static let recognizeGlobalPooling = GraphPass("recognize-global-pooling") { graph in
    var rewriter = try GraphRewriter(graph)
    for node in graph.nodes {
      guard case .layer(let layer, _) = node.operation, let problem = layer as? ReductionProblem,
        problem.inputShape.rank == 4, problem.axes == [2, 3], let pooling = window(over: problem.inputShape)
      else {
        try rewriter.copy(node)
        continue
      }
      try rewriter.emit(
        node.name, pooling, parameters: NoParameters(), inputs: [try rewriter.place(node.inputs[0])], for: node.output)
    }
    return try rewriter.finish()
  }

  /// Nil where the planes are larger than any window may be: such a mean stays what it is.
  private static func window(over shape: TensorShape) -> PoolingProblem? {
    try? PoolingProblem(
      global: .average, batch: shape[0], channels: shape[1], input: .init(height: shape[2], width: shape[3]))
  }
}
