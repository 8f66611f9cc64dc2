public import LayerKernels

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
  /// The same with weights that are stored in fewer bits: a table for each type that the set has tiles of.
  public let reducedChannelTiles: [ElementType: ChannelTileTable]
  /// Products of narrow numbers, by the type of their arithmetic: only those that the processor is faster at than at floats, and on
  /// the portable set all.
  public let dotTables: [ElementType: DotTable]
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
  /// Functions of activations whose numbers are bytes.
  public let bytes: ByteFunctionTable

  /// A set of the given tables; where there is none for a type, kernels of that type say so.
  public init(
    name: String, pixelTiles: PixelTileTable, channelTiles: ChannelTileTable,
    reducedChannelTiles: [ChannelTileTable] = [], dotTables: [DotTable] = [], rows: RowFunctionTable,
    depthwise: DepthwiseTable, windowTiles: WindowTileTable, planes: PlaneFunctionTable,
    winograd: WinogradTable, bytes: ByteFunctionTable
  ) {
    self.name = name
    self.pixelTiles = pixelTiles
    self.channelTiles = channelTiles
    self.reducedChannelTiles = Dictionary(
      reducedChannelTiles.map { ($0.weightType.type, $0) }, uniquingKeysWith: { $1 })
    self.dotTables = Dictionary(dotTables.map { ($0.format.type, $0) }, uniquingKeysWith: { $1 })
    self.rows = rows
    self.depthwise = depthwise
    self.windowTiles = windowTiles
    self.planes = planes
    self.winograd = winograd
    self.bytes = bytes
  }
}
