public import HostPlatform
public import MicroKernels
import MicroKernelsPortable

#if arch(x86_64)
  import MicroKernelsAVX2
  import MicroKernelsAVX2VNNI
  import MicroKernelsAVX512
  import MicroKernelsAVX512BF16
  import MicroKernelsAVX512VNNI
#endif

extension MicroKernelSet {
  /// The micro-kernels of an instruction set.
  ///
  /// Asking for a set runs none of its code: any set may be made anywhere, and run where the processor has it. Where an
  /// instruction set is none of this architecture's, the portable micro-kernels stand in.
  ///
  /// - Parameter features: what the processor that is to run it reports: products of narrow numbers take instructions that not every
  ///   processor of a set has.
  public init(_ instructionSet: InstructionSet, features: Set<ProcessorFeature> = Processor.current.features) {
    switch instructionSet {
    case .portable: self = .portable
    case .avx2:
      #if arch(x86_64)
        self = .avx2(features)
      #else
        self = .portable
      #endif
    case .avx512:
      #if arch(x86_64)
        self = .avx512(features)
      #else
        self = .portable
      #endif
    }
  }

  private static var portableWindowChannels: WindowChannelTable {
    WindowChannelTable(
      lanes: 4, spread: portableChannelSpread(), tile: { portableWindowChannelTile(rows: $0, vectors: $1) },
      spreadTile: { portableSpreadChannelTile(rows: $0, vectors: $1) })
  }

  private static var portable: MicroKernelSet {
    MicroKernelSet(
      name: InstructionSet.portable.rawValue,
      pixelTiles: PixelTileTable(lanes: 4) { portablePixelTile(rows: $0, vectors: $1, tail: $2) },
      channelTiles: ChannelTileTable(lanes: 4) { portableChannelTile(rows: $0, vectors: $1) },
      reducedChannelTiles: [
        ChannelTileTable(lanes: 4, weightType: BFloat16Weights.self) {
          portableBFloat16ChannelTile(rows: $0, vectors: $1)
        },
        ChannelTileTable(lanes: 4, weightType: Float16Weights.self) {
          portableFloat16ChannelTile(rows: $0, vectors: $1)
        },
        ChannelTileTable(lanes: 4, weightType: Int8Weights.self) { portableInt8ChannelTile(rows: $0, vectors: $1) },
      ],
      dotTables: [
        DotTable(
          .halfWords, lanes: 4, rate: 2, range: portableRange(), stage: portableStaging(.halfWords),
          stageBytes: portableByteStaging(.halfWords),
          tile: portableInt8DotTile),
        DotTable(
          .brainFloats, lanes: 4, rate: 0.5, range: portableRange(), stage: portableStaging(.brainFloats),
          stageBytes: portableByteStaging(.brainFloats),
          tile: portableBFloat16DotTile),
      ],
      rows: RowFunctionTable(
        transpose: portableTranspose(), copy: portableCopy(), gather: portableGather(), dealToTwo: portableDealToTwo(),
        dealToThree: portableDealToThree()),
      depthwise: DepthwiseTable(
        lanes: 4, planes: portableDepthwisePlanes, channels: portableDepthwiseChannels,
        anyWindow: portableDepthwiseWindow),
      windowTiles: WindowTileTable(lanes: 4, channels: portableWindowChannels) {
        portableWindowTile(rows: $0, vectors: $1)
      },
      planes: portablePlaneFunctions(),
      winograd: WinogradTable(
        lanes: 4, f2: portableWinogradF2(), f4: portableWinogradF4(), f6: portableWinogradF6()),
      bytes: portableByteFunctions())
  }

  #if arch(x86_64)
    private static var avx2WindowChannels: WindowChannelTable {
      WindowChannelTable(
        lanes: 8, spread: avx2ChannelSpread(), tile: { avx2WindowChannelTile(rows: $0, vectors: $1) },
        spreadTile: { avx2SpreadChannelTile(rows: $0, vectors: $1) })
    }

    private static var avx512WindowChannels: WindowChannelTable {
      WindowChannelTable(
        lanes: 16, spread: avx512ChannelSpread(), tile: { avx512WindowChannelTile(rows: $0, vectors: $1) },
        spreadTile: { avx512SpreadChannelTile(rows: $0, vectors: $1) })
    }

