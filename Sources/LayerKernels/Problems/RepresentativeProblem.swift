/// A problem of a kind that networks are made of, under a short name: for saying in a table what a kernel is for.
public struct RepresentativeProblem: Sendable {
  /// `depthwise 3x3`
  public let name: String
  /// The problem.
  public let problem: any LayerProblem

  /// A problem under a name.
  public init(_ name: String, _ problem: any LayerProblem) {
    self.name = name
    self.problem = problem
  }
}

extension LayerKernel {
  /// The names of the operation's ``LayerProblem/representatives()`` that the kernel applies to; nil where there are none.
  public var scope: [String]? {
    guard let problems = try? Problem.representatives(), !problems.isEmpty else { return nil }
    return problems.filter { item in
      (item.problem as? Problem).map { applicability(to: $0).isApplicable } ?? false
    }.map(\.name)
  }
}

extension ConvolutionProblem {
  /// Pointwise, dense, grouped and depthwise convolutions of 64 channels.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
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

extension PoolingProblem {
  /// Over windows and over whole planes.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    let input = WindowGeometry.Extent(28)
    let window = try WindowGeometry(kernel: .init(3), stride: .init(2), pads: .init(1))
    return [
      .init("max 3x3", try PoolingProblem(.maximum, channels: 64, input: input, window: window)),
      .init("average 3x3", try PoolingProblem(.average, channels: 64, input: input, window: window)),
      .init("global", try PoolingProblem(global: .average, channels: 64, input: input)),
    ]
  }
}

extension MatrixMultiplyProblem {
  /// A classifier, and a product of two activations.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    [
      .init("constant weights", try MatrixMultiplyProblem(rows: 1, depth: 1024, columns: 1000)),
      .init("two inputs", try MatrixMultiplyProblem(rows: 64, depth: 64, columns: 64, hasConstantWeights: false)),
    ]
  }
}

extension ElementwiseProblem {
  /// Of one operand, of two, and of one that is stretched.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    let planes = try checkedShape([1, 58, 28, 28])
    return [
      .init("unary", ElementwiseProblem(.hardSwish, shape: planes)),
      .init("binary", try ElementwiseProblem(.add, planes, planes)),
      .init("broadcast", try ElementwiseProblem(.add, planes, checkedShape([1, 58, 1, 1]))),
    ]
  }
}

extension SoftmaxProblem {
  /// Along the last axis and along an inner one.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    [
      .init("last axis", try SoftmaxProblem(shape: checkedShape([1, 1000]), axis: 1)),
      .init("inner axis", try SoftmaxProblem(shape: checkedShape([1, 21, 28, 28]), axis: 1)),
    ]
  }
}

extension ReductionProblem {
  /// The mean of each plane and of each row.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    [
      .init("planes", try ReductionProblem(shape: checkedShape([1, 58, 28, 28]), axes: [2, 3])),
      .init("last axis", try ReductionProblem(shape: checkedShape([49, 96]), axes: [1])),
    ]
  }
}

extension ResizeProblem {
  /// Twice the size, to the nearest and between neighbours.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    let input = try checkedShape([1, 58, 14, 14])
    return [
      .init(
        "nearest",
        try ResizeProblem(
          input: input, outputHeight: 28, outputWidth: 28, interpolation: .floor, coordinates: .asymmetric)),
      .init(
        "linear",
        try ResizeProblem(
          input: input, outputHeight: 28, outputWidth: 28, interpolation: .linear, coordinates: .halfPixel)),
    ]
  }
}

extension RearrangementProblem {
  /// A matrix turned over.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    [
      .init(
        "transpose",
        try RearrangementProblem(
          inputShapes: [checkedShape([784, 58])], outputShape: checkedShape([58, 784]), fill: nil,
          copies: [
            Copy(
              input: 0, inputOffset: 0, outputOffset: 0, sizes: [58, 784], inputStrides: [1, 58],
              outputStrides: [784, 1])
          ]))
    ]
  }
}

extension LayoutConversionProblem {
  /// From each layout to each other.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    var problems: [RepresentativeProblem] = []
    for source in TensorLayout.allCases {
      for destination in TensorLayout.allCases where destination != source {
        problems.append(
          .init(
            "\(source.rawValue) to \(destination.rawValue)",
            try LayoutConversionProblem(
              shape: checkedShape([1, 58, 28, 28]), from: source, to: destination,
              steps: Quantisation(step: 0.05, lower: -128, upper: 127))))
      }
    }
    return problems
  }
}
