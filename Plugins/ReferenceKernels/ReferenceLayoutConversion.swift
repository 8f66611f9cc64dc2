import LayerKernels

/// One activation copied from one layout to another, element by element.
public struct ReferenceLayoutConversion: LayerKernel {
  /// `reference.layout-conversion`
  public let identifier: KernelIdentifier = "reference.layout-conversion"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: LayoutConversionProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: LayoutConversionProblem) -> Double { referenceEfficiency }

  /// The problem's layouts.
  public func layouts(for problem: LayoutConversionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(inputs: [problem.source], output: problem.destination)
  }

  /// No bit changes.
  public func errorClass(for problem: LayoutConversionProblem, configuration: KernelConfiguration) -> ErrorClass {
    .exact(tolerance: 0)
  }

  /// Nothing to pack.
  public func prepare(
    _ problem: LayoutConversionProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    PreparedReferenceLayoutConversion(
      shape: problem.outputShape, input: PlanarAccess(problem.source, problem.outputShape),
      output: PlanarAccess(problem.destination, problem.outputShape))
  }
}

private struct PreparedReferenceLayoutConversion: PreparedKernel {
  let shape: TensorShape
  let input: PlanarAccess
  let output: PlanarAccess

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    for item in worker.share(of: shape[0] * channels * height) {
      let (row, channel, picture) = (item % height, item / height % channels, item / height / channels)
      let source = input.plane(operands.input, picture: picture, channel: channel) + row * input.rowStride
      let target = output.plane(operands.output, picture: picture, channel: channel) + row * output.rowStride
      for column in 0..<width { target[column * output.columnStride] = source[column * input.columnStride] }
    }
  }
}
