import DirectKernels
import LayerKernels
import MicroKernels

/// Pointwise convolution with weights in fewer bits, widened as they are loaded, once for the pixels of a tile.
///
/// ``PointwiseChannels`` on other tiles, with its configurations but those that cut sums. Inputs, sums and outputs are floats.
/// Approximate: the rounding of the weights is all that it errs.
public struct ReducedPointwise: LayerKernel {
  /// `reduced.pointwise.` and the type: `reduced.pointwise.s8`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let type: any WeightElement.Type
  private let product: PointwiseChannels?

  /// The kernel with weights of a type on an instruction set.
  public init(_ set: MicroKernelSet, weightType type: any WeightElement.Type) {
    identifier = KernelIdentifier("reduced.pointwise.\(type.type)")
    self.type = type
    let identifier = identifier
    product = set.reducedChannelTiles[type.type].map { PointwiseChannels(identifier, tiles: $0, rows: set.rows) }
  }

  /// What tiles of that type apply to.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard let product else { return .refused(ReducedWeights.noTiles(of: type)) }
    return product.applicability(to: problem)
  }

  /// As much as with whole weights: it counts only where an error is allowed.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    product?.expectedEfficiency(for: problem) ?? 0.5
  }

  /// Those of the kernel with whole weights that keep a layout throughout.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let all = product?.configurations(for: problem) ?? []
    return all.filter { $0["rowsIn"] == $0["rowsOut"] && $0["depth"] == 0 }
  }

  /// Plane lists or rows of channels.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    product?.layouts(for: problem, configuration: configuration)
      ?? OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// Measured: it depends on the weights.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    .approximate(relativeError: nil)
  }

  /// The weights as the type holds them.
  ///
  /// - Throws: `KernelError.notApplicable` where it has no number for one of them.
  public func roundedParameters(
    _ parameters: ConvolutionParameters, for problem: ConvolutionProblem
  ) throws -> ConvolutionParameters? {
    try ReducedWeights.refusing(identifier, problem) {
      ConvolutionParameters(uncheckedFilter: try type.rounded(parameters.filter), bias: parameters.bias)
    }
  }

  /// Rounds the weights and packs them in panels.
  ///
  /// - Throws: `KernelError` where the type has no number for a weight, or when there is no such tile.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    guard let product else {
      throw KernelError.notApplicable(
        kernel: identifier, problem: problem.key, reason: ReducedWeights.noTiles(of: type))
    }
    return try ReducedWeights.refusing(identifier, problem) {
      try product.prepare(problem, configuration: configuration, parameters: parameters)
    }
  }
}
