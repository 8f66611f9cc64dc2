import MicroKernels

/// The tile of `rows` pixels by `vectors` vectors of channels with products of whole numbers; nil where there is none of that size.
@export(interface)
public func avx2Int8DotTile(rows: Int, vectors: Int) -> MicroKernelFunction<DotTileArguments>? {
  switch (rows, vectors) {
  case (1, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (3, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<3, 1, 3, 0>.self, $0) }
  case (4, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (5, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<5, 1, 5, 0>.self, $0) }
  case (6, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<6, 1, 6, 0>.self, $0) }
  case (7, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<7, 1, 7, 0>.self, $0) }
  case (8, 1): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<8, 1, 8, 0>.self, $0) }
  case (1, 2): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<2, 2, 4, 0>.self, $0) }
  case (3, 2): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<3, 2, 6, 0>.self, $0) }
  case (4, 2): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<4, 2, 8, 0>.self, $0) }
  case (5, 2): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<5, 2, 10, 0>.self, $0) }
  case (6, 2): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<6, 2, 12, 0>.self, $0) }
  case (1, 3): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<1, 3, 3, 0>.self, $0) }
  case (2, 3): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<2, 3, 6, 0>.self, $0) }
  case (3, 3): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<3, 3, 9, 0>.self, $0) }
  case (1, 4): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<1, 4, 4, 0>.self, $0) }
  case (2, 4): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<2, 4, 8, 0>.self, $0) }
  case (1, 5): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<1, 5, 5, 0>.self, $0) }
  case (1, 6): MicroKernelFunction { dotTile(AVX2Int8.self, TileShape<1, 6, 6, 0>.self, $0) }
  default: nil
  }
}
