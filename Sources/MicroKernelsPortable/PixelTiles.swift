import MicroKernels

/// The pixel tile of `rows` rows by `vectors` vectors, with `tail` pixels after them; nil where there is none of that size.
@export(interface)
public func portablePixelTile(rows: Int, vectors: Int, tail: Int) -> PixelTileFunction? {
  switch (rows, vectors, tail) {
  case (1, 1, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (3, 1, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 1, 3, 0>.self, $0) }
  case (4, 1, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (5, 1, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<5, 1, 5, 0>.self, $0) }
  case (6, 1, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<6, 1, 6, 0>.self, $0) }
  case (1, 2, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 2, 4, 0>.self, $0) }
  case (3, 2, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 2, 6, 0>.self, $0) }
  case (4, 2, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 2, 8, 0>.self, $0) }
  case (5, 2, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<5, 2, 10, 0>.self, $0) }
  case (6, 2, 0): PixelTileFunction { pixelTile(Portable.self, TileShape<6, 2, 12, 0>.self, $0) }
  case (1, 1, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 1, 1, 1>.self, $0) }
  case (2, 1, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 1, 2, 1>.self, $0) }
  case (3, 1, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 1, 3, 1>.self, $0) }
  case (4, 1, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 1, 4, 1>.self, $0) }
  case (1, 2, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<1, 2, 2, 1>.self, $0) }
  case (2, 2, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<2, 2, 4, 1>.self, $0) }
  case (3, 2, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<3, 2, 6, 1>.self, $0) }
  case (4, 2, 1): PixelTileFunction { pixelTile(Portable.self, TileShape<4, 2, 8, 1>.self, $0) }
  default: nil
  }
}
