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
  init?(size: Int, output: Int, kernel: Int, stride: Int, dilation: Int, before: Int) {
    let live = (0..<kernel).filter { tap in
      // The first window whose tap is not before the image has it inside, or none has.
      let offset = tap * dilation - before
      let window = offset >= 0 ? 0 : (stride - 1 - offset) / stride
      return window < output && window * stride + offset < size
    }
    guard let first = live.first, let last = live.last else { return nil }
    taps = first..<(last + 1)
    self.before = before - first * dilation
    // Where the last window ends before the image does, none is needed.
    after = max(0, (output - 1) * stride + (last - first) * dilation + 1 - size - self.before)
    self.dilation = first == last ? 1 : dilation
    guard self.before >= 0 else { return nil }
  }
}

extension ConvolutionProblem {
  /// The convolution without the taps that see only padding, and its parameters; nil where there are none.
  fileprivate func trimmed(
    _ parameters: ConvolutionParameters
  ) throws(ProblemError) -> (problem: ConvolutionProblem, parameters: ConvolutionParameters)? {
    guard window.kernel.height > 1 || window.kernel.width > 1,
      let rows = LiveTaps(
        size: input.height, output: output.height, kernel: window.kernel.height, stride: window.stride.height,
        dilation: window.dilation.height, before: window.pads.top),
      let columns = LiveTaps(
        size: input.width, output: output.width, kernel: window.kernel.width, stride: window.stride.width,
        dilation: window.dilation.width, before: window.pads.left),
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
    let (height, width) = (window.kernel.height, window.kernel.width)
    let weights = parameters.filter.elements
    var kept: [Float] = []
    kept.reserveCapacity(problem.filterShape.elementCount)
    for plane in 0..<(weights.count / (height * width)) {
      for row in rows.taps {
        let start = (plane * height + row) * width
        kept += weights[(start + columns.taps.lowerBound)..<(start + columns.taps.upperBound)]
      }
    }
    guard let filter = try? Tensor(shape: problem.filterShape, elements: kept) else { return nil }
    return (problem, try ConvolutionParameters(filter: filter, bias: parameters.bias, for: problem))
  }
}
