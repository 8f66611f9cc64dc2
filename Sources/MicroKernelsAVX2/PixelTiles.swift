import MicroKernels

/// The pixel tile of `rows` rows by `vectors` vectors; nil where there is none of that size.
@export(interface)
public func avx2PixelTile(rows: Int, vectors: Int) -> PixelTileFunction? {
  switch (rows, vectors) {
  case (1, 1): PixelTileFunction { pixelTile(AVX2.self, TileShape<1, 1, 1>.self, $0) }
  case (2, 1): PixelTileFunction { pixelTile(AVX2.self, TileShape<2, 1, 2>.self, $0) }
  case (3, 1): PixelTileFunction { pixelTile(AVX2.self, TileShape<3, 1, 3>.self, $0) }
  case (4, 1): PixelTileFunction { pixelTile(AVX2.self, TileShape<4, 1, 4>.self, $0) }
  case (5, 1): PixelTileFunction { pixelTile(AVX2.self, TileShape<5, 1, 5>.self, $0) }
  case (6, 1): PixelTileFunction { pixelTile(AVX2.self, TileShape<6, 1, 6>.self, $0) }
  case (1, 2): PixelTileFunction { pixelTile(AVX2.self, TileShape<1, 2, 2>.self, $0) }
  case (2, 2): PixelTileFunction { pixelTile(AVX2.self, TileShape<2, 2, 4>.self, $0) }
  case (3, 2): PixelTileFunction { pixelTile(AVX2.self, TileShape<3, 2, 6>.self, $0) }
  case (4, 2): PixelTileFunction { pixelTile(AVX2.self, TileShape<4, 2, 8>.self, $0) }
  case (5, 2): PixelTileFunction { pixelTile(AVX2.self, TileShape<5, 2, 10>.self, $0) }
  case (6, 2): PixelTileFunction { pixelTile(AVX2.self, TileShape<6, 2, 12>.self, $0) }
  case (1, 3): PixelTileFunction { pixelTile(AVX2.self, TileShape<1, 3, 3>.self, $0) }
  case (2, 3): PixelTileFunction { pixelTile(AVX2.self, TileShape<2, 3, 6>.self, $0) }
  case (3, 3): PixelTileFunction { pixelTile(AVX2.self, TileShape<3, 3, 9>.self, $0) }
  case (4, 3): PixelTileFunction { pixelTile(AVX2.self, TileShape<4, 3, 12>.self, $0) }
  default: nil
  }
}
