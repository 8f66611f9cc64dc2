import CLanes
import MicroKernels

extension AVX2: PlaneLanes {
  typealias Mask = SIMD8<Int32>

  @inline(__always)
  static func mask(_ lanes: UnsafePointer<Int32>) -> Mask { UnsafeRawPointer(lanes).loadUnaligned(as: Mask.self) }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer, _ mask: Mask) -> Vector {
    luthier_load8(address.assumingMemoryBound(to: Float.self), mask)
  }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer, _ mask: Mask, otherwise: Vector) -> Vector {
    luthier_blend8(otherwise, luthier_load8(address.assumingMemoryBound(to: Float.self), mask), mask)
  }

  @inline(__always)
  static func store(_ vector: Vector, _ address: UnsafeMutableRawPointer, _ mask: Mask) {
    luthier_store8(vector, address.assumingMemoryBound(to: Float.self), mask)
  }

  @inline(__always)
  static func first(_ count: Int) -> Mask { luthier_lanes_before8(Int32(truncatingIfNeeded: count)) }

  @inline(__always)
  static func largest(_ a: Vector, _ b: Vector) -> Vector { luthier_largest8(a, b) }

  @inline(__always)
  static func smallest(_ a: Vector, _ b: Vector) -> Vector { luthier_smallest8(a, b) }
}
