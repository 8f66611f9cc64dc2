/// A 2-D convolution with its epilogue: `[N, C, H, W]` and filters `[K, C/groups, R, S]` to `[N, K, P, Q]`.
///
/// Inputs: the activation, then the residual if the epilogue has one. Depthwise is `groups == inputChannels`.
public struct ConvolutionProblem: LayerProblem {
  /// Images in the batch, N.
  public let batch: Int
  /// Input channels, C.
  public let inputChannels: Int
  /// Input rows H and columns W.
  public let input: WindowGeometry.Extent
  /// Output channels, K.
  public let outputChannels: Int
  /// Filter size, stride, dilation and padding.
  public let window: WindowGeometry
  /// Groups of channels that are convolved apart.
  public let groups: Int
  /// What happens to each output before it is stored.
  public let epilogue: Epilogue
  /// What makes the products whole numbers; nil where inputs and weights are any.
  public private(set) var integers: IntegerOperands?

  /// Output rows P and columns Q.
  public let output: WindowGeometry.Extent
  /// `[N, C, H, W]`
  public let inputShape: TensorShape
  /// `[N, K, P, Q]`
  public let outputShape: TensorShape
  /// `[K, C/groups, R, S]`
  public let filterShape: TensorShape

  /// The operation's name in keys.
  public static let operation = "convolution"

  /// Checks the sizes.
  ///
  /// - Throws: ``ProblemError`` when a size is out of its range or sizes do not fit together.
  public init(
    batch: Int = 1, inputChannels: Int, input: WindowGeometry.Extent, outputChannels: Int, window: WindowGeometry,
    groups: Int = 1, epilogue: Epilogue = .none
  ) throws(ProblemError) {
    let positive = 1...TensorShape.maximumElementCount
    try checkSize("batch", batch, in: positive)
    try checkSize("input channels", inputChannels, in: positive)
    try checkSize("output channels", outputChannels, in: positive)
    try checkSize("input height", input.height, in: positive)
    try checkSize("input width", input.width, in: positive)
    try checkSize("groups", groups, in: positive)
    guard inputChannels % groups == 0, outputChannels % groups == 0 else {
      throw .inconsistent(
        "\(groups) groups divide neither or only one of \(inputChannels) input and \(outputChannels) output channels")
    }
    self.batch = batch
    self.inputChannels = inputChannels
    self.input = input
    self.outputChannels = outputChannels
    self.window = window
    self.groups = groups
    self.epilogue = epilogue
    output = try window.outputExtent(of: input)
    inputShape = try checkedShape([batch, inputChannels, input.height, input.width])
    outputShape = try checkedShape([batch, outputChannels, output.height, output.width])
    filterShape = try checkedShape([outputChannels, inputChannels / groups, window.kernel.height, window.kernel.width])
    // Every product that the counts below form stays in range: both factors are bounded by 2³¹.
    try checkSize("multiply-accumulates for each output", filterShape.elementCount / outputChannels, in: positive)
  }

  /// That of the epilogue's activation.
  public var outputQuantisation: Quantisation? { Quantisation(epilogue.activation) }

  /// That of ``integers`` for the first input.
  public func quantisation(ofInput index: Int) -> Quantisation? { index == 0 ? integers?.input : nil }

  /// The same convolution of operands that are whole multiples of steps, or of any.
  public func with(integers: IntegerOperands?) -> ConvolutionProblem {
    var problem = self
    problem.integers = integers
    return problem
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    try self.init(
      batch: key.integer("n"), inputChannels: key.integer("c"),
      input: WindowGeometry.Extent(height: key.integer("h"), width: key.integer("w")),
      outputChannels: key.integer("k"), window: WindowGeometry(key: key), groups: key.integer("groups"),
      epilogue: key.epilogue())
    integers = try key.integerOperands()
    try key.check(against: self)
  }

  /// `convolution n=1 c=58 h=28 w=28 k=58 kernel=3x3 stride=1x1 dilation=1x1 pads=1,1,1,1 groups=58 epilogue=bias`
  public var key: ProblemKey {
    let window = window.fields
    return ProblemKey(
      operation: Self.operation,
      [
        "n": "\(batch)", "c": "\(inputChannels)", "h": "\(input.height)", "w": "\(input.width)",
        "k": "\(outputChannels)", "kernel": window.kernel, "stride": window.stride, "dilation": window.dilation,
        "pads": window.pads, "groups": "\(groups)", "epilogue": epilogue.description,
      ]
    ).with(integers)
  }

  /// The activation, and the residual if there is one.
  public var inputShapes: [TensorShape] { epilogue.hasResidual ? [inputShape, outputShape] : [inputShape] }

  /// `N·K·P·Q · (C/groups)·R·S` multiply-accumulates.
  public var operationCount: OperationCount {
    let depth = filterShape.elementCount / outputChannels
    return OperationCount(multiplyAccumulates: outputShape.elementCount * depth, outputs: outputShape.elementCount)
  }

  /// `N·C·H·W + N·K·P·Q + K·(C/groups)·R·S`, as guidelines 1 and 2 count, plus the residual and the bias if any.
  public var memoryAccessCost: Int {
    activationElementCount + filterShape.elementCount + (epilogue.hasBias ? outputChannels : 0)
  }

  /// A filter and a bias.
  public func randomParameters(from random: inout RandomSource) -> ConvolutionParameters {
    // Scaled so that outputs stay near one whatever the depth, as trained weights do.
    let magnitude = (3 / Float(filterShape.elementCount / outputChannels)).squareRoot()
    return ConvolutionParameters(
      uncheckedFilter: integers?.randomWeights(shape: filterShape, magnitude: magnitude, from: &random)
        ?? random.tensor(shape: filterShape, magnitude: magnitude),
      bias: epilogue.hasBias ? (0..<outputChannels).map { _ in random.nextFloat(magnitude: 0.5) } : nil)
  }

  /// True for one input channel a group and as many outputs as inputs.
  public var isDepthwise: Bool { groups == inputChannels && outputChannels == inputChannels && groups > 1 }

  /// True for a 1×1 filter with stride 1 and no padding: a matrix product over pixels.
  public var isPointwise: Bool {
    window.kernel == WindowGeometry.Extent(1) && window.stride == WindowGeometry.Extent(1)
      && window.pads == WindowGeometry.Pads(0)
  }
}

/// The constants of a convolution.
public struct ConvolutionParameters: Sendable {
  /// `[K, C/groups, R, S]`
  public let filter: Tensor
  /// One number an output channel, or nil.
  public let bias: [Float]?

  /// Checks the constants against their problem.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when a shape is not the problem's.
  public init(filter: Tensor, bias: [Float]?, for problem: ConvolutionProblem) throws(ProblemError) {
    guard filter.shape == problem.filterShape else {
      throw .inconsistent("the filter is \(filter.shape), but the convolution needs \(problem.filterShape)")
    }
    guard (bias != nil) == problem.epilogue.hasBias, bias == nil || bias?.count == problem.outputChannels else {
      throw .inconsistent(
        "the convolution \(problem.epilogue.hasBias ? "needs \(problem.outputChannels)" : "has no") bias values, "
          + "but \(bias?.count ?? 0) were given")
    }
    self.init(uncheckedFilter: filter, bias: bias)
  }

  package init(uncheckedFilter filter: Tensor, bias: [Float]?) {
    self.filter = filter
    self.bias = bias
  }
}