    private static func avx2(_ features: Set<ProcessorFeature>) -> MicroKernelSet {
      MicroKernelSet(
        name: InstructionSet.avx2.rawValue,
        pixelTiles: PixelTileTable(lanes: 8) { avx2PixelTile(rows: $0, vectors: $1, tail: $2) },
        channelTiles: ChannelTileTable(lanes: 8) { avx2ChannelTile(rows: $0, vectors: $1) },
        reducedChannelTiles: [
          ChannelTileTable(lanes: 8, weightType: BFloat16Weights.self) {
            avx2BFloat16ChannelTile(rows: $0, vectors: $1)
          },
          ChannelTileTable(lanes: 8, weightType: Float16Weights.self) { avx2Float16ChannelTile(rows: $0, vectors: $1) },
          ChannelTileTable(lanes: 8, weightType: Int8Weights.self) { avx2Int8ChannelTile(rows: $0, vectors: $1) },
        ],
        dotTables: [avx2Products(features)],
        rows: RowFunctionTable(
          transpose: portableTranspose(), copy: portableCopy(), gather: avx2Gather(), dealToTwo: avx2DealToTwo(),
          dealToThree: avx2DealToThree()),
        depthwise: DepthwiseTable(
          lanes: 8, planes: avx2DepthwisePlanes, channels: avx2DepthwiseChannels, anyWindow: avx2DepthwiseWindow),
        windowTiles: WindowTileTable(lanes: 8, channels: avx2WindowChannels) { avx2WindowTile(rows: $0, vectors: $1) },
        planes: avx2PlaneFunctions(),
        winograd: WinogradTable(
          lanes: 8, f2: avx2WinogradF2(), f4: avx2WinogradF4(), f6: avx2WinogradF6()),
        bytes: avx2ByteFunctions())
    }

    private static func avx512(_ features: Set<ProcessorFeature>) -> MicroKernelSet {
      MicroKernelSet(
        name: InstructionSet.avx512.rawValue,
        pixelTiles: PixelTileTable(lanes: 16) { avx512PixelTile(rows: $0, vectors: $1, tail: $2) },
        channelTiles: ChannelTileTable(lanes: 16) { avx512ChannelTile(rows: $0, vectors: $1) },
        reducedChannelTiles: [
          ChannelTileTable(lanes: 16, weightType: BFloat16Weights.self) {
            avx512BFloat16ChannelTile(rows: $0, vectors: $1)
          },
          ChannelTileTable(lanes: 16, weightType: Float16Weights.self) {
            avx512Float16ChannelTile(rows: $0, vectors: $1)
          },
          ChannelTileTable(lanes: 16, weightType: Int8Weights.self) { avx512Int8ChannelTile(rows: $0, vectors: $1) },
        ],
        dotTables: avx512Products(features),
        rows: RowFunctionTable(
          transpose: portableTranspose(), copy: portableCopy(), gather: avx512Gather(), dealToTwo: avx512DealToTwo(),
          dealToThree: avx512DealToThree()),
        depthwise: DepthwiseTable(
          lanes: 16, planes: avx512DepthwisePlanes, channels: avx512DepthwiseChannels, anyWindow: avx512DepthwiseWindow),
        windowTiles: WindowTileTable(lanes: 16, channels: avx512WindowChannels) {
          avx512WindowTile(rows: $0, vectors: $1)
        },
        planes: avx512PlaneFunctions(),
        winograd: WinogradTable(
          lanes: 16, f2: avx512WinogradF2(), f4: avx512WinogradF4(), f6: avx512WinogradF6()),
        bytes: avx512ByteFunctions())
    }

    private static func avx2Products(_ features: Set<ProcessorFeature>) -> DotTable {
      features.contains(.avxVNNI)
        ? DotTable(
          .bytes, lanes: 8, rate: 4, range: avx2Range(), stage: avx2Staging(.bytes),
          stageBytes: avx2ByteStaging(.bytes), tile: avx2VNNIDotTile)
        : DotTable(
          .halfWords, lanes: 8, rate: 2, range: avx2Range(), stage: avx2Staging(.halfWords),
          stageBytes: avx2ByteStaging(.halfWords), tile: avx2Int8DotTile)
    }

    private static func avx512Products(_ features: Set<ProcessorFeature>) -> [DotTable] {
      let whole =
        features.contains(.avx512VNNI)
        ? DotTable(
          .bytes, lanes: 16, rate: 4, range: avx512Range(), stage: avx512Staging(.bytes),
          stageBytes: avx512ByteStaging(.bytes), tile: avx512VNNIDotTile)
        : DotTable(
          .halfWords, lanes: 16, rate: 2, range: avx512Range(), stage: avx512Staging(.halfWords),
          stageBytes: avx512ByteStaging(.halfWords),
          tile: avx512Int8DotTile)
      guard features.contains(.avx512BF16) else { return [whole] }
      return [
        whole,
        DotTable(
          .brainFloats, lanes: 16, rate: 2, range: avx512Range(), stage: avx512Staging(.brainFloats),
          stageBytes: avx512ByteStaging(.brainFloats),
          tile: avx512BF16DotTile),
      ]
    }
  #endif
}
