import LayerKernels

/// A convolution and the pooling of its output by their definitions, one behind the other, each summed in 64 bits.
///
/// Configuration: `layout`, 0 row-major, 1 plane list, 2 channels last.
public struct ReferenceConvolutionPooling: LayerKernel {
  /// `reference.convolution-pooling`
  public let identifier: KernelIdentifier = "reference.convolution-pooling"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ConvolutionPoolingProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: ConvolutionPoolingProblem) -> Double { referenceEfficiency }

  /// One for each layout.
  public func configurations(for problem: ConvolutionPoolingProblem) -> [KernelConfiguration] {
    LayoutChoice.configurations
  }

  /// The configuration's layout everywhere.
  public func layouts(
    for problem: ConvolutionPoolingProblem, configuration: KernelConfiguration
  ) -> OperandLayouts {
    LayoutChoice.operands(of: configuration, inputCount: 1)
  }

  /// The rounding of the results.
  public func errorClass(for problem: ConvolutionPoolingProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Copies the filter and the bias.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: ConvolutionPoolingProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    let layout = try LayoutChoice.layout(of: configuration, for: identifier)
    return PreparedReferencePair(
      PreparedReferenceConvolution(problem.first, parameters, input: layout, output: .rowMajor),
      PreparedReferencePooling(
        problem: problem.second, input: PlanarAccess(.rowMajor, problem.second.inputShape),
        output: PlanarAccess(layout, problem.outputShape)),
      between: problem.first.outputShape)
  }
}
