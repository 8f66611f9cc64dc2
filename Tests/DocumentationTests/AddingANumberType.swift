import KernelConformance
import Luthier
import MicroKernels
import ReducedWeightKernels
import Testing

/// Weights as whole numbers from −32767 to 32767, times a scale for each output channel.
enum Int16Weights: WeightElement {
  static var type: ElementType { .s16 }
  static var byteCount: Int { 2 }
  static var isScaled: Bool { true }

  static func scale(forLargest largest: Float) -> Float { max(largest / 32767, .leastNormalMagnitude) }

  static func holds(_ value: Float) -> Bool { value.isFinite }

  static func store(_ value: Float, _ address: UnsafeMutableRawPointer) {
    let whole = value.rounded(.toNearestOrEven)
    address.storeBytes(of: Int16(min(max(whole, -32767), 32767)), as: Int16.self)
  }

  @inline(__always)
  static func load<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) -> L.Vector {
    var vector = L.Vector()
    for lane in vector.indices {
      vector[lane] = Float(address.loadUnaligned(fromByteOffset: 2 * lane, as: Int16.self))
    }
    return vector
  }

  static func value(_ address: UnsafeRawPointer) -> Float { Float(address.loadUnaligned(as: Int16.self)) }
}

func int16ChannelTile(rows: Int, vectors: Int) -> ChannelTileFunction? {
  switch (rows, vectors) {
  case (1, 1): ChannelTileFunction { channelTile(EightLanes.self, Int16Weights.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1): ChannelTileFunction { channelTile(EightLanes.self, Int16Weights.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (1, 2): ChannelTileFunction { channelTile(EightLanes.self, Int16Weights.self, TileShape<1, 2, 2, 0>.self, $0) }
  case (2, 2): ChannelTileFunction { channelTile(EightLanes.self, Int16Weights.self, TileShape<2, 2, 4, 0>.self, $0) }
  default: nil
  }
}

func int16Set() -> MicroKernelSet {
  let portable = MicroKernelSet(.portable)
  return MicroKernelSet(
    name: "portable with s16", pixelTiles: portable.pixelTiles, channelTiles: portable.channelTiles,
    reducedChannelTiles: [ChannelTileTable(lanes: 8, weightType: Int16Weights.self, tile: int16ChannelTile)],
    rows: portable.rows, depthwise: portable.depthwise, windowTiles: portable.windowTiles, planes: portable.planes,
    winograd: portable.winograd, bytes: portable.bytes)
}

@Suite("The article on adding a number type")
struct AddingANumberType {
  @Test("Kernels with the article's weights pass the conformance kit, and err as little as 16 bits do")
  func conforms() throws {
    let dense = ReducedDense(int16Set(), weightType: Int16Weights.self)
    let pointwise = ReducedPointwise(int16Set(), weightType: Int16Weights.self)
    let conformance = try KernelConformance(configurationLimit: 2)
    let reports =
      try conformance.check(
        dense, problems: ConformanceProblems.matrixProducts().filter { $0.outputQuantisation == nil })
      + conformance.check(pointwise, problems: ConformanceProblems.pointwise())
    for report in reports where !report.isConforming { Issue.record("\(report)") }
    #expect(reports.count > 20)
    #expect(reports.allSatisfy { $0.maximumError < 1e-4 })
  }
}
