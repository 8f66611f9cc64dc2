import LayerKernels

/// The mean over some axes by its definition, summed in 64 bits.
public struct ReferenceMean: LayerKernel {
  /// `reference.mean`
  public let identifier: KernelIdentifier = "reference.mean"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ReductionProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: ReductionProblem) -> Double { referenceEfficiency }

  /// The rounding of the result.
  public func errorClass(for problem: ReductionProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Tells kept axes from reduced ones.
  public func prepare(
    _ problem: ReductionProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let strides = problem.inputShape.strides
    let axes = zip(problem.inputShape.dimensions, strides).map { Axis(size: $0, stride: $1) }
    return PreparedReferenceMean(
      count: problem.outputShape.elementCount,
      kept: axes.indices.filter { !problem.axes.contains($0) }.map { axes[$0] }.reversed(),
      reduced: problem.axes.filter { $0 < axes.count }.map { axes[$0] })
  }
}

private struct Axis {
  let size: Int
  let stride: Int
}

private struct PreparedReferenceMean: PreparedKernel {
  let count: Int
  /// The innermost first.
  let kept: [Axis]
  /// The outermost first.
  let reduced: [Axis]

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let elements = Double(reduced.reduce(1) { $0 * $1.size })
    for item in worker.share(of: count) {
      var rest = item
      var offset = 0
      for axis in kept {
        offset += rest % axis.size * axis.stride
        rest /= axis.size
      }
      operands.output.base[item] = Float(sum(operands.input.base + offset, depth: 0) / elements)
    }
  }

  private func sum(_ start: UnsafeMutablePointer<Float>, depth: Int) -> Double {
    guard depth < reduced.count else { return Double(start[0]) }
    var total = 0.0
    for index in 0..<reduced[depth].size { total += sum(start + index * reduced[depth].stride, depth: depth + 1) }
    return total
  }
}
