import MicroKernels

/// The same for groups narrower than a vector, whose lanes have an input each.
@export(interface)
public func avx2SpreadChannelTile(rows: Int, vectors: Int) -> MicroKernelFunction<WindowChannelTileArguments>? {
  switch (rows, vectors) {
  case (1, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<1, 1, 1, 0>.self, isSpread: true, $0) }
  case (2, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<2, 1, 2, 0>.self, isSpread: true, $0) }
  case (3, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<3, 1, 3, 0>.self, isSpread: true, $0) }
  case (4, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<4, 1, 4, 0>.self, isSpread: true, $0) }
  case (5, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<5, 1, 5, 0>.self, isSpread: true, $0) }
  case (6, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<6, 1, 6, 0>.self, isSpread: true, $0) }
  case (7, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<7, 1, 7, 0>.self, isSpread: true, $0) }
  case (8, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<8, 1, 8, 0>.self, isSpread: true, $0) }
  case (9, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<9, 1, 9, 0>.self, isSpread: true, $0) }
  case (10, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<10, 1, 10, 0>.self, isSpread: true, $0) }
  case (11, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<11, 1, 11, 0>.self, isSpread: true, $0) }
  case (12, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<12, 1, 12, 0>.self, isSpread: true, $0) }
  case (13, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<13, 1, 13, 0>.self, isSpread: true, $0) }
  case (14, 1): MicroKernelFunction { windowChannelTile(AVX2.self, TileShape<14, 1, 14, 0>.self, isSpread: true, $0) }
  default: nil
  }
}

/// Spreads the channels of pixels over lanes.
@export(interface)
public func avx2ChannelSpread() -> MicroKernelFunction<ChannelSpreadArguments> {
  MicroKernelFunction { spreadChannels(AVX2.self, $0) }
}
