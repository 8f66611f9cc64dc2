import MicroKernels

/// The tile of `rows` output channels by `vectors` vectors of an output row; nil where there is none of that size.
@export(interface)
public func avx2WindowTile(rows: Int, vectors: Int) -> MicroKernelFunction<WindowTileArguments>? {
  switch (rows, vectors) {
  case (1, 1): MicroKernelFunction { windowTile(AVX2.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1): MicroKernelFunction { windowTile(AVX2.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (4, 1): MicroKernelFunction { windowTile(AVX2.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (8, 1): MicroKernelFunction { windowTile(AVX2.self, TileShape<8, 1, 8, 0>.self, $0) }
  case (12, 1): MicroKernelFunction { windowTile(AVX2.self, TileShape<12, 1, 12, 0>.self, $0) }
  case (1, 2): MicroKernelFunction { windowTile(AVX2.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2): MicroKernelFunction { windowTile(AVX2.self, TileShape<2, 2, 4, 0>.self, $0) }
  case (4, 2): MicroKernelFunction { windowTile(AVX2.self, TileShape<4, 2, 8, 0>.self, $0) }
  case (6, 2): MicroKernelFunction { windowTile(AVX2.self, TileShape<6, 2, 12, 0>.self, $0) }
  case (1, 3): MicroKernelFunction { windowTile(AVX2.self, TileShape<1, 3, 3, 0>.self, $0) }
  case (2, 3): MicroKernelFunction { windowTile(AVX2.self, TileShape<2, 3, 6, 0>.self, $0) }
  case (4, 3): MicroKernelFunction { windowTile(AVX2.self, TileShape<4, 3, 12, 0>.self, $0) }
  default: nil
  }
}
