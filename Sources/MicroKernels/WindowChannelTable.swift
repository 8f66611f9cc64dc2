/// What an instruction set has for convolutions with channels along the lanes.
public struct WindowChannelTable: Sendable {
  /// The tile of that size; nil where there is none.
  public typealias Tile = @Sendable (_ rows: Int, _ vectors: Int) -> MicroKernelFunction<WindowChannelTileArguments>?

  /// The most pixels of a tile.
  public static let maximumRows = 16
  /// The most vectors of a tile.
  public static let maximumVectors = 4

  /// The floats of a vector.
  public let lanes: Int
  /// Spreads the channels of groups that are narrower than a vector over its lanes.
  public let spread: MicroKernelFunction<ChannelSpreadArguments>
  private let tiles: [MicroKernelFunction<WindowChannelTileArguments>?]
  private let spreadTiles: [MicroKernelFunction<WindowChannelTileArguments>?]

  /// A table.
  ///
  /// - Parameters:
  ///   - tile: the tiles whose lanes share an input.
  ///   - spreadTile: those of one vector whose lanes have an input each.
  public init(
    lanes: Int, spread: MicroKernelFunction<ChannelSpreadArguments>, tile: Tile, spreadTile: Tile
  ) {
    self.lanes = lanes
    self.spread = spread
    tiles = (1...Self.maximumVectors).flatMap { vectors in (1...Self.maximumRows).map { tile($0, vectors) } }
    spreadTiles = (1...Self.maximumRows).map { spreadTile($0, 1) }
  }

  /// The tile of so many pixels and vectors; nil where there is none.
  public func tile(rows: Int, vectors: Int, isSpread: Bool) -> MicroKernelFunction<WindowChannelTileArguments>? {
    guard (1...Self.maximumRows).contains(rows), (1...Self.maximumVectors).contains(vectors) else { return nil }
    if isSpread { return vectors == 1 ? spreadTiles[rows - 1] : nil }
    return tiles[(vectors - 1) * Self.maximumRows + rows - 1]
  }

  /// The most pixels of a tile of so many vectors; 0 where there is none.
  public func maximumRows(vectors: Int, isSpread: Bool) -> Int {
    (1...Self.maximumRows).last { tile(rows: $0, vectors: vectors, isSpread: isSpread) != nil } ?? 0
  }
}
