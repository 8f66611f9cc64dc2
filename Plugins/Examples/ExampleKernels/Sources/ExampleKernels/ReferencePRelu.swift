import Luthier

/// PReLU by its definition, in 64 bits: what other kernels are checked against, by the conformance kit and by the tuner.
///
/// The family `reference` marks it as that.
public struct ReferencePRelu: LayerKernel {
  /// `reference.prelu`
  public let identifier: KernelIdentifier = "reference.prelu"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: PReluProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: PReluProblem) -> Double { 0.001 }

  /// The rounding of the result.
  public func errorClass(for problem: PReluProblem, configuration: KernelConfiguration) -> ErrorClass {
    .exact(tolerance: 1e-6)
  }

  /// Copies the slopes.
  public func prepare(
    _ problem: PReluProblem, configuration: KernelConfiguration, parameters: PReluParameters
  ) throws -> any PreparedKernel {
    Prepared(shape: problem.outputShape, slopes: parameters.slopes)
  }

  private struct Prepared: PreparedKernel {
    let shape: TensorShape
    let slopes: [Float]

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for index in worker.share(of: shape.elementCount) {
        let x = Double(operands.input.base[index])
        let slope = Double(slopes[index / (shape[2] * shape[3]) % shape[1]])
        operands.output.base[index] = Float(x < 0 ? x * slope : x)
      }
    }
  }
}
