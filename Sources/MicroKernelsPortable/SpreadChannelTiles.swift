import MicroKernels

/// The same for groups narrower than a vector, whose lanes have an input each.
@export(interface)
public func portableSpreadChannelTile(rows: Int, vectors: Int) -> MicroKernelFunction<WindowChannelTileArguments>? {
  switch (rows, vectors) {
  case (1, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<1, 1, 1, 0>.self, isSpread: true, $0) }
  case (2, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<2, 1, 2, 0>.self, isSpread: true, $0) }
  case (3, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<3, 1, 3, 0>.self, isSpread: true, $0) }
  case (4, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<4, 1, 4, 0>.self, isSpread: true, $0) }
  case (5, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<5, 1, 5, 0>.self, isSpread: true, $0) }
  case (6, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<6, 1, 6, 0>.self, isSpread: true, $0) }
  case (7, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<7, 1, 7, 0>.self, isSpread: true, $0) }
  case (8, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<8, 1, 8, 0>.self, isSpread: true, $0) }
  case (9, 1): MicroKernelFunction { windowChannelTile(Portable.self, TileShape<9, 1, 9, 0>.self, isSpread: true, $0) }
  case (10, 1):
    MicroKernelFunction { windowChannelTile(Portable.self, TileShape<10, 1, 10, 0>.self, isSpread: true, $0) }
  default: nil
  }
}

/// Spreads the channels of pixels over lanes.
@export(interface)
public func portableChannelSpread() -> MicroKernelFunction<ChannelSpreadArguments> {
  MicroKernelFunction { spreadChannels(Portable.self, $0) }
}
