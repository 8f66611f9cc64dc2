import LayerKernels

extension ConformanceProblems {
  /// Small convolutions with everything drawn at random: sizes, windows, strides, dilation, padding, groups, epilogue.
  ///
  /// The same seed gives the same problems. Draws that fit together to nothing, such as a window larger than its padded
  /// input, are drawn again.
  public static func randomConvolutions(count: Int, seed: UInt64) -> [ConvolutionProblem] {
    var random = RandomSource(seed: seed)
    return draw(count) { () throws(ProblemError) in
      let shape = WindowShape(from: &random)
      let groups = Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 2...9, using: &random) : 1
      let isDepthwise = Int.random(in: 0..<4, using: &random) == 0
      let channels = isDepthwise ? groups * 3 : groups * Int.random(in: 1...24 / groups, using: &random)
      let outputs = isDepthwise ? channels : groups * Int.random(in: 1...40 / groups, using: &random)
      let isInteger = Int.random(in: 0..<4, using: &random) == 0
      let rounded = Epilogue(bias: true, activation: .quantized(step: 0.02, lower: -128, upper: 127))
      return try ConvolutionProblem(
        batch: shape.batch, inputChannels: channels, input: shape.input, outputChannels: outputs,
        window: shape.window(maximumPadding: 3, from: &random), groups: isDepthwise ? channels : groups,
        epilogue: isInteger ? rounded : epilogues.randomElement(using: &random) ?? .none
      ).with(integers: isInteger ? integers.randomElement(using: &random) : nil)
    }
  }

  /// Small poolings with everything drawn at random.
  public static func randomPoolings(count: Int, seed: UInt64) -> [PoolingProblem] {
    var random = RandomSource(seed: seed)
    let reductions: [PoolingProblem.Reduction] = [.maximum, .average, .averageIncludingPadding]
    return draw(count) { () throws(ProblemError) in
      let shape = WindowShape(from: &random)
      let reduction = reductions.randomElement(using: &random) ?? .maximum
      if Int.random(in: 0..<8, using: &random) == 0 {
        return try PoolingProblem(
          global: reduction, batch: shape.batch, channels: Int.random(in: 1...40, using: &random), input: shape.input)
      }
      return try PoolingProblem(
        reduction, batch: shape.batch, channels: Int.random(in: 1...40, using: &random), input: shape.input,
        window: shape.window(maximumPadding: 2, from: &random), roundsUp: Bool.random(using: &random))
    }
  }

  /// Small convolutions with a pooling after them, with everything drawn at random.
  public static func randomConvolutionPoolings(count: Int, seed: UInt64) -> [ConvolutionPoolingProblem] {
    var random = RandomSource(seed: seed)
    let reductions: [PoolingProblem.Reduction] = [.maximum, .average, .averageIncludingPadding]
    return draw(count) { () throws(ProblemError) in
      let shape = WindowShape(from: &random)
      let groups = Int.random(in: 0..<5, using: &random) == 0 ? 2 : 1
      let channels = groups * Int.random(in: 1...8, using: &random)
      let outputs = groups * Int.random(in: 1...20, using: &random)
      let convolution = try ConvolutionProblem(
        batch: shape.batch, inputChannels: channels, input: shape.input, outputChannels: outputs,
        window: shape.window(maximumPadding: 3, from: &random), groups: groups,
        epilogue: epilogues.filter { !$0.hasResidual }.randomElement(using: &random) ?? .none)
      let window = try shape.window(maximumPadding: 2, from: &random)
      return try ConvolutionPoolingProblem(
        first: convolution,
        second: PoolingProblem(
          reductions.randomElement(using: &random) ?? .maximum, batch: shape.batch, channels: outputs,
          input: convolution.output, window: window, roundsUp: Bool.random(using: &random)))
    }
  }

  /// Problems of random sizes for a kernel's operation; none for operations whose sizes are few and listed.
  public static func random<Problem: LayerProblem>(
    of type: Problem.Type, count: Int, seed: UInt64
  ) -> [Problem] {
    switch type {
    case is ConvolutionProblem.Type: randomConvolutions(count: count, seed: seed).compactMap { $0 as? Problem }
    case is PoolingProblem.Type: randomPoolings(count: count, seed: seed).compactMap { $0 as? Problem }
    case is ConvolutionPoolingProblem.Type:
      randomConvolutionPoolings(count: count, seed: seed).compactMap { $0 as? Problem }
    default: []
    }
  }

  /// Draws until there are enough that differ; gives up on a draw that fails time and again.
  private static func draw<Problem: LayerProblem>(
    _ count: Int, _ problem: () throws(ProblemError) -> Problem
  ) -> [Problem] {
    var problems: [Problem] = []
    var seen: Set<ProblemKey> = []
    for _ in 0..<max(count, 0) * 20 where problems.count < count {
      guard let drawn = try? problem(), seen.insert(drawn.key).inserted else { continue }
      problems.append(drawn)
    }
    return problems
  }

  /// The sizes that convolution and pooling share.
  private struct WindowShape {
    let batch: Int
    let input: WindowGeometry.Extent

    init(from random: inout RandomSource) {
      batch = Int.random(in: 0..<5, using: &random) == 0 ? 2 : 1
      input = WindowGeometry.Extent(
        height: Int.random(in: 1...24, using: &random), width: Int.random(in: 1...40, using: &random))
    }

    func window(maximumPadding: Int, from random: inout RandomSource) throws(ProblemError) -> WindowGeometry {
      // Windows as networks have them, more often than others.
      let sizes = [1, 1, 2, 3, 3, 3, 4, 5, 5, 7]
      let isSquare = Int.random(in: 0..<5, using: &random) > 0
      let kernel = sizes.randomElement(using: &random) ?? 3
      let stride = [1, 1, 2, 2, 3].randomElement(using: &random) ?? 1
      let dilation = [1, 1, 1, 1, 2].randomElement(using: &random) ?? 1
      let isSame = Int.random(in: 0..<3, using: &random) > 0
      func pad() -> Int { isSame ? (kernel - 1) / 2 * dilation : Int.random(in: 0...maximumPadding, using: &random) }
      return try WindowGeometry(
        kernel: WindowGeometry.Extent(
          height: kernel, width: isSquare ? kernel : sizes.randomElement(using: &random) ?? kernel),
        stride: WindowGeometry.Extent(
          height: stride, width: isSquare ? stride : Int.random(in: 1...2, using: &random)),
        dilation: WindowGeometry.Extent(dilation),
        pads: WindowGeometry.Pads(top: pad(), left: pad(), bottom: pad(), right: pad()))
    }
  }
}
