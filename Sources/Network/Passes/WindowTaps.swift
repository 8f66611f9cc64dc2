import LayerKernels

/// Windows along one axis of an image, and which of their taps see it.
struct WindowAxis {
  let size: Int
  let output: Int
  let kernel: Int
  let stride: Int
  let dilation: Int
  let before: Int

  /// The taps of a window that lie inside the image, which are neighbours; nil where none does.
  func taps(ofWindow position: Int) -> Range<Int>? {
    let start = position * stride - before
    let first = start >= 0 ? 0 : (dilation - 1 - start) / dilation
    let end = start >= size ? 0 : min(kernel, (size - 1 - start) / dilation + 1)
    return first < end ? first..<end : nil
  }
}

extension WindowGeometry {
  /// The windows' rows and columns over an image.
  func axes(
    over input: Extent, output: Extent
  ) -> (rows: WindowAxis, columns: WindowAxis) {
    (
      WindowAxis(
        size: input.height, output: output.height, kernel: kernel.height, stride: stride.height,
        dilation: dilation.height, before: pads.top),
      WindowAxis(
        size: input.width, output: output.width, kernel: kernel.width, stride: stride.width, dilation: dilation.width,
        before: pads.left)
    )
  }
}

extension ConvolutionParameters {
  /// The parameters of a convolution with some of the filter's rows and columns of taps.
  ///
  /// - Throws: ``ProblemError`` when the problem's filters are of another size.
  func keeping(rows: Range<Int>, columns: Range<Int>, for problem: ConvolutionProblem) throws -> ConvolutionParameters {
    let (height, width) = (filter.shape[2], filter.shape[3])
    let kept = filter.withElements { weights in
      var kept: [Float] = []
      kept.reserveCapacity(problem.filterShape.elementCount)
      for plane in 0..<(weights.count / (height * width)) {
        for row in rows {
          let start = (plane * height + row) * width
          kept += weights[(start + columns.lowerBound)..<(start + columns.upperBound)]
        }
      }
      return kept
    }
    return try ConvolutionParameters(
      filter: Tensor(shape: problem.filterShape, elements: kept), bias: bias, for: problem)
  }
}
