public import LayerKernels

/// What the sums of windows are multiplied with to become means: a factor of the row times one of the column.
public struct WindowFactors: Sendable {
  /// One over the rows that a window counts, for each output row; 0 for none.
  public let rows: [Float]
  /// One over the columns that a window counts, for each output column; 0 for none.
  public let columns: [Float]

  /// The factors of a pooling.
  public init(_ problem: PoolingProblem) {
    let window = problem.window
    let countsPadding = problem.reduction == .averageIncludingPadding
    func factors(
      outputs: Int, taps: Int, stride: Int, dilation: Int, before: Int, size: Int, after: Int
    ) -> [Float] {
      let counted = countsPadding ? -before..<size + after : 0..<size
      return (0..<outputs).map { output in
        let start = output * stride - before
        // Those of the window's taps that lie before a position.
        func count(before place: Int) -> Int { min(max((place - start + dilation - 1) / dilation, 0), taps) }
        let counted = count(before: counted.upperBound) - count(before: counted.lowerBound)
        return counted == 0 ? 0 : 1 / Float(counted)
      }
    }
    rows = factors(
      outputs: problem.output.height, taps: window.kernel.height, stride: window.stride.height,
      dilation: window.dilation.height, before: window.pads.top, size: problem.input.height, after: window.pads.bottom)
    columns = factors(
      outputs: problem.output.width, taps: window.kernel.width, stride: window.stride.width,
      dilation: window.dilation.width, before: window.pads.left, size: problem.input.width, after: window.pads.right)
  }
}
