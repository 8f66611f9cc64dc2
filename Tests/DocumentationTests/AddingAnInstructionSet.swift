import KernelConformance
import Luthier
import MicroKernels
import Testing

/// Eight floats a vector, in plain Swift: an instruction set that every processor has, to show what one is.
enum EightLanes: Lanes {
  typealias Vector = SIMD8<Float>

  @inline(__always)
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector) { accumulator += a * b }

  @inline(__always)
  static func sum(_ a: Vector, _ b: Vector) -> Vector { a + b }

  @inline(__always)
  static func difference(_ a: Vector, _ b: Vector) -> Vector { a - b }

  @inline(__always)
  static func product(_ a: Vector, _ b: Vector) -> Vector { a * b }

  @inline(__always)
  static func quotient(_ a: Vector, _ b: Vector) -> Vector { a / b }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { b.replacing(with: a, where: a .> b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { b.replacing(with: a, where: a .< b) }

  @inline(__always)
  static func deinterleave(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
    (
      Vector(lowHalf: a.evenHalf, highHalf: b.evenHalf),
      Vector(lowHalf: a.oddHalf, highHalf: b.oddHalf)
    )
  }

  @inline(__always)
  static func following(_ a: Vector, _ b: Vector) -> Vector {
    var lanes = Vector()
    for lane in 0..<8 { lanes[lane] = lane < 7 ? a[lane + 1] : b[0] }
    return lanes
  }

  @inline(__always)
  static func zipped(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
    var (low, high) = (Vector(), Vector())
    (low.evenHalf, low.oddHalf) = (a.lowHalf, b.lowHalf)
    (high.evenHalf, high.oddHalf) = (a.highHalf, b.highHalf)
    return (low, high)
  }

  @inline(__always)
  static func separate(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    var parts = (Vector(), Vector(), Vector())
    for lane in 0..<8 {
      func element(_ place: Int) -> Float { place < 8 ? a[place] : place < 16 ? b[place - 8] : c[place - 16] }
      (parts.0[lane], parts.1[lane], parts.2[lane]) = (element(3 * lane), element(3 * lane + 1), element(3 * lane + 2))
    }
    return parts
  }

  @inline(__always)
  static func joined(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    var parts = [Vector(), Vector(), Vector()]
    for lane in 0..<24 { parts[lane / 8][lane % 8] = [a, b, c][lane % 3][lane / 3] }
    return (parts[0], parts[1], parts[2])
  }
}

func eightPixelTile(rows: Int, vectors: Int, tail: Int) -> PixelTileFunction? {
  switch (rows, vectors, tail) {
  case (1, 1, 0): PixelTileFunction { pixelTile(EightLanes.self, TileShape<1, 1, 1, 0>.self, $0) }
  case (2, 1, 0): PixelTileFunction { pixelTile(EightLanes.self, TileShape<2, 1, 2, 0>.self, $0) }
  case (3, 1, 0): PixelTileFunction { pixelTile(EightLanes.self, TileShape<3, 1, 3, 0>.self, $0) }
  case (4, 1, 0): PixelTileFunction { pixelTile(EightLanes.self, TileShape<4, 1, 4, 0>.self, $0) }
  case (1, 1, 1): PixelTileFunction { pixelTile(EightLanes.self, TileShape<1, 1, 1, 1>.self, $0) }
  case (2, 1, 1): PixelTileFunction { pixelTile(EightLanes.self, TileShape<2, 1, 2, 1>.self, $0) }
  case (3, 1, 1): PixelTileFunction { pixelTile(EightLanes.self, TileShape<3, 1, 3, 1>.self, $0) }
  case (4, 1, 1): PixelTileFunction { pixelTile(EightLanes.self, TileShape<4, 1, 4, 1>.self, $0) }
  default: nil
  }
}

func eightLaneSet() -> MicroKernelSet {
  let portable = MicroKernelSet(.portable)
  return MicroKernelSet(
    name: "eight",
    pixelTiles: PixelTileTable(lanes: 8, tile: eightPixelTile),
    // What is not written yet runs on the portable tables.
    channelTiles: portable.channelTiles, rows: portable.rows, depthwise: portable.depthwise,
    windowTiles: portable.windowTiles, planes: portable.planes, winograd: portable.winograd, bytes: portable.bytes)
}

@Suite("The article on adding an instruction set")
struct AddingAnInstructionSet {
  @Test("Every kernel on the article's tiles passes the conformance kit")
  func conforms() throws {
    let registry = try KernelRegistry.standard(microKernels: eightLaneSet())
    let conformance = try KernelConformance(configurationLimit: 2)
    func check<Kernel: LayerKernel>(_ kernel: Kernel) throws {
      let problems = try ConformanceProblems.problems(of: Kernel.Problem.self)
      for report in try conformance.check(kernel, problems: problems) where !report.isConforming {
        Issue.record("\(report)")
      }
    }
    let onPixelTiles = ["direct.pointwise.pixels", "im2col.gemm", "im2col.implicit"]
    let kernels = registry.allKernels.filter { onPixelTiles.contains($0.identifier.name) }
    #expect(kernels.count == onPixelTiles.count)
    for kernel in kernels { try check(kernel) }
  }
}
