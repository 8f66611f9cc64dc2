import LayerKernels

/// Boxes of elements moved one by one, in the order of the copies.
public struct ReferenceRearrangement: LayerKernel {
  /// `reference.rearrangement`
  public let identifier: KernelIdentifier = "reference.rearrangement"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: RearrangementProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: RearrangementProblem) -> Double { referenceEfficiency }

  /// No bit changes.
  public func errorClass(for problem: RearrangementProblem, configuration: KernelConfiguration) -> ErrorClass {
    .exact(tolerance: 0)
  }

  /// Nothing to pack.
  public func prepare(
    _ problem: RearrangementProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    PreparedReferenceRearrangement(problem: problem)
  }
}

private struct PreparedReferenceRearrangement: PreparedKernel {
  let problem: RearrangementProblem

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    // A worker writes a range of the output: a later copy overwrites an earlier one also where they are shared.
    let range = worker.share(of: problem.outputShape.elementCount)
    if let fill = problem.fill {
      (operands.output.base + range.lowerBound).update(repeating: fill, count: range.count)
    }
    for copy in problem.copies {
      move(
        copy, axis: 0, from: operands.inputs[copy.input].base, copy.inputOffset, to: operands.output.base,
        copy.outputOffset, within: range)
    }
  }

  private func move(
    _ copy: RearrangementProblem.Copy, axis: Int, from source: UnsafeMutablePointer<Float>, _ sourceOffset: Int,
    to target: UnsafeMutablePointer<Float>, _ targetOffset: Int, within range: Range<Int>
  ) {
    guard axis < copy.sizes.count else {
      if range.contains(targetOffset) { target[targetOffset] = source[sourceOffset] }
      return
    }
    for index in 0..<copy.sizes[axis] {
      move(
        copy, axis: axis + 1, from: source, sourceOffset + index * copy.inputStrides[axis], to: target,
        targetOffset + index * copy.outputStrides[axis], within: range)
    }
  }
}
