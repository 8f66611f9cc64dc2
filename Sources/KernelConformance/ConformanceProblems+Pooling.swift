import LayerKernels

extension ConformanceProblems {
  /// Maxima and averages over windows and over whole planes.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func poolings() throws(ProblemError) -> [PoolingProblem] {
    var problems: [PoolingProblem] = []
    for reduction in [PoolingProblem.Reduction.maximum, .average, .averageIncludingPadding] {
      problems += [
        // ShuffleNetV2's and ResNet's first pooling, VGG's, SqueezeNet's (rounding up), spatial pyramids'.
        try pooling(reduction, 24, 28, 28, 3, stride: 2, pads: 1), try pooling(reduction, 16, 14, 14, 2, stride: 2),
        try pooling(reduction, 10, 27, 27, 3, stride: 2, roundsUp: true),
        try pooling(reduction, 6, 13, 13, 5, stride: 1, pads: 2),
        // Multiples of nothing.
        try pooling(reduction, 1, 1, 1, 1, stride: 1), try pooling(reduction, 3, 1, 1, 3, stride: 2, pads: 1),
        try pooling(reduction, 5, 5, 7, 3, stride: 2, pads: 1, batch: 2),
        try pooling(reduction, 17, 13, 11, 2, stride: 2, roundsUp: true),
        try pooling(reduction, 3, 8, 37, 3, stride: 1, pads: 1), try pooling(reduction, 4, 11, 10, 3, stride: 3),
        try pooling(reduction, 2, 14, 17, 3, stride: 2, pads: 1, roundsUp: true),
        try pooling(reduction, 3, 9, 9, 2, stride: 3, pads: 1, roundsUp: true),
        try pooling(reduction, 3, 12, 13, 3, stride: 2, dilation: 2, pads: 2),
        try PoolingProblem(
          reduction, channels: 4, input: WindowGeometry.Extent(height: 9, width: 12),
          window: WindowGeometry(
            kernel: WindowGeometry.Extent(height: 2, width: 3), stride: WindowGeometry.Extent(height: 1, width: 2),
            pads: WindowGeometry.Pads(top: 0, left: 0, bottom: 1, right: 1))),
        // Dilation and padding that differ by side and axis; windows longer than any table.
        try PoolingProblem(
          reduction, channels: 5, input: WindowGeometry.Extent(height: 15, width: 19),
          window: WindowGeometry(
            kernel: WindowGeometry.Extent(3), stride: WindowGeometry.Extent(2),
            dilation: WindowGeometry.Extent(height: 2, width: 3),
            pads: WindowGeometry.Pads(top: 4, left: 1, bottom: 0, right: 5)), roundsUp: true),
        try PoolingProblem(
          reduction, channels: 2, input: WindowGeometry.Extent(height: 1, width: 5003),
          window: WindowGeometry(
            kernel: WindowGeometry.Extent(height: 1, width: 4999), stride: WindowGeometry.Extent(height: 1, width: 700),
            pads: WindowGeometry.Pads(top: 0, left: 4998, bottom: 0, right: 3))),
        try PoolingProblem(
          reduction, channels: 3, input: WindowGeometry.Extent(height: 5003, width: 2),
          window: WindowGeometry(
            kernel: WindowGeometry.Extent(height: 4500, width: 2), stride: WindowGeometry.Extent(height: 100, width: 1),
            pads: WindowGeometry.Pads(top: 10, left: 1, bottom: 4400, right: 0)), roundsUp: true),
        try PoolingProblem(
          global: reduction, channels: 2, input: WindowGeometry.Extent(height: 1, width: 5000)),
        try PoolingProblem(
          global: reduction, channels: 1, input: WindowGeometry.Extent(height: 4100, width: 3)),
        // Whole planes.
        try PoolingProblem(global: reduction, channels: 64, input: WindowGeometry.Extent(7)),
        try PoolingProblem(
          global: reduction, batch: 2, channels: 13, input: WindowGeometry.Extent(height: 5, width: 7)),
        try PoolingProblem(global: reduction, channels: 3, input: WindowGeometry.Extent(height: 1, width: 1)),
        try PoolingProblem(global: reduction, channels: 9, input: WindowGeometry.Extent(height: 13, width: 17)),
      ]
    }
    return problems
  }

  private static func pooling(
    _ reduction: PoolingProblem.Reduction, _ channels: Int, _ height: Int, _ width: Int, _ kernel: Int, stride: Int,
    dilation: Int = 1, pads: Int = 0, batch: Int = 1, roundsUp: Bool = false
  ) throws(ProblemError) -> PoolingProblem {
    try PoolingProblem(
      reduction, batch: batch, channels: channels, input: WindowGeometry.Extent(height: height, width: width),
      window: WindowGeometry(
        kernel: WindowGeometry.Extent(kernel), stride: WindowGeometry.Extent(stride),
        dilation: WindowGeometry.Extent(dilation), pads: WindowGeometry.Pads(pads)),
      roundsUp: roundsUp)
  }
}
