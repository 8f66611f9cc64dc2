import LayerKernels

/// Two operations of a pair by their definitions, one after the other.
///
/// Configuration: `layout`, 0 row-major, 1 plane list, 2 channels last.
public struct ReferencePair<Pair: LayerPair>: LayerKernel {
  typealias Parts = (first: any PreparedKernel, second: any PreparedKernel)

  /// `reference.pointwise-depthwise` or `reference.convolution-pooling`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  /// The parts bound to their parameters, the first from the layout, the second to it, row-major between them.
  private let parts: @Sendable (Pair, Pair.Parameters, TensorLayout) throws -> Parts

  init(
    _ identifier: KernelIdentifier, parts: @escaping @Sendable (Pair, Pair.Parameters, TensorLayout) throws -> Parts
  ) {
    self.identifier = identifier
    self.parts = parts
  }

  /// Always.
  public func applicability(to problem: Pair) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: Pair) -> Double { referenceEfficiency }

  /// One for each layout.
  public func configurations(for problem: Pair) -> [KernelConfiguration] { LayoutChoice.configurations }

  /// The configuration's layout everywhere.
  public func layouts(for problem: Pair, configuration: KernelConfiguration) -> OperandLayouts {
    LayoutChoice.operands(of: configuration, inputCount: 1)
  }

  /// The rounding of the results.
  public func errorClass(for problem: Pair, configuration: KernelConfiguration) -> ErrorClass { referenceErrorClass }

  /// Copies the filters and biases.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: Pair, configuration: KernelConfiguration, parameters: Pair.Parameters
  ) throws -> any PreparedKernel {
    let parts = try parts(problem, parameters, LayoutChoice.layout(of: configuration, for: identifier))
    return PreparedReferencePair(parts.first, parts.second, between: problem.first.outputShape)
  }
}

extension ReferencePair where Pair == PointwiseDepthwiseProblem {
  /// A pointwise and a depthwise convolution.
  public init() {
    self.init("reference.pointwise-depthwise") { problem, parameters, layout in
      (
        try PreparedReferenceConvolution(problem.pointwise, parameters.pointwise, input: layout, output: .rowMajor),
        try PreparedReferenceConvolution(problem.depthwise, parameters.depthwise, input: .rowMajor, output: layout)
      )
    }
  }
}

extension ReferencePair where Pair == ConvolutionPoolingProblem {
  /// A convolution and the pooling of its output.
  public init() {
    self.init("reference.convolution-pooling") { problem, parameters, layout in
      (
        try PreparedReferenceConvolution(problem.first, parameters, input: layout, output: .rowMajor),
        PreparedReferencePooling(
          problem: problem.second, input: PlanarAccess(.rowMajor, problem.second.inputShape),
          output: PlanarAccess(layout, problem.outputShape))
      )
    }
  }
}
