import MicroKernels

/// The pixel tile of `rows` rows by `vectors` vectors, with a single pixel behind them or not; nil where there is none
/// of that size.
@export(interface)
public func portablePixelTile(rows: Int, vectors: Int, tail: Bool) -> PixelTileFunction? {
  switch (rows, vectors, tail) {
  case (1, 1, false): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1, false): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (3, 1, false): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 1, 3, 0>.self, $0) }
  case (4, 1, false): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (5, 1, false): PixelTileFunction { pixelTile(Portable.self, TileShape<5, 1, 5, 0>.self, $0) }
  case (6, 1, false): PixelTileFunction { pixelTile(Portable.self, TileShape<6, 1, 6, 0>.self, $0) }
  case (1, 2, false): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2, false): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 2, 4, 0>.self, $0) }
  case (3, 2, false): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 2, 6, 0>.self, $0) }
  case (4, 2, false): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 2, 8, 0>.self, $0) }
  case (5, 2, false): PixelTileFunction { pixelTile(Portable.self, TileShape<5, 2, 10, 0>.self, $0) }
  case (6, 2, false): PixelTileFunction { pixelTile(Portable.self, TileShape<6, 2, 12, 0>.self, $0) }
  case (1, 1, true): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 1, 1, 1>.self, $0) }
  case (2, 1, true): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 1, 2, 1>.self, $0) }
  case (3, 1, true): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 1, 3, 1>.self, $0) }
  case (4, 1, true): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 1, 4, 1>.self, $0) }
  case (1, 2, true): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 2, 2, 1>.self, $0) }
  case (2, 2, true): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 2, 4, 1>.self, $0) }
  case (3, 2, true): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 2, 6, 1>.self, $0) }
  case (4, 2, true): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 2, 8, 1>.self, $0) }
  default: nil
  }
}
