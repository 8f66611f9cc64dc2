import DirectKernels
import LayerKernels
import MicroKernels

/// The dense layer with weights in fewer bits, widened as they are loaded: for layers that wait for memory to give them weights.
///
/// ``PointwiseDense`` on other tiles, with its configurations. Inputs, sums and outputs are floats. Approximate: the rounding of the
/// weights is all that it errs.
public struct ReducedDense: LayerKernel {
  /// `reduced.dense.` and the type: `reduced.dense.s8`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let type: any WeightElement.Type
  private let product: PointwiseDense?

  /// The kernel with weights of a type on an instruction set.
  public init(_ set: MicroKernelSet, weightType type: any WeightElement.Type) {
    identifier = KernelIdentifier("reduced.dense.\(type.type)")
    self.type = type
    let identifier = identifier
    product = set.reducedChannelTiles[type.type].map { PointwiseDense(identifier, tiles: $0, rows: set.rows) }
  }

  /// Constant weights, and what tiles of that type apply to.
  public func applicability(to problem: MatrixMultiplyProblem) -> Applicability {
    guard let product else { return .refused(ReducedWeights.noTiles(of: type)) }
    guard problem.hasConstantWeights else { return .refused("needs constant weights") }
    return product.applicability(to: problem)
  }

  /// As much as with whole weights: it counts only where an error is allowed.
  public func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double {
    product?.expectedEfficiency(for: problem) ?? 0.5
  }

  /// Those of the kernel with whole weights.
  public func configurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
    product?.configurations(for: problem) ?? []
  }

  /// Measured: it depends on the weights.
  public func errorClass(for problem: MatrixMultiplyProblem, configuration: KernelConfiguration) -> ErrorClass {
    .approximate(relativeError: nil)
  }

  /// The weights as the type holds them.
  ///
  /// - Throws: `KernelError.notApplicable` where it has no number for one of them.
  public func roundedParameters(
    _ parameters: MatrixMultiplyParameters, for problem: MatrixMultiplyProblem
  ) throws -> MatrixMultiplyParameters? {
    guard let weights = parameters.weights else { return nil }
    return try ReducedWeights.refusing(identifier, problem) {
      MatrixMultiplyParameters(uncheckedWeights: try type.rounded(weights), bias: parameters.bias)
    }
  }

  /// Rounds the weights and packs them in panels.
  ///
  /// - Throws: `KernelError` where the type has no number for a weight, or when there is no such tile.
  public func prepare(
    _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    guard let product else {
      throw KernelError.notApplicable(
        kernel: identifier, problem: problem.key, reason: ReducedWeights.noTiles(of: type))
    }
    return try ReducedWeights.refusing(identifier, problem) {
      try product.prepare(problem, configuration: configuration, parameters: parameters)
    }
  }
}
