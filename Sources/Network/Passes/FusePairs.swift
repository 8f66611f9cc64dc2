import LayerKernels

extension GraphPass {
  /// Joins a pointwise convolution with the depthwise convolution that alone reads its output, where the activation between
  /// them is too large to stay in a near cache: MobileNetV2's first expansions, for one.
  ///
  /// Smaller ones stay apart, so that each of the two has all its kernels and layouts to choose from.
  public static let fusePointwiseDepthwise = fusePairs(PointwiseDepthwiseProblem.self, minimumBytes: 1 << 20)

  /// Joins a convolution with the pooling that alone reads its output, where the activation between them is too large to stay in
  /// a near cache: the beginning of ShuffleNetV2, for one.
  public static let fuseConvolutionPooling = fusePairs(ConvolutionPoolingProblem.self, minimumBytes: 1 << 20)

  /// Joins two layers to pairs of one kind where the activation between them has at least so many bytes an image.
  public static func fusePairs<Pair: LayerPair>(_ pair: Pair.Type, minimumBytes: Int) -> GraphPass {
    GraphPass("fuse-\(Pair.operation)") { graph in
      var rewriter = try GraphRewriter(graph)
      for node in graph.nodes {
        if let reader = rewriter.onlyReader(of: node.output),
          graph.fusing(node, with: graph.nodes[reader], as: pair, minimumBytes) != nil
        {
          continue
        }
        guard let first = node.inputs.first, let writer = rewriter.writers[first],
          rewriter.onlyReader(of: first) != nil,
          let fused = graph.fusing(graph.nodes[writer], with: node, as: pair, minimumBytes)
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
  fileprivate func fusing<Pair: LayerPair>(
    _ first: GraphNode, with second: GraphNode, as pair: Pair.Type, _ minimumBytes: Int
  ) -> (problem: Pair, parameters: Pair.Parameters)? {
    guard case .layer(let firstProblem as Pair.First, let firstParameters as Pair.First.Parameters) = first.operation,
      case .layer(let secondProblem as Pair.Second, let secondParameters as Pair.Second.Parameters) = second.operation,
      first.inputs.count == 1, second.inputs == [first.output],
      // A step that flips between the two would be no longer a step after the second.
      firstProblem.outputStep == 0,
      firstProblem.outputShape.elementCount / max(firstProblem.outputShape[0], 1) * MemoryLayout<Float>.stride
        >= minimumBytes,
      let problem = try? Pair(first: firstProblem, second: secondProblem)
    else { return nil }
    return (problem, Pair.parameters(firstParameters, secondParameters))
  }
}
