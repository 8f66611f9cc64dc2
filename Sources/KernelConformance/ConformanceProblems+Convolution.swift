import LayerKernels

extension ConformanceProblems {
  /// Pointwise, depthwise, dense and grouped convolutions.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func convolutions() throws(ProblemError) -> [ConvolutionProblem] {
    try pointwise() + depthwise() + dense() + grouped() + convolutionEpilogues() + integerConvolutions()
  }

  /// 1×1 convolutions.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func pointwise() throws(ProblemError) -> [ConvolutionProblem] {
    let relu = Epilogue(bias: true, activation: .relu)
    let relu6 = Epilogue(bias: true, activation: .relu6)
    let bias = Epilogue(bias: true)
    return [
      // ShuffleNetV2.
      try layer(58, 28, 28, to: 58, 1, relu), try layer(116, 14, 14, to: 116, 1, relu),
      try layer(232, 7, 7, to: 232, 1, relu), try layer(24, 28, 28, to: 58, 1, relu),
      try layer(200, 7, 7, to: 250, 1, relu),
      // MobileNetV2 and V3: expansion, projection, the gates of squeeze-and-excitation.
      try layer(16, 28, 28, to: 96, 1, relu6), try layer(96, 14, 14, to: 24, 1, bias),
      try layer(40, 14, 14, to: 120, 1, Epilogue(bias: true, activation: .hardSwish)),
      try layer(72, 1, 1, to: 24, 1, relu), try layer(24, 1, 1, to: 72, 1, bias),
      // ResNet-50: with the residual, and the shortcut of stride 2.
      try layer(64, 14, 14, to: 100, 1, Epilogue(bias: true, residual: true, activation: .relu)),
      try layer(64, 14, 14, to: 128, 1, stride: 2, bias),
      // Multiples of nothing.
      try layer(1, 1, 1, to: 1, 1), try layer(7, 1, 1, to: 13, 1, bias), try layer(1, 5, 7, to: 1, 1),
      try layer(3, 5, 7, to: 5, 1), try layer(17, 13, 11, to: 19, 1, relu), try layer(31, 1, 17, to: 33, 1),
      try layer(5, 5, 7, to: 9, 1, batch: 2, bias), try layer(11, 3, 11, to: 1, 1, batch: 3),
      try layer(257, 5, 3, to: 3, 1, bias), try layer(2, 37, 41, to: 3, 1), try layer(5, 16, 16, to: 8, 1),
      try layer(9, 7, 5, to: 10, 1, stride: 3), try layer(4, 3, 3, to: 6, 1, pads: Pads(1), bias),
    ]
  }

  /// Convolutions of each channel by itself.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func depthwise() throws(ProblemError) -> [ConvolutionProblem] {
    let bias = Epilogue(bias: true)
    let relu6 = Epilogue(bias: true, activation: .relu6)
    let windows = try depthwiseWindows()
    return [
      // ShuffleNetV2: 3×3 with both strides. MobileNet: ReLU6. MobileNetV3: 5×5. ConvNeXt: 7×7.
      try perChannel(58, 28, 28, 3, bias), try perChannel(24, 56, 56, 3, stride: 2, bias),
      try perChannel(116, 14, 14, 3, stride: 2, bias), try perChannel(33, 7, 7, 3, bias),
      try perChannel(96, 14, 14, 3, relu6), try perChannel(48, 28, 28, 3, stride: 2, relu6),
      try perChannel(40, 14, 14, 5, relu6), try perChannel(36, 28, 28, 5, stride: 2, relu6),
      try perChannel(20, 14, 14, 7, bias),
      // Multiples of nothing.
      try perChannel(3, 1, 1, 3, bias), try perChannel(2, 1, 1, 5, bias), try perChannel(5, 5, 7, 3, bias),
      try perChannel(7, 2, 2, 3), try perChannel(17, 13, 11, 3), try perChannel(19, 11, 13, 5, bias),
      try perChannel(3, 1, 19, 3), try perChannel(4, 23, 1, 3, bias), try perChannel(5, 17, 31, 3, stride: 2),
      try perChannel(6, 3, 37, 5, stride: 2, bias), try perChannel(5, 5, 7, 3, batch: 2, bias),
      try perChannel(9, 16, 16, 3), try perChannel(2, 33, 64, 3, bias), try perChannel(3, 9, 15, 3, stride: 3),
      // Padding of TensorFlow's kind and of none, dilation, windows that are not square.
      try perChannel(6, 14, 14, 3, stride: 2, pads: Pads(top: 0, left: 0, bottom: 1, right: 1), bias),
      try perChannel(5, 9, 10, 5, stride: 2, pads: Pads(top: 1, left: 2, bottom: 2, right: 1)),
      try perChannel(5, 8, 9, 3, pads: Pads(0), bias), try perChannel(4, 13, 12, 5, pads: Pads(0)),
      try perChannel(4, 9, 10, 3, pads: Pads(2)), try perChannel(5, 15, 13, 3, dilation: 2, pads: Pads(2), bias),
      try layer(6, 11, 10, to: 6, height: 1, width: 5, pads: Pads(top: 0, left: 2, bottom: 0, right: 2), groups: 6),
      try layer(6, 11, 10, to: 6, height: 5, width: 3, pads: Pads(top: 2, left: 1, bottom: 2, right: 1), groups: 6),
      try layer(2, 1, 4100, to: 2, height: 1, width: 4097, pads: Pads(top: 0, left: 9, bottom: 0, right: 0), groups: 2),
    ] + windows
  }

  /// Convolutions of each channel by itself with windows that are dilated, large or lines, or with several outputs.
  private static func depthwiseWindows() throws(ProblemError) -> [ConvolutionProblem] {
    let bias = Epilogue(bias: true)
    let relu6 = Epilogue(bias: true, activation: .relu6)
    let residual = Epilogue(bias: true, residual: true, activation: .relu)
    return [
      // DeepLabV3's and LR-ASPP's last blocks: dilated, wider and narrower than the dilation.
      try perChannel(19, 17, 33, 5, dilation: 2, pads: Pads(4), relu6),
      try perChannel(17, 13, 11, 3, dilation: 4, pads: Pads(4), bias),
      try perChannel(9, 5, 3, 3, dilation: 4, pads: Pads(4)),
      try perChannel(18, 7, 9, 5, dilation: 3, pads: Pads(6), batch: 2, residual),
      try perChannel(17, 23, 41, 3, dilation: 2, pads: Pads(0)),
      try perChannel(3, 1, 1, 3, dilation: 9, pads: Pads(9), bias),
      try perChannel(17, 14, 15, 3, stride: 2, dilation: 2, pads: Pads(2), bias),
      try perChannel(18, 21, 19, 5, stride: 2, dilation: 3, pads: Pads(5)),
      try perChannel(16, 9, 10, 3, dilation: WindowGeometry.Extent(height: 1, width: 2), pads: Pads(2)),
      try perChannel(18, 12, 21, 5, dilation: WindowGeometry.Extent(height: 3, width: 1), pads: Pads(3), bias),
      // ConvNeXt's 7×7, large ones, lines of several lengths, steps that differ.
      try perChannel(17, 13, 19, 7, bias), try perChannel(18, 12, 21, 7, stride: 2, residual),
      try perChannel(5, 3, 37, 7, dilation: 2, pads: Pads(6), relu6), try perChannel(17, 14, 9, 9, bias),
      try layer(
        19, 8, 21, to: 19, height: 1, width: 7, pads: Pads(top: 0, left: 3, bottom: 0, right: 3), groups: 19, bias),
      try layer(17, 21, 9, to: 17, height: 7, width: 1, pads: Pads(top: 3, left: 0, bottom: 3, right: 0), groups: 17),
      try layer(6, 5, 18, to: 6, height: 1, width: 3, pads: Pads(top: 0, left: 1, bottom: 0, right: 1), groups: 6),
      try layer(
        18, 9, 7, to: 18, height: 3, width: 1, pads: Pads(top: 2, left: 0, bottom: 0, right: 0), groups: 18, bias),
      try layer(7, 13, 17, to: 7, height: 5, width: 1, pads: Pads(top: 2, left: 1, bottom: 2, right: 0), groups: 7),
      try layer(
        17, 6, 30, to: 17, height: 1, width: 11, pads: Pads(top: 0, left: 5, bottom: 0, right: 5), groups: 17, bias),
      try layer(5, 19, 6, to: 5, height: 11, width: 1, pads: Pads(top: 5, left: 0, bottom: 5, right: 0), groups: 5),
      // Several outputs a channel.
      try layer(6, 13, 11, to: 12, 3, groups: 6, bias), try layer(5, 9, 19, to: 15, 5, stride: 2, batch: 2, groups: 5),
      try layer(3, 11, 17, to: 12, 3, dilation: 2, pads: Pads(2), batch: 2, groups: 3, residual),
      try layer(4, 8, 7, to: 8, 7, groups: 4, bias),
    ]
  }

  /// Convolutions over all channels, with windows of more than one element.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func dense() throws(ProblemError) -> [ConvolutionProblem] {
    let bias = Epilogue(bias: true)
    let relu = Epilogue(bias: true, activation: .relu)
    return [
      // First layers: ShuffleNetV2 and MobileNet, ResNet, AlexNet. SqueezeNet's and ResNet's 3×3.
      try layer(3, 64, 64, to: 24, 3, stride: 2, relu), try layer(3, 33, 47, to: 16, 3, stride: 2, relu),
      try layer(3, 45, 47, to: 20, 7, stride: 2, relu), try layer(3, 39, 43, to: 12, 11, stride: 4, relu),
      try layer(16, 27, 27, to: 32, 3, relu), try layer(32, 14, 14, to: 32, 3, relu),
      try layer(48, 7, 7, to: 48, 3, Epilogue(bias: true, residual: true, activation: .relu)),
      try layer(24, 28, 28, to: 32, 3, stride: 2, relu), try layer(40, 7, 7, to: 64, 3, stride: 2, relu),
      // Multiples of nothing.
      try layer(1, 1, 1, to: 1, 3), try layer(5, 1, 1, to: 7, 3, bias), try layer(3, 5, 7, to: 5, 3),
      try layer(17, 13, 11, to: 19, 3, relu), try layer(7, 2, 3, to: 3, 3, bias), try layer(2, 1, 29, to: 9, 3),
      try layer(13, 31, 1, to: 5, 3), try layer(5, 5, 7, to: 9, 3, batch: 2, bias), try layer(4, 8, 8, to: 8, 3),
      try layer(3, 17, 37, to: 4, 3, relu), try layer(6, 11, 13, to: 7, 5, bias), try layer(4, 9, 8, to: 5, 7),
      // Strides, dilation, padding, windows that are not square.
      try layer(5, 13, 17, to: 6, 3, stride: 3), try layer(5, 13, 17, to: 6, 5, stride: 2, batch: 2, bias),
      try layer(6, 12, 10, to: 7, 2, stride: 2, pads: Pads(0), bias),
      try layer(5, 9, 11, to: 6, 3, dilation: 2, pads: Pads(2), bias),
      try layer(4, 15, 13, to: 5, 3, stride: 2, dilation: 3, pads: Pads(3)),
      try layer(5, 10, 9, to: 6, 3, pads: Pads(0), bias),
      try layer(5, 10, 9, to: 6, 3, pads: Pads(top: 1, left: 0, bottom: 2, right: 1), bias),
      try layer(5, 9, 10, to: 6, 3, stride: 2, pads: Pads(top: 0, left: 0, bottom: 1, right: 1)),
      try layer(3, 5, 4, to: 4, 3, pads: Pads(3)), try layer(4, 6, 6, to: 5, 4, pads: Pads(1), bias),
      try layer(6, 9, 8, to: 5, height: 1, width: 7, pads: Pads(top: 0, left: 3, bottom: 0, right: 3)),
      try layer(6, 9, 8, to: 5, height: 7, width: 1, pads: Pads(top: 3, left: 0, bottom: 3, right: 0), bias),
      try layer(5, 7, 7, to: 21, 7, pads: Pads(0), bias),
      // Inception's lines and 5×5, DeepLab's dilated 3×3, on maps that are whole vectors nowhere.
      try layer(19, 17, 17, to: 23, height: 1, width: 7, pads: Pads(top: 0, left: 3, bottom: 0, right: 3), relu),
      try layer(19, 17, 17, to: 23, height: 7, width: 1, pads: Pads(top: 3, left: 0, bottom: 3, right: 0), relu),
      try layer(11, 35, 35, to: 13, 5, relu), try layer(43, 11, 13, to: 21, 3, dilation: 6, pads: Pads(6), bias),
      try layer(
        7, 23, 21, to: 10, 3, stride: 2, dilation: 2, pads: Pads(top: 3, left: 1, bottom: 0, right: 2), batch: 2),
      try layer(6, 14, 17, to: 7, 5, stride: 3, dilation: 3, pads: Pads(6), bias),
      // Windows as long as an image: a line, a whole image.
      try layer(1, 1, 4120, to: 2, height: 1, width: 4100, pads: Pads(top: 0, left: 0, bottom: 0, right: 2), bias),
      try layer(2, 4099, 1, to: 3, height: 4097, width: 1, pads: Pads(0)),
      try layer(3, 31, 37, to: 5, height: 31, width: 37, pads: Pads(0), bias),
    ]
  }

  /// Convolutions in groups of several channels.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func grouped() throws(ProblemError) -> [ConvolutionProblem] {
    let bias = Epilogue(bias: true)
    let residual = Epilogue(bias: true, residual: true, activation: .relu)
    return [
      // ShuffleNetV1's grouped 1×1, ResNeXt's grouped 3×3, AlexNet's two groups.
      try layer(60, 14, 14, to: 60, 1, groups: 3, Epilogue(bias: true, activation: .relu)),
      try layer(64, 14, 14, to: 64, 3, groups: 16, Epilogue(bias: true, activation: .relu)),
      try layer(12, 13, 13, to: 16, 5, groups: 2, bias), try layer(24, 15, 14, to: 24, 3, stride: 2, groups: 4, bias),
      // Multiples of nothing; several outputs a channel, several channels an output.
      try layer(8, 5, 7, to: 12, 1, groups: 2, bias), try layer(15, 5, 3, to: 10, 1, batch: 2, groups: 5),
      try layer(6, 7, 9, to: 18, 3, groups: 6, bias), try layer(10, 7, 9, to: 5, 3, groups: 5),
      try layer(14, 6, 5, to: 21, 3, batch: 2, groups: 7, bias), try layer(4, 5, 7, to: 8, 1, groups: 4, bias),
      // RegNet's and ResNeXt's groups, in fewer of them: narrow maps, all strides, dilation, a residual.
      try layer(48, 14, 14, to: 48, 3, groups: 3, Epilogue(bias: true, activation: .relu)),
      try layer(32, 29, 31, to: 32, 3, stride: 2, groups: 4, bias), try layer(32, 7, 7, to: 32, 3, groups: 4, bias),
      try layer(34, 9, 11, to: 22, 3, dilation: 2, pads: Pads(2), batch: 2, groups: 2, residual),
      try layer(24, 13, 10, to: 36, 5, stride: 3, groups: 3), try layer(14, 3, 2, to: 26, 3, batch: 3, groups: 2, bias),
      // Groups that are no whole vectors, over each other's edges: more channels in than out, an activation in memory.
      try layer(48, 6, 9, to: 48, 3, groups: 2, Epilogue(bias: true, residual: true, activation: .sigmoid)),
      try layer(40, 7, 6, to: 20, 3, batch: 2, groups: 4, Epilogue(bias: true, activation: .hardSwish)),
      try layer(
        12, 9, 4, to: 36, 3, stride: 2, dilation: 2, pads: Pads(top: 1, left: 2, bottom: 3, right: 0), groups: 6),
    ]
  }

  /// Every epilogue on a pointwise, a depthwise and a dense convolution.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func convolutionEpilogues() throws(ProblemError) -> [ConvolutionProblem] {
    var problems: [ConvolutionProblem] = []
    for epilogue in epilogues {
      problems.append(try layer(9, 5, 7, to: 11, 1, epilogue))
      problems.append(try perChannel(7, 6, 9, 3, epilogue))
      problems.append(try layer(5, 9, 10, to: 9, 3, epilogue))
    }
    let residual = Epilogue(bias: true, residual: true, activation: .relu)
    problems.append(try perChannel(5, 9, 11, 3, stride: 2, batch: 2, residual))
    problems.append(try perChannel(6, 8, 7, 5, residual))
    problems.append(try layer(6, 7, 9, to: 10, 3, stride: 2, batch: 2, groups: 2, residual))
    return problems
  }

  /// Convolutions of whole numbers: bytes with and without sign, weights with and without a zero point, results that are rounded to
  /// steps and that are not, channels that fill no word and no vector.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func integerConvolutions() throws(ProblemError) -> [ConvolutionProblem] {
    let rounded = Epilogue(bias: true, activation: .quantized(step: 0.03125, lower: -20, upper: 127))
    let sum = Epilogue(bias: true, residual: true, activation: .quantized(step: 0.0625, lower: 0, upper: 255))
    let problems = [
      try layer(24, 9, 11, to: 24, 1, rounded), try layer(17, 5, 7, to: 37, 1, batch: 2, sum),
      try layer(3, 13, 11, to: 8, 3, stride: 2, pads: Pads(1), Epilogue(bias: true, activation: .relu)),
      try layer(16, 7, 6, to: 16, 3, rounded),
      try layer(13, 9, 8, to: 21, 3, dilation: 2, pads: Pads(2), batch: 2, sum),
      try layer(8, 6, 9, to: 11, height: 1, width: 5, pads: Pads(top: 0, left: 2, bottom: 0, right: 2)),
      // Depthwise: a border that is no zero among bytes, rows outside of the image, dilation.
      try perChannel(24, 9, 7, 3, rounded), try perChannel(17, 12, 11, 3, stride: 2, batch: 2, rounded),
      try perChannel(35, 8, 9, 5, Epilogue(bias: true, activation: .quantized(step: 0.03, lower: 0, upper: 255))),
      try perChannel(16, 13, 13, 5, stride: 2, rounded),
      try perChannel(19, 9, 10, 3, dilation: 2, pads: Pads(2), rounded),
    ]
    return problems.enumerated().map { $1.with(integers: integers[$0 % integers.count]) }
  }

  /// Bytes with sign, without, as after a ReLU, and fewer numbers with weights that have a zero point.
  static let integers: [IntegerOperands] = [
    (0.0078125, -128, 127, 127), (0.01, 0, 127, 127), (0.0051, -77, 178, 255), (0.02, 0, 50, 127),
  ]
  .compactMap { step, lower, upper, largest in
    Quantisation(step: step, lower: lower, upper: upper).flatMap {
      IntegerOperands(input: $0, largestWeight: largest)
    }
  }

  private typealias Pads = WindowGeometry.Pads

  /// A square window; without explicit padding as many elements on each side as keep the size at stride 1.
  private static func layer(
    _ channels: Int, _ height: Int, _ width: Int, to outputs: Int, _ kernel: Int, stride: Int = 1, dilation: Int = 1,
    pads: Pads? = nil, batch: Int = 1, groups: Int = 1, _ epilogue: Epilogue = .none
  ) throws(ProblemError) -> ConvolutionProblem {
    try ConvolutionProblem(
      batch: batch, inputChannels: channels, input: WindowGeometry.Extent(height: height, width: width),
      outputChannels: outputs,
      window: WindowGeometry(
        kernel: WindowGeometry.Extent(kernel), stride: WindowGeometry.Extent(stride),
        dilation: WindowGeometry.Extent(dilation), pads: pads ?? Pads((kernel - 1) / 2)),
      groups: groups, epilogue: epilogue)
  }

  /// A window that is not square.
  private static func layer(
    _ channels: Int, _ height: Int, _ width: Int, to outputs: Int, height kernelHeight: Int, width kernelWidth: Int,
    pads: Pads, groups: Int = 1, _ epilogue: Epilogue = .none
  ) throws(ProblemError) -> ConvolutionProblem {
    try ConvolutionProblem(
      inputChannels: channels, input: WindowGeometry.Extent(height: height, width: width), outputChannels: outputs,
      window: WindowGeometry(
        kernel: WindowGeometry.Extent(height: kernelHeight, width: kernelWidth), pads: pads),
      groups: groups, epilogue: epilogue)
  }

  private static func perChannel(
    _ channels: Int, _ height: Int, _ width: Int, _ kernel: Int, stride: Int = 1, dilation: Int = 1,
    pads: Pads? = nil, batch: Int = 1, _ epilogue: Epilogue = .none
  ) throws(ProblemError) -> ConvolutionProblem {
    try layer(
      channels, height, width, to: channels, kernel, stride: stride, dilation: dilation, pads: pads, batch: batch,
      groups: channels, epilogue)
  }

  /// A square window whose rows and columns are dilated differently.
  private static func perChannel(
    _ channels: Int, _ height: Int, _ width: Int, _ kernel: Int, dilation: WindowGeometry.Extent, pads: Pads,
    _ epilogue: Epilogue = .none
  ) throws(ProblemError) -> ConvolutionProblem {
    try ConvolutionProblem(
      inputChannels: channels, input: WindowGeometry.Extent(height: height, width: width), outputChannels: channels,
      window: WindowGeometry(kernel: WindowGeometry.Extent(kernel), dilation: dilation, pads: pads),
      groups: channels, epilogue: epilogue)
  }
}
