import LayerKernels
import MicroKernels

/// Softmax of row-major tensors, the exponential by a polynomial.
public struct Softmax: LayerKernel {
  /// `direct.softmax`
  public let identifier: KernelIdentifier = "direct.softmax"
  /// The second: exponentials reach 0 and infinity.
  public let version = 2
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Always.
  public func applicability(to problem: SoftmaxProblem) -> Applicability { .applies }

  /// A tenth.
  public func expectedEfficiency(for problem: SoftmaxProblem) -> Double { 0.1 }

  /// Nothing to pack.
  public func prepare(
    _ problem: SoftmaxProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let extents = problem.extents
    return PreparedSoftmax(
      function: set.planes.softmax, outer: extents.outer, length: extents.length, inner: extents.inner,
      columns: extents.inner == 1 ? 1 : set.planes.lanes)
  }
}

private struct PreparedSoftmax: PreparedKernel {
  let function: MicroKernelFunction<SoftmaxArguments>
  let outer: Int
  let length: Int
  let inner: Int
  /// The sums side by side that one call computes.
  let columns: Int

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    if length == 0 || inner == 0 { return }
    let parts = (inner + columns - 1) / columns
    for item in worker.share(of: outer * parts) {
      let column = item % parts * columns
      let place = item / parts * length * inner + column
      var arguments = SoftmaxArguments(
        source: operands.input.base + place, target: operands.output.base + place, length: length, inner: inner,
        columns: min(columns, inner - column))
      function(&arguments)
    }
  }
}
