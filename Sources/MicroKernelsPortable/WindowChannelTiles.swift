import MicroKernels

/// The tile of a convolution of `rows` pixels by `vectors` vectors of channels; nil where there is none of that size.
@export(interface)
public func portableWindowChannelTile(rows: Int, vectors: Int) -> MicroKernelFunction<WindowChannelTileArguments>? {
  switch (rows, vectors) {
  case (1, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<1, 1, 1, 0>.self, isSpread: false, $0) }
  case (2, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<2, 1, 2, 0>.self, isSpread: false, $0) }
  case (3, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<3, 1, 3, 0>.self, isSpread: false, $0) }
  case (4, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<4, 1, 4, 0>.self, isSpread: false, $0) }
  case (5, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<5, 1, 5, 0>.self, isSpread: false, $0) }
  case (6, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<6, 1, 6, 0>.self, isSpread: false, $0) }
  case (7, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<7, 1, 7, 0>.self, isSpread: false, $0) }
  case (8, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<8, 1, 8, 0>.self, isSpread: false, $0) }
  case (9, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<9, 1, 9, 0>.self, isSpread: false, $0) }
  case (10, 1):
    MicroKernelFunction { windowChannelTile(Portable.self, TileShape<10, 1, 10, 0>.self, isSpread: false, $0) }
  case (1, 2): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<1, 2, 2, 0>.self, isSpread: false, $0) }
  case (2, 2): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<2, 2, 4, 0>.self, isSpread: false, $0) }
  case (3, 2): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<3, 2, 6, 0>.self, isSpread: false, $0) }
  case (4, 2): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<4, 2, 8, 0>.self, isSpread: false, $0) }
  case (1, 3): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<1, 3, 3, 0>.self, isSpread: false, $0) }
  case (2, 3): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<2, 3, 6, 0>.self, isSpread: false, $0) }
  default: nil
  }
}
