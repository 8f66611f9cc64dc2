/// Functions of activations whose numbers are bytes.
public struct ByteFunctionTable: Sendable {
  /// Floats to bytes.
  public let narrow: MicroKernelFunction<StagingArguments>
  /// Bytes to floats.
  public let widen: MicroKernelFunction<WideningArguments>
  /// Sums of two activations.
  public let sum: MicroKernelFunction<ByteSumArguments>
  /// Depthwise convolutions with channels along the lanes.
  public let depthwise: DepthwiseTable.Channels

  /// A table.
  public init(
    narrow: MicroKernelFunction<StagingArguments>, widen: MicroKernelFunction<WideningArguments>,
    sum: MicroKernelFunction<ByteSumArguments>, depthwise: @escaping DepthwiseTable.Channels
  ) {
    self.narrow = narrow
    self.widen = widen
    self.sum = sum
    self.depthwise = depthwise
  }
}
