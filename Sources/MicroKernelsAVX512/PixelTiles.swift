import MicroKernels

/// The pixel tile of `rows` rows by `vectors` vectors; nil where there is none of that size.
@export(interface)
public func avx512PixelTile(rows: Int, vectors: Int) -> PixelTileFunction? {
  switch (rows, vectors) {
  case (1, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<1, 1, 1>.self, $0) }
  case (2, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<2, 1, 2>.self, $0) }
  case (3, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<3, 1, 3>.self, $0) }
  case (4, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<4, 1, 4>.self, $0) }
  case (5, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<5, 1, 5>.self, $0) }
  case (6, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<6, 1, 6>.self, $0) }
  case (7, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<7, 1, 7>.self, $0) }
  case (8, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<8, 1, 8>.self, $0) }
  case (9, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<9, 1, 9>.self, $0) }
  case (10, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<10, 1, 10>.self, $0) }
  case (11, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<11, 1, 11>.self, $0) }
  case (12, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<12, 1, 12>.self, $0) }
  case (13, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<13, 1, 13>.self, $0) }
  case (14, 1): PixelTileFunction { pixelTile(AVX512.self, TileShape<14, 1, 14>.self, $0) }
  case (1, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<1, 2, 2>.self, $0) }
  case (2, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<2, 2, 4>.self, $0) }
  case (3, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<3, 2, 6>.self, $0) }
  case (4, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<4, 2, 8>.self, $0) }
  case (5, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<5, 2, 10>.self, $0) }
  case (6, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<6, 2, 12>.self, $0) }
  case (7, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<7, 2, 14>.self, $0) }
  case (8, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<8, 2, 16>.self, $0) }
  case (9, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<9, 2, 18>.self, $0) }
  case (10, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<10, 2, 20>.self, $0) }
  case (11, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<11, 2, 22>.self, $0) }
  case (12, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<12, 2, 24>.self, $0) }
  case (13, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<13, 2, 26>.self, $0) }
  case (14, 2): PixelTileFunction { pixelTile(AVX512.self, TileShape<14, 2, 28>.self, $0) }
  case (1, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<1, 3, 3>.self, $0) }
  case (2, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<2, 3, 6>.self, $0) }
  case (3, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<3, 3, 9>.self, $0) }
  case (4, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<4, 3, 12>.self, $0) }
  case (5, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<5, 3, 15>.self, $0) }
  case (6, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<6, 3, 18>.self, $0) }
  case (7, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<7, 3, 21>.self, $0) }
  case (8, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<8, 3, 24>.self, $0) }
  case (9, 3): PixelTileFunction { pixelTile(AVX512.self, TileShape<9, 3, 27>.self, $0) }
  case (1, 4): PixelTileFunction { pixelTile(AVX512.self, TileShape<1, 4, 4>.self, $0) }
  case (2, 4): PixelTileFunction { pixelTile(AVX512.self, TileShape<2, 4, 8>.self, $0) }
  case (3, 4): PixelTileFunction { pixelTile(AVX512.self, TileShape<3, 4, 12>.self, $0) }
  case (4, 4): PixelTileFunction { pixelTile(AVX512.self, TileShape<4, 4, 16>.self, $0) }
  case (5, 4): PixelTileFunction { pixelTile(AVX512.self, TileShape<5, 4, 20>.self, $0) }
  case (6, 4): PixelTileFunction { pixelTile(AVX512.self, TileShape<6, 4, 24>.self, $0) }
  default: nil
  }
}
