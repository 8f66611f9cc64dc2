/// The functions of an instruction set that work on rows, planes and pixels: element-wise functions, reductions, pooling
/// and transposition.
public struct PlaneFunctionTable: Sendable {
  /// The floats of a vector.
  public let lanes: Int
  /// A function of elements side by side.
  public let elementwise: MicroKernelFunction<ElementwiseRowArguments>
  /// Sums and maxima of planes.
  public let reduction: MicroKernelFunction<PlaneReductionArguments>
  /// Softmax.
  public let softmax: MicroKernelFunction<SoftmaxArguments>
  /// Normalization of lines.
  public let normalization: MicroKernelFunction<NormalizationArguments>
  /// The gates of recurrent networks.
  public let gates: MicroKernelFunction<GateArguments>
  /// Transposition.
  public let transpose: MicroKernelFunction<TransposeArguments>
  /// Pooling of planes.
  public let poolPlanes: MicroKernelFunction<PoolingPlanesArguments>
  /// Pooling of pixels.
  public let poolPixels: MicroKernelFunction<PoolingPixelsArguments>

  /// A table.
  public init(
    lanes: Int, elementwise: MicroKernelFunction<ElementwiseRowArguments>,
    reduction: MicroKernelFunction<PlaneReductionArguments>,
    softmax: MicroKernelFunction<SoftmaxArguments>, normalization: MicroKernelFunction<NormalizationArguments>,
    gates: MicroKernelFunction<GateArguments>, transpose: MicroKernelFunction<TransposeArguments>,
    poolPlanes: MicroKernelFunction<PoolingPlanesArguments>, poolPixels: MicroKernelFunction<PoolingPixelsArguments>
  ) {
    self.lanes = lanes
    self.elementwise = elementwise
    self.reduction = reduction
    self.softmax = softmax
    self.normalization = normalization
    self.gates = gates
    self.transpose = transpose
    self.poolPlanes = poolPlanes
    self.poolPixels = poolPixels
  }
}
