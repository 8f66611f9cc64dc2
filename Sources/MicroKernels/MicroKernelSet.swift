/// The micro-kernels of one instruction set: where algorithms, which know no instruction set, meet one.
///
/// A set is chosen once, when the program starts. Each field is the table of one kind of micro-kernel, and knows how many floats
/// its vectors hold: tables of several widths may be mixed.
public struct MicroKernelSet: Sendable {
  /// The instruction set's name: `portable`, `avx2`, `avx512`.
  public let name: String
  /// Matrix products with pixels along the lanes.
  public let pixelTiles: PixelTileTable
  /// Matrix products with channels along the lanes.
  public let channelTiles: ChannelTileTable
  /// Rearrangements of rows.
  public let rows: RowFunctionTable
  /// Depthwise convolutions.
  public let depthwise: DepthwiseTable
  /// Convolutions straight from planes.
  public let windowTiles: WindowTileTable
  /// Functions on rows, planes and pixels.
  public let planes: PlaneFunctionTable
  /// Transforms of tiles.
  public let winograd: WinogradTable

  /// A set of the given tables.
  public init(
    name: String, pixelTiles: PixelTileTable, channelTiles: ChannelTileTable, rows: RowFunctionTable,
    depthwise: DepthwiseTable, windowTiles: WindowTileTable, planes: PlaneFunctionTable,
    winograd: WinogradTable
  ) {
    self.name = name
    self.pixelTiles = pixelTiles
    self.channelTiles = channelTiles
    self.rows = rows
    self.depthwise = depthwise
    self.windowTiles = windowTiles
    self.planes = planes
    self.winograd = winograd
  }
}
