import LayerKernels

/// ONNX's `Resize` by its definition, interpolated in 64 bits.
///
/// Configuration: `layout`, 0 row-major, 1 plane list, 2 channels last.
public struct ReferenceResize: LayerKernel {
  /// `reference.resize`
  public let identifier: KernelIdentifier = "reference.resize"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ResizeProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: ResizeProblem) -> Double { referenceEfficiency }

  /// One for each layout.
  public func configurations(for problem: ResizeProblem) -> [KernelConfiguration] { LayoutChoice.configurations }

  /// The configuration's layout everywhere.
  public func layouts(for problem: ResizeProblem, configuration: KernelConfiguration) -> OperandLayouts {
    LayoutChoice.operands(of: configuration, inputCount: 1)
  }

  /// The rounding of the result.
  public func errorClass(for problem: ResizeProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Finds out which input elements each output element is made of.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: ResizeProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let layout = try LayoutChoice.layout(of: configuration, for: identifier)
    return PreparedReferenceResize(
      shape: problem.outputShape, input: PlanarAccess(layout, problem.inputShape),
      output: PlanarAccess(layout, problem.outputShape), rows: problem.taps(along: .height),
      columns: problem.taps(along: .width))
  }
}

private struct PreparedReferenceResize: PreparedKernel {
  let shape: TensorShape
  let input: PlanarAccess
  let output: PlanarAccess
  let rows: [ResizeTap]
  let columns: [ResizeTap]

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (channels, height) = (shape[1], shape[2])
    for item in worker.share(of: shape[0] * channels * height) {
      let (row, channel, picture) = (item % height, item / height % channels, item / height / channels)
      let plane = input.plane(operands.input, picture: picture, channel: channel)
      let target = output.plane(operands.output, picture: picture, channel: channel) + row * output.rowStride
      let y = rows[row]
      for (column, x) in columns.enumerated() {
        let above = mix(plane + y.lower * input.rowStride, x)
        // An element that has no part is not read: it may be infinite.
        let value =
          y.upperWeight == 0
          ? above : above + (mix(plane + y.upper * input.rowStride, x) - above) * y.upperWeight
        target[column * output.columnStride] = Float(value)
      }
    }
  }

  private func mix(_ row: UnsafeMutablePointer<Float>, _ tap: ResizeTap) -> Double {
    let lower = Double(row[tap.lower * input.columnStride])
    return tap.upperWeight == 0
      ? lower : lower + (Double(row[tap.upper * input.columnStride]) - lower) * tap.upperWeight
  }
}
