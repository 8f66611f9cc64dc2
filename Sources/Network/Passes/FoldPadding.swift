import LayerKernels

extension GraphPass {
  /// Moves zero padding of rows and columns into the convolution that alone reads it.
  public static let foldPadding = GraphPass("fold-padding") { graph in
    var rewriter = try GraphRewriter(graph)
    for node in graph.nodes {
      guard case .layer(let layer, let parameters) = node.operation, let problem = layer as? ConvolutionProblem,
        let writer = rewriter.writers[node.inputs[0]], rewriter.onlyReader(of: node.inputs[0]) != nil,
        case .movement(.pad(let before, let after, 0)) = graph.nodes[writer].operation,
        let padded = try? problem.absorbing(before: before, after: after)
      else {
        try rewriter.copy(node)
        continue
      }
      var inputs = [try rewriter.place(graph.nodes[writer].inputs[0])]
      for residual in node.inputs.dropFirst() { inputs.append(try rewriter.place(residual)) }
      try rewriter.emit(node.name, padded, parameters: parameters, inputs: inputs, for: node.output)
    }
    return try removeUnused(rewriter.finish())
  }
}

extension ConvolutionProblem {
  fileprivate func absorbing(before: [Int], after: [Int]) throws(ProblemError) -> ConvolutionProblem {
    guard before[0] == 0, before[1] == 0, after[0] == 0, after[1] == 0 else {
      throw .inconsistent("padding of pictures or channels is none of a convolution's")
    }
    let pads = window.pads
    return try ConvolutionProblem(
      batch: batch, inputChannels: inputChannels,
      input: .init(height: input.height - before[2] - after[2], width: input.width - before[3] - after[3]),
      outputChannels: outputChannels,
      window: WindowGeometry(
        kernel: window.kernel, stride: window.stride, dilation: window.dilation,
        pads: .init(
          top: pads.top + before[2], left: pads.left + before[3], bottom: pads.bottom + after[2],
          right: pads.right + after[3])),
      groups: groups, epilogue: epilogue)
  }
}
