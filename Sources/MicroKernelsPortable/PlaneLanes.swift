import CLanes
import MicroKernels

extension Portable: PlaneLanes {
  typealias Mask = SIMD4<Int32>

  @inline(__always)
  static func mask(_ lanes: UnsafePointer<Int32>) -> Mask { UnsafeRawPointer(lanes).loadUnaligned(as: Mask.self) }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer, _ mask: Mask) -> Vector {
    luthier_load4(address.assumingMemoryBound(to: Float.self), mask, Vector())
  }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer, _ mask: Mask, otherwise: Vector) -> Vector {
    luthier_load4(address.assumingMemoryBound(to: Float.self), mask, otherwise)
  }

  @inline(__always)
  static func store(_ vector: Vector, _ address: UnsafeMutableRawPointer, _ mask: Mask) {
    luthier_store4(vector, address.assumingMemoryBound(to: Float.self), mask)
  }

  @inline(__always)
  static func first(_ count: Int) -> Mask { luthier_lanes_before4(Int32(truncatingIfNeeded: count)) }

  @inline(__always)
  static func largest(_ a: Vector, _ b: Vector) -> Vector { luthier_largest4(a, b) }

  @inline(__always)
  static func smallest(_ a: Vector, _ b: Vector) -> Vector { luthier_smallest4(a, b) }
}
