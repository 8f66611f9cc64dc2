/// A problem of a kind that networks are made of, under a short name: for saying in a table what a kernel is for.
public struct RepresentativeProblem: Sendable {
  /// `depthwise 3x3`
  public let name: String
  /// The problem.
  public let problem: any LayerProblem

  /// One of each kind, operation by operation, in the sizes of real layers.
  ///
  /// - Throws: ``ProblemError`` never for the sizes here.
  public static func all() throws(ProblemError) -> [RepresentativeProblem] {
    try convolutions() + poolings() + [
      .init("constant weights", try MatrixMultiplyProblem(rows: 1, depth: 1024, columns: 1000)),
      .init("two inputs", try MatrixMultiplyProblem(rows: 64, depth: 64, columns: 64, hasConstantWeights: false)),
      .init("unary", ElementwiseProblem(.hardSwish, shape: try checkedShape([1, 58, 28, 28]))),
      .init("binary", try binary([1, 58, 28, 28])),
      .init("broadcast", try binary([1, 58, 1, 1])),
    ]
  }

  init(_ name: String, _ problem: any LayerProblem) {
    self.name = name
    self.problem = problem
  }

  private static func binary(_ right: [Int]) throws(ProblemError) -> ElementwiseProblem {
    try ElementwiseProblem(.add, checkedShape([1, 58, 28, 28]), checkedShape(right))
  }

  private static func poolings() throws(ProblemError) -> [RepresentativeProblem] {
    let input = WindowGeometry.Extent(28)
    let window = try WindowGeometry(kernel: .init(3), stride: .init(2), pads: .init(1))
    return [
      .init("max 3x3", try PoolingProblem(.maximum, channels: 64, input: input, window: window)),
      .init("average 3x3", try PoolingProblem(.average, channels: 64, input: input, window: window)),
      .init("global", try PoolingProblem(global: .average, channels: 64, input: input)),
    ]
  }

  private static func convolutions() throws(ProblemError) -> [RepresentativeProblem] {
    func convolution(
      _ name: String, _ kernel: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1
    ) throws(ProblemError) -> RepresentativeProblem {
      let window = try WindowGeometry(
        kernel: .init(kernel), stride: .init(stride), dilation: .init(dilation), pads: .init(kernel / 2 * dilation))
      return .init(
        name,
        try ConvolutionProblem(
          inputChannels: 64, input: .init(28), outputChannels: 64, window: window, groups: groups,
          epilogue: Epilogue(bias: true, activation: .relu)))
    }
    return [
      try convolution("1x1", 1), try convolution("1x1 stride 2", 1, stride: 2), try convolution("3x3", 3),
      try convolution("3x3 stride 2", 3, stride: 2), try convolution("3x3 dilated", 3, dilation: 2),
      try convolution("3x3 grouped", 3, groups: 4), try convolution("5x5", 5),
      try convolution("7x7 stride 2", 7, stride: 2),
      try convolution("depthwise 3x3", 3, groups: 64),
      try convolution("depthwise 3x3 stride 2", 3, stride: 2, groups: 64),
      try convolution("depthwise 5x5", 5, groups: 64),
      try convolution("depthwise 5x5 stride 2", 5, stride: 2, groups: 64),
    ]
  }
}

extension LayerKernel {
  /// The names of those problems that the kernel applies to; nil where none is of its operation.
  public func scope(among problems: [RepresentativeProblem]) -> [String]? {
    let own = problems.compactMap { item in (item.problem as? Problem).map { (item.name, $0) } }
    return own.isEmpty ? nil : own.filter { applicability(to: $0.1).isApplicable }.map(\.0)
  }
}
