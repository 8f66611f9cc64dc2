import LayerKernels

/// Pooling by its definition, summed in 64 bits.
///
/// An average that counts padding counts no column past the padding, where a window of `ceil_mode` hangs over; a window
/// of nothing but padding has the maximum −∞ and the average 0. Configuration: `layout`, 0 row-major, 1 plane list,
/// 2 channels last.
public struct ReferencePooling: LayerKernel {
  /// `reference.pooling`
  public let identifier: KernelIdentifier = "reference.pooling"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: PoolingProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: PoolingProblem) -> Double { referenceEfficiency }

  /// One for each layout.
  public func configurations(for problem: PoolingProblem) -> [KernelConfiguration] { LayoutChoice.configurations }

  /// The configuration's layout everywhere.
  public func layouts(for problem: PoolingProblem, configuration: KernelConfiguration) -> OperandLayouts {
    LayoutChoice.operands(of: configuration, inputCount: 1)
  }

  /// The rounding of the result.
  public func errorClass(for problem: PoolingProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Nothing to pack.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: PoolingProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let layout = try LayoutChoice.layout(of: configuration, for: identifier)
    return PreparedReferencePooling(
      problem: problem, input: PlanarAccess(layout, problem.inputShape),
      output: PlanarAccess(layout, problem.outputShape))
  }
}

struct PreparedReferencePooling: PreparedKernel {
  let problem: PoolingProblem
  let input: PlanarAccess
  let output: PlanarAccess

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    for item in worker.share(of: problem.batch * problem.channels * problem.output.height) {
      let row = item % problem.output.height
      let channel = item / problem.output.height % problem.channels
      let picture = item / problem.output.height / problem.channels
      let source = input.plane(operands.input, picture: picture, channel: channel)
      let target = output.plane(operands.output, picture: picture, channel: channel) + row * output.rowStride
      for column in 0..<problem.output.width {
        target[column * output.columnStride] = value(source, row: row, column: column)
      }
    }
  }

  private func value(_ plane: UnsafeMutablePointer<Float>, row: Int, column: Int) -> Float {
    let window = problem.window
    var largest = -Float.infinity
    var sum = 0.0
    var inputCount = 0
    var paddedCount = 0
    for r in 0..<window.kernel.height {
      let y = row * window.stride.height + r * window.dilation.height - window.pads.top
      for s in 0..<window.kernel.width {
        let x = column * window.stride.width + s * window.dilation.width - window.pads.left
        if y < problem.input.height + window.pads.bottom, x < problem.input.width + window.pads.right {
          paddedCount += 1
        }
        guard 0..<problem.input.height ~= y, 0..<problem.input.width ~= x else { continue }
        let element = plane[y * input.rowStride + x * input.columnStride]
        // Once NaN, always NaN.
        if element > largest || element.isNaN { largest = element }
        sum += Double(element)
        inputCount += 1
      }
    }
    switch problem.reduction {
    case .maximum: return largest
    case .average: return inputCount == 0 ? 0 : Float(sum / Double(inputCount))
    case .averageIncludingPadding: return paddedCount == 0 ? 0 : Float(sum / Double(paddedCount))
    }
  }
}
