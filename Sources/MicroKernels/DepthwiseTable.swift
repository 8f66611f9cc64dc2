/// The depthwise convolutions of an instruction set.
public struct DepthwiseTable: Sendable {
  /// A convolution of planes by its sizes; nil where there is none.
  ///
  /// - Parameters: `rows` and `columns` of the filter, `stride` in both directions.
  public typealias Planes =
    @Sendable (_ rows: Int, _ columns: Int, _ stride: Int) -> MicroKernelFunction<DepthwisePlanesArguments>?

  /// A convolution of pixels by its sizes; nil where there is none.
  ///
  /// - Parameters: `kernel` rows and columns, `stride` in both directions, `columns` of a tile.
  public typealias Channels =
    @Sendable (_ kernel: Int, _ stride: Int, _ columns: Int) -> MicroKernelFunction<DepthwiseChannelsArguments>?

  /// A convolution of pixels with any window, stride and dilation by its tile's columns; nil where there is none.
  public typealias AnyWindow = @Sendable (_ columns: Int) -> MicroKernelFunction<DepthwiseChannelsArguments>?

  /// The floats of a vector.
  public let lanes: Int
  /// Convolutions with columns along the lanes.
  public let planes: Planes
  /// Convolutions with channels along the lanes.
  public let channels: Channels
  /// Convolutions with channels along the lanes and windows of at most ``maximumTaps`` elements.
  public let anyWindow: AnyWindow

  /// The most columns of a tile of pixels.
  public static let maximumColumns = 8
  /// The most elements of a window that has no code of its own.
  public static let maximumTaps = 128

  /// A table.
  public init(
    lanes: Int, planes: @escaping Planes, channels: @escaping Channels, anyWindow: @escaping AnyWindow
  ) {
    self.lanes = lanes
    self.planes = planes
    self.channels = channels
    self.anyWindow = anyWindow
  }
}
