import MicroKernels

/// The channel tile of `rows` pixels by `vectors` vectors of channels with weights in s8; nil where there is none of that size.
@export(interface)
public func avx512Int8ChannelTile(rows: Int, vectors: Int) -> ChannelTileFunction? {
  switch (rows, vectors) {
  case (1, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (3, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<3, 1, 3, 0>.self, $0) }
  case (4, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (5, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<5, 1, 5, 0>.self, $0) }
  case (6, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<6, 1, 6, 0>.self, $0) }
  case (7, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<7, 1, 7, 0>.self, $0) }
  case (8, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<8, 1, 8, 0>.self, $0) }
  case (9, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<9, 1, 9, 0>.self, $0) }
  case (10, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<10, 1, 10, 0>.self, $0) }
  case (11, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<11, 1, 11, 0>.self, $0) }
  case (12, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<12, 1, 12, 0>.self, $0) }
  case (13, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<13, 1, 13, 0>.self, $0) }
  case (14, 1): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<14, 1, 14, 0>.self, $0) }
  case (1, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<2, 2, 4, 0>.self, $0) }
  case (3, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<3, 2, 6, 0>.self, $0) }
  case (4, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<4, 2, 8, 0>.self, $0) }
  case (5, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<5, 2, 10, 0>.self, $0) }
  case (6, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<6, 2, 12, 0>.self, $0) }
  case (7, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<7, 2, 14, 0>.self, $0) }
  case (8, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<8, 2, 16, 0>.self, $0) }
  case (9, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<9, 2, 18, 0>.self, $0) }
  case (10, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<10, 2, 20, 0>.self, $0) }
  case (11, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<11, 2, 22, 0>.self, $0) }
  case (12, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<12, 2, 24, 0>.self, $0) }
  case (13, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<13, 2, 26, 0>.self, $0) }
  case (14, 2): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<14, 2, 28, 0>.self, $0) }
  case (1, 3): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 3, 3, 0>.self, $0) }
  case (1, 4): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 4, 4, 0>.self, $0) }
  case (1, 5): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 5, 5, 0>.self, $0) }
  case (1, 6): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 6, 6, 0>.self, $0) }
  case (1, 7): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 7, 7, 0>.self, $0) }
  case (1, 8): ChannelTileFunction { channelTile(AVX512.self, Int8Weights.self, TileShape<1, 8, 8, 0>.self, $0) }
  default: nil
  }
}
