import LayerKernels

extension GraphPass {
  /// Takes the rows and columns of windows away that see nothing but padding wherever the window lies: the outer ones of an atrous
  /// pyramid (Chen et al., "Rethinking atrous convolution", 2017, section 3.3), whose windows are wider than the image.
  ///
  /// What is left of a 3 × 3 window is then often its middle alone, a pointwise convolution.
  public static let trimWindows = GraphPass("trim-windows") { graph in
    var rewriter = try GraphRewriter(graph)
    for node in graph.nodes {
      guard case .layer(let problem as ConvolutionProblem, let parameters as ConvolutionParameters) = node.operation,
        let trimmed = try problem.trimmed(parameters)
      else {
        try rewriter.copy(node)
        continue
      }
      var inputs: [ValueID] = []
      for value in node.inputs { inputs.append(try rewriter.place(value)) }
      try rewriter.emit(
        node.name, trimmed.problem, parameters: trimmed.parameters, inputs: inputs, for: node.output)
    }
    return try rewriter.finish()
  }
}

/// The taps of a window along an axis that some output needs, and the padding that they leave.
private struct LiveTaps: Equatable {
  let taps: Range<Int>
  let before: Int
  let after: Int
  let dilation: Int

  /// Nil where the window has to stay as it is.
  init?(_ axis: WindowAxis) {
    let seen = (0..<axis.output).lazy.compactMap { axis.taps(ofWindow: $0) }
    guard let first = seen.map(\.lowerBound).min(), let last = seen.map({ $0.upperBound - 1 }).max() else { return nil }
    taps = first..<(last + 1)
    before = axis.before - first * axis.dilation
    // Where the last window ends before the image does, none is needed.
    after = max(0, (axis.output - 1) * axis.stride + (last - first) * axis.dilation + 1 - axis.size - before)
    dilation = first == last ? 1 : axis.dilation
    guard before >= 0 else { return nil }
  }
}

extension ConvolutionProblem {
  /// The convolution without the taps that see only padding, and its parameters; nil where there are none.
  fileprivate func trimmed(
    _ parameters: ConvolutionParameters
  ) throws -> (problem: ConvolutionProblem, parameters: ConvolutionParameters)? {
    let axes = window.axes(over: input, output: output)
    guard window.kernel.height > 1 || window.kernel.width > 1, let rows = LiveTaps(axes.rows),
      let columns = LiveTaps(axes.columns),
      rows.taps.count < window.kernel.height || columns.taps.count < window.kernel.width
    else { return nil }
    let problem = try ConvolutionProblem(
      batch: batch, inputChannels: inputChannels, input: input, outputChannels: outputChannels,
      window: WindowGeometry(
        kernel: .init(height: rows.taps.count, width: columns.taps.count), stride: window.stride,
        dilation: .init(height: rows.dilation, width: columns.dilation),
        pads: .init(top: rows.before, left: columns.before, bottom: rows.after, right: columns.after)),
      groups: groups, epilogue: epilogue)
    guard problem.output == output else { return nil }
    return (problem, try parameters.keeping(rows: rows.taps, columns: columns.taps, for: problem))
  }
}
