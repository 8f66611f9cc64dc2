/// The depthwise convolutions of an instruction set.
public struct DepthwiseTable: Sendable {
  /// A convolution of planes by its sizes; nil where there is none.
  ///
  /// - Parameters: `kernel` rows and columns, `stride` in both directions, `vectors` side by side.
  public typealias Planes =
    @Sendable (_ kernel: Int, _ stride: Int, _ vectors: Int) -> MicroKernelFunction<DepthwisePlanesArguments>?

  /// Convolutions with columns along the lanes.
  public let planes: Planes

  /// A table.
  public init(planes: @escaping Planes) { self.planes = planes }
}
