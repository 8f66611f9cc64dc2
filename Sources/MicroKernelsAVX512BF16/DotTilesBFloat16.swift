import MicroKernels

/// The tile of `rows` pixels by `vectors` vectors of channels with products of upper halves of floats; nil where there is none of that size.
@export(interface)
public func avx512BF16DotTile(rows: Int, vectors: Int) -> MicroKernelFunction<DotTileArguments>? {
  switch (rows, vectors) {
  case (1, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (3, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<3, 1, 3, 0>.self, $0) }
  case (4, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (5, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<5, 1, 5, 0>.self, $0) }
  case (6, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<6, 1, 6, 0>.self, $0) }
  case (7, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<7, 1, 7, 0>.self, $0) }
  case (8, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<8, 1, 8, 0>.self, $0) }
  case (9, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<9, 1, 9, 0>.self, $0) }
  case (10, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<10, 1, 10, 0>.self, $0) }
  case (11, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<11, 1, 11, 0>.self, $0) }
  case (12, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<12, 1, 12, 0>.self, $0) }
  case (13, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<13, 1, 13, 0>.self, $0) }
  case (14, 1): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<14, 1, 14, 0>.self, $0) }
  case (1, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 2, 4, 0>.self, $0) }
  case (3, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<3, 2, 6, 0>.self, $0) }
  case (4, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<4, 2, 8, 0>.self, $0) }
  case (5, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<5, 2, 10, 0>.self, $0) }
  case (6, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<6, 2, 12, 0>.self, $0) }
  case (7, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<7, 2, 14, 0>.self, $0) }
  case (8, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<8, 2, 16, 0>.self, $0) }
  case (9, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<9, 2, 18, 0>.self, $0) }
  case (10, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<10, 2, 20, 0>.self, $0) }
  case (11, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<11, 2, 22, 0>.self, $0) }
  case (12, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<12, 2, 24, 0>.self, $0) }
  case (13, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<13, 2, 26, 0>.self, $0) }
  case (14, 2): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<14, 2, 28, 0>.self, $0) }
  case (1, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 3, 3, 0>.self, $0) }
  case (2, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 3, 6, 0>.self, $0) }
  case (3, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<3, 3, 9, 0>.self, $0) }
  case (4, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<4, 3, 12, 0>.self, $0) }
  case (5, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<5, 3, 15, 0>.self, $0) }
  case (6, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<6, 3, 18, 0>.self, $0) }
  case (7, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<7, 3, 21, 0>.self, $0) }
  case (8, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<8, 3, 24, 0>.self, $0) }
  case (9, 3): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<9, 3, 27, 0>.self, $0) }
  case (1, 4): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 4, 4, 0>.self, $0) }
  case (2, 4): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 4, 8, 0>.self, $0) }
  case (3, 4): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<3, 4, 12, 0>.self, $0) }
  case (4, 4): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<4, 4, 16, 0>.self, $0) }
  case (5, 4): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<5, 4, 20, 0>.self, $0) }
  case (6, 4): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<6, 4, 24, 0>.self, $0) }
  case (1, 5): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 5, 5, 0>.self, $0) }
  case (2, 5): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 5, 10, 0>.self, $0) }
  case (1, 6): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 6, 6, 0>.self, $0) }
  case (2, 6): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 6, 12, 0>.self, $0) }
  case (1, 7): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 7, 7, 0>.self, $0) }
  case (2, 7): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 7, 14, 0>.self, $0) }
  case (1, 8): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<1, 8, 8, 0>.self, $0) }
  case (2, 8): MicroKernelFunction { dotTile(AVX512BF16.self, TileShape<2, 8, 16, 0>.self, $0) }
  default: nil
  }
}
