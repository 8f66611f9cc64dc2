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
    problem.steps == nil ? .exact(tolerance: 0) : .exact()
  }

  /// Nothing to pack.
  public func prepare(
    _ problem: LayoutConversionProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    PreparedReferenceLayoutConversion(
      shape: problem.outputShape, input: PlanarAccess(problem.source, problem.outputShape),
      output: PlanarAccess(problem.destination, problem.outputShape), steps: problem.steps,
      readsBytes: problem.source == .bytes, writesBytes: problem.destination == .bytes)
  }
}

private struct PreparedReferenceLayoutConversion: PreparedKernel {
  let shape: TensorShape
  let input: PlanarAccess
  let output: PlanarAccess
  let steps: Quantisation?
  let readsBytes: Bool
  let writesBytes: Bool

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    if let steps { return convert(operands, steps, worker) }
    for item in worker.share(of: shape[0] * channels * height) {
      let (row, channel, picture) = (item % height, item / height % channels, item / height / channels)
      let source = input.plane(operands.input, picture: picture, channel: channel) + row * input.rowStride
      let target = output.plane(operands.output, picture: picture, channel: channel) + row * output.rowStride
      for column in 0..<width { target[column * output.columnStride] = source[column * input.columnStride] }
    }
  }

  /// The same where one side, or both, are bytes.
  private func convert(_ operands: LayerOperands, _ steps: Quantisation, _ worker: Worker) {
    let (channels, pixels) = (shape[1], shape[2] * shape[3])
    for item in worker.share(of: shape[0] * channels) {
      let (image, channel) = item.quotientAndRemainder(dividingBy: channels)
      let source = input.plane(operands.input, picture: image, channel: channel)
      let target = output.plane(operands.output, picture: image, channel: channel)
      for pixel in 0..<pixels {
        let byte = (image * pixels + pixel) * channels + channel
        let number = readsBytes ? steps.number(operands.input.bytes[byte]) : source[pixel * input.columnStride]
        if writesBytes {
          operands.output.bytes[byte] = steps.byte(number)
        } else {
          target[pixel * output.columnStride] = number
        }
      }
    }
  }
}
