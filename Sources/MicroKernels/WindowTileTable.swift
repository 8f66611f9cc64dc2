/// The tiles of an instruction set for convolution of any window.
public struct WindowTileTable: Sendable {
  /// The tile of that size; nil where there is none.
  public typealias Tile = @Sendable (_ rows: Int, _ vectors: Int) -> MicroKernelFunction<WindowTileArguments>?

  /// The floats of a vector.
  public let lanes: Int
  /// Convolutions with channels along the lanes.
  public let channels: WindowChannelTable
  private let tiles: [[MicroKernelFunction<WindowTileArguments>?]]

  /// The most rows a tile may have.
  public static let maximumRows = 16
  /// The most vectors a tile may have.
  public static let maximumVectors = 4

  /// A table.
  public init(lanes: Int, channels: WindowChannelTable, tile: Tile) {
    self.lanes = lanes
    self.channels = channels
    tiles = (1...Self.maximumVectors).map { vectors in (1...Self.maximumRows).map { tile($0, vectors) } }
  }

  /// The tile of that size; nil where there is none.
  public func tile(rows: Int, vectors: Int) -> MicroKernelFunction<WindowTileArguments>? {
    guard (1...Self.maximumRows).contains(rows), (1...Self.maximumVectors).contains(vectors) else { return nil }
    return tiles[vectors - 1][rows - 1]
  }

  /// The rows of the tiles of so many vectors, most first.
  public func rows(vectors: Int) -> [Int] {
    (1...Self.maximumRows).reversed().filter { tile(rows: $0, vectors: vectors) != nil }
  }
}
