import LayerKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Softmax by its definition, in 64 bits.
public struct ReferenceSoftmax: LayerKernel {
  /// `reference.softmax`
  public let identifier: KernelIdentifier = "reference.softmax"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: SoftmaxProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: SoftmaxProblem) -> Double { referenceEfficiency }

  /// The rounding of the result.
  public func errorClass(for problem: SoftmaxProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Nothing to pack.
  public func prepare(
    _ problem: SoftmaxProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    PreparedReferenceSoftmax(extents: problem.extents)
  }
}

private struct PreparedReferenceSoftmax: PreparedKernel {
  let extents: (outer: Int, length: Int, inner: Int)

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (_, length, inner) = extents
    for item in worker.share(of: extents.outer * inner) {
      let start = item / inner * length * inner + item % inner
      let source = operands.input.base + start
      let target = operands.output.base + start
      var largest = -Double.infinity
      for index in 0..<length { largest = max(largest, Double(source[index * inner])) }
      var sum = 0.0
      for index in 0..<length { sum += exp(Double(source[index * inner]) - largest) }
      for index in 0..<length {
        target[index * inner] = Float(exp(Double(source[index * inner]) - largest) / sum)
      }
    }
  }
}
