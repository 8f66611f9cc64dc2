/// The depthwise convolutions of an instruction set.
public struct DepthwiseTable: Sendable {
  /// A convolution of planes by its sizes; nil where there is none.
  ///
  /// - Parameters: `kernel` rows and columns, `stride` in both directions.
  public typealias Planes = @Sendable (_ kernel: Int, _ stride: Int) -> MicroKernelFunction<DepthwisePlanesArguments>?

  /// A convolution of pixels by its sizes; nil where there is none.
  ///
  /// - Parameters: `kernel` rows and columns, `stride` in both directions, `columns` of a tile.
  public typealias Channels =
    @Sendable (_ kernel: Int, _ stride: Int, _ columns: Int) -> MicroKernelFunction<DepthwiseChannelsArguments>?

  /// The floats of a vector.
  public let lanes: Int
  /// Convolutions with columns along the lanes.
  public let planes: Planes
  /// Convolutions with channels along the lanes.
  public let channels: Channels

  /// The most columns of a tile of pixels.
  public static let maximumColumns = 8

  /// A table.
  public init(lanes: Int, planes: @escaping Planes, channels: @escaping Channels) {
    self.lanes = lanes
    self.planes = planes
    self.channels = channels
  }
}
