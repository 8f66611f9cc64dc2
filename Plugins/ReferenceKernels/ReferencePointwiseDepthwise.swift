import LayerKernels

/// A pointwise and a depthwise convolution by their definitions, one behind the other, each summed in 64 bits.
///
/// Configuration: `layout`, 0 row-major, 1 plane list, 2 channels last.
public struct ReferencePointwiseDepthwise: LayerKernel {
  /// `reference.pointwise-depthwise`
  public let identifier: KernelIdentifier = "reference.pointwise-depthwise"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: PointwiseDepthwiseProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: PointwiseDepthwiseProblem) -> Double { referenceEfficiency }

  /// One for each layout.
  public func configurations(for problem: PointwiseDepthwiseProblem) -> [KernelConfiguration] {
    LayoutChoice.configurations
  }

  /// The configuration's layout everywhere.
  public func layouts(
    for problem: PointwiseDepthwiseProblem, configuration: KernelConfiguration
  ) -> OperandLayouts {
    LayoutChoice.operands(of: configuration, inputCount: 1)
  }

  /// The rounding of the results.
  public func errorClass(for problem: PointwiseDepthwiseProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Copies the filters and biases.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: PointwiseDepthwiseProblem, configuration: KernelConfiguration, parameters: PointwiseDepthwiseParameters
  ) throws -> any PreparedKernel {
    let layout = try LayoutChoice.layout(of: configuration, for: identifier)
    return PreparedReferencePair(
      PreparedReferenceConvolution(problem.pointwise, parameters.pointwise, input: layout, output: .rowMajor),
      PreparedReferenceConvolution(problem.depthwise, parameters.depthwise, input: .rowMajor, output: layout),
      between: problem.pointwise.outputShape)
  }
}
