import LayerKernels

extension ConformanceProblems {
  /// Pointwise convolutions with the depthwise convolution behind them.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func pointwiseDepthwise() throws(ProblemError) -> [PointwiseDepthwiseProblem] {
    let relu = Epilogue(bias: true, activation: .relu6)
    var problems: [PointwiseDepthwiseProblem] = [
      // MobileNetV2's expansions and MobileNetV1's first layers, in fewer channels or rows.
      try pair(1, 16, 28, 112, 40, stride: 2, relu, relu), try pair(1, 24, 56, 56, 37, relu, relu),
      try pair(1, 32, 112, 31, 64, stride: 2, relu, relu), try pair(2, 64, 14, 14, 96, relu, relu),
      // Multiples of nothing.
      try pair(1, 1, 1, 1, 2), try pair(3, 5, 7, 9, 19, stride: 2), try pair(1, 17, 13, 33, 29, kernel: 5),
      try pair(2, 3, 11, 5, 6, kernel: 5, stride: 2), try pair(1, 130, 6, 17, 15, relu, Epilogue()),
    ]
    for epilogue in epilogues where !epilogue.hasResidual {
      problems.append(try pair(1, 9, 10, 21, 18, epilogue, Epilogue(bias: true)))
      problems.append(try pair(1, 9, 10, 21, 20, Epilogue(bias: true), epilogue))
    }
    return problems
  }

  private static func pair(
    _ batch: Int, _ inputs: Int, _ height: Int, _ width: Int, _ channels: Int, kernel: Int = 3, stride: Int = 1,
    _ between: Epilogue = .none, _ epilogue: Epilogue = .none
  ) throws(ProblemError) -> PointwiseDepthwiseProblem {
    let input = WindowGeometry.Extent(height: height, width: width)
    return try PointwiseDepthwiseProblem(
      pointwise: ConvolutionProblem(
        batch: batch, inputChannels: inputs, input: input, outputChannels: channels,
        window: WindowGeometry(kernel: .init(1)), epilogue: between),
      depthwise: ConvolutionProblem(
        batch: batch, inputChannels: channels, input: input, outputChannels: channels,
        window: WindowGeometry(kernel: .init(kernel), stride: .init(stride), pads: .init(kernel / 2)),
        groups: channels, epilogue: epilogue))
  }
}
