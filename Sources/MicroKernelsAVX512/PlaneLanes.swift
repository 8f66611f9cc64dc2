import CLanes
import MicroKernels

extension AVX512: PlaneLanes {
  typealias Mask = UInt16

  @inline(__always)
  static func mask(_ lanes: UnsafePointer<Int32>) -> Mask { luthier_mask16(lanes) }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer, _ mask: Mask) -> Vector {
    luthier_load16(address.assumingMemoryBound(to: Float.self), mask)
  }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer, _ mask: Mask, otherwise: Vector) -> Vector {
    luthier_load_or16(address.assumingMemoryBound(to: Float.self), mask, otherwise)
  }

  @inline(__always)
  static func store(_ vector: Vector, _ address: UnsafeMutableRawPointer, _ mask: Mask) {
    luthier_store16(vector, address.assumingMemoryBound(to: Float.self), mask)
  }

  @inline(__always)
  static func first(_ count: Int) -> Mask { luthier_lanes_before16(Int32(truncatingIfNeeded: count)) }

  @inline(__always)
  static func largest(_ a: Vector, _ b: Vector) -> Vector { luthier_largest16(a, b) }

  @inline(__always)
  static func largest(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { luthier_largest_of_three16(a, b, c) }

  @inline(__always)
  static func smallest(_ a: Vector, _ b: Vector) -> Vector { luthier_smallest16(a, b) }
}
