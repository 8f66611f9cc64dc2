import LayerKernels

extension GraphPass {
  /// Joins a pointwise convolution with the depthwise convolution that alone reads its output, where the activation between
  /// them is too large to stay in a near cache: MobileNetV2's first expansions, for one.
  ///
  /// Smaller ones stay apart, so that each of the two has all its kernels and layouts to choose from.
  public static let fusePointwiseDepthwise = fusePointwiseDepthwise(minimumBytes: 1 << 20)

  /// The same for activations of at least so many bytes a picture.
  public static func fusePointwiseDepthwise(minimumBytes: Int) -> GraphPass {
    GraphPass("fuse-pointwise-depthwise") { graph in
      var rewriter = try GraphRewriter(graph)
      for node in graph.nodes {
        if let reader = rewriter.onlyReader(of: node.output),
          graph.fusing(node, with: graph.nodes[reader], minimumBytes) != nil
        {
          continue
        }
        guard let first = node.inputs.first, let writer = rewriter.writers[first],
          rewriter.onlyReader(of: first) != nil,
          let fused = graph.fusing(graph.nodes[writer], with: node, minimumBytes)
        else {
          try rewriter.copy(node)
          continue
        }
        let input = try rewriter.place(graph.nodes[writer].inputs[0])
        try rewriter.emit(
          "\(graph.nodes[writer].name)+\(node.name)", fused.problem, parameters: fused.parameters, inputs: [input],
          for: node.output)
      }
      return try rewriter.finish()
    }
  }
}

extension Graph {
  /// What two nodes, of which the second reads the first one's output, are as one; nil when they stay apart.
  fileprivate func fusing(
    _ first: GraphNode, with second: GraphNode, _ minimumBytes: Int
  ) -> (problem: PointwiseDepthwiseProblem, parameters: PointwiseDepthwiseParameters)? {
    guard case .layer(let pointwise as ConvolutionProblem, let weights as ConvolutionParameters) = first.operation,
      case .layer(let depthwise as ConvolutionProblem, let filters as ConvolutionParameters) = second.operation,
      second.inputs == [first.output],
      pointwise.outputShape.elementCount / pointwise.batch * MemoryLayout<Float>.stride >= minimumBytes,
      let problem = try? PointwiseDepthwiseProblem(pointwise: pointwise, depthwise: depthwise)
    else { return nil }
    return (problem, PointwiseDepthwiseParameters(pointwise: weights, depthwise: filters))
  }
}
