import MicroKernels

/// The channel tile of `rows` pixels by `vectors` vectors of channels with weights in bf16; nil where there is none of that size.
@export(interface)
public func avx2BFloat16ChannelTile(rows: Int, vectors: Int) -> ChannelTileFunction? {
  switch (rows, vectors) {
  case (1, 1): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (3, 1): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<3, 1, 3, 0>.self, $0) }
  case (4, 1): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (5, 1): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<5, 1, 5, 0>.self, $0) }
  case (6, 1): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<6, 1, 6, 0>.self, $0) }
  case (1, 2): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<2, 2, 4, 0>.self, $0) }
  case (3, 2): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<3, 2, 6, 0>.self, $0) }
  case (4, 2): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<4, 2, 8, 0>.self, $0) }
  case (5, 2): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<5, 2, 10, 0>.self, $0) }
  case (6, 2): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<6, 2, 12, 0>.self, $0) }
  case (1, 3): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<1, 3, 3, 0>.self, $0) }
  case (2, 3): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<2, 3, 6, 0>.self, $0) }
  case (3, 3): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<3, 3, 9, 0>.self, $0) }
  case (1, 4): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<1, 4, 4, 0>.self, $0) }
  case (1, 5): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<1, 5, 5, 0>.self, $0) }
  case (1, 6): ChannelTileFunction { channelTile(AVX2.self, BFloat16Weights.self, TileShape<1, 6, 6, 0>.self, $0) }
  default: nil
  }
}
