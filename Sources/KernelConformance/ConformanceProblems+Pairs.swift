import LayerKernels

extension ConformanceProblems {
  /// Pointwise convolutions with the depthwise convolution after them.
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
      // DeepLabV3's dilated blocks; 7×7.
      try pair(1, 9, 13, 33, 21, kernel: 5, dilation: 2, relu, relu), try pair(2, 5, 11, 7, 18, dilation: 3),
      try pair(1, 6, 10, 11, 13, kernel: 7, relu, relu),
    ]
    for epilogue in epilogues where !epilogue.hasResidual {
      problems.append(try pair(1, 9, 10, 21, 18, epilogue, Epilogue(bias: true)))
      problems.append(try pair(1, 9, 10, 21, 20, Epilogue(bias: true), epilogue))
    }
    return problems
  }

  private static func pair(
    _ batch: Int, _ inputs: Int, _ height: Int, _ width: Int, _ channels: Int, kernel: Int = 3, stride: Int = 1,
    dilation: Int = 1, _ between: Epilogue = .none, _ epilogue: Epilogue = .none
  ) throws(ProblemError) -> PointwiseDepthwiseProblem {
    let input = WindowGeometry.Extent(height: height, width: width)
    return try PointwiseDepthwiseProblem(
      pointwise: ConvolutionProblem(
        batch: batch, inputChannels: inputs, input: input, outputChannels: channels,
        window: WindowGeometry(kernel: .init(1)), epilogue: between),
      depthwise: ConvolutionProblem(
        batch: batch, inputChannels: channels, input: input, outputChannels: channels,
        window: WindowGeometry(
          kernel: .init(kernel), stride: .init(stride), dilation: .init(dilation), pads: .init(kernel / 2 * dilation)),
        groups: channels, epilogue: epilogue))
  }

  /// Convolutions with the pooling after them.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func convolutionPoolings() throws(ProblemError) -> [ConvolutionPoolingProblem] {
    var problems: [ConvolutionPoolingProblem] = []
    for reduction in [PoolingProblem.Reduction.maximum, .average, .averageIncludingPadding] {
      problems += [
        // ShuffleNetV2's beginning, SqueezeNet's (rounding up) and ResNet's, on smaller images.
        try pooled(reduction, 3, 48, 64, 24, stride: 2),
        try pooled(reduction, 3, 63, 71, 13, stride: 2, pads: 0, roundsUp: true),
        try pooled(reduction, 3, 40, 96, 20, kernel: 7, stride: 2, pads: 3),
        // VGG's, and multiples of nothing.
        try pooled(reduction, 8, 22, 37, 11, pool: 2, poolPads: 0), try pooled(reduction, 5, 19, 33, 7, batch: 3),
        try pooled(reduction, 4, 13, 35, 6, groups: 2, pool: 3, poolStride: 1),
        try pooled(reduction, 2, 9, 41, 5, poolStride: 4),
        try pooled(reduction, 3, 17, 20, 9, pool: 5, poolStride: 3, poolPads: 2, batch: 2),
        try pooled(reduction, 1, 3, 18, 1, poolDilation: 2, poolPads: 2),
      ]
    }
    for epilogue in epilogues where !epilogue.hasResidual {
      problems.append(try pooled(.maximum, 6, 12, 21, 10, epilogue: epilogue))
    }
    return problems
  }

  private static func pooled(
    _ reduction: PoolingProblem.Reduction, _ inputs: Int, _ height: Int, _ width: Int, _ channels: Int, kernel: Int = 3,
    stride: Int = 1, pads: Int = 1, groups: Int = 1, pool: Int = 3, poolStride: Int = 2, poolDilation: Int = 1,
    poolPads: Int? = nil, roundsUp: Bool = false, batch: Int = 1,
    epilogue: Epilogue = Epilogue(bias: true, activation: .relu)
  ) throws(ProblemError) -> ConvolutionPoolingProblem {
    let convolution = try ConvolutionProblem(
      batch: batch, inputChannels: inputs, input: WindowGeometry.Extent(height: height, width: width),
      outputChannels: channels * groups,
      window: WindowGeometry(kernel: .init(kernel), stride: .init(stride), pads: .init(pads)), groups: groups,
      epilogue: epilogue)
    return try ConvolutionPoolingProblem(
      first: convolution,
      second: PoolingProblem(
        reduction, batch: batch, channels: channels * groups, input: convolution.output,
        window: WindowGeometry(
          kernel: .init(pool), stride: .init(poolStride), dilation: .init(poolDilation),
          pads: .init(poolPads ?? (roundsUp ? 0 : pool / 2))),
        roundsUp: roundsUp))
  }
}
