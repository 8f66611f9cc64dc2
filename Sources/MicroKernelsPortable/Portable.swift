import CLanes
import MicroKernels

/// What every processor has: four floats a vector.
enum Portable: Lanes {
  typealias Vector = SIMD4<Float>

  /// Without FMA instructions `addProduct` would be four calls of `fmaf`; arm64 always has them.
  @inline(__always)
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector) {
    #if arch(arm64)
      accumulator.addProduct(a, b)
    #else
      accumulator += a * b
    #endif
  }

  @inline(__always)
  static func sum(_ a: Vector, _ b: Vector) -> Vector { luthier_sum4(a, b) }

  @inline(__always)
  static func difference(_ a: Vector, _ b: Vector) -> Vector { luthier_difference4(a, b) }

  @inline(__always)
  static func product(_ a: Vector, _ b: Vector) -> Vector { luthier_product4(a, b) }

  @inline(__always)
  static func quotient(_ a: Vector, _ b: Vector) -> Vector { luthier_quotient4(a, b) }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { luthier_maximum4(a, b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { luthier_minimum4(a, b) }

  @inline(__always)
  static func select(_ a: Vector, lessThan b: Vector, _ x: Vector, _ y: Vector) -> Vector {
    luthier_select4(a, b, x, y)
  }

  @inline(__always)
  static func scale(_ x: Vector, byPowerOfTwo n: Vector) -> Vector { luthier_scale4(x, n) }

  @inline(never)
  static func activateExponentially(
    _ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation
  ) {
    MicroKernels.activateExponentially(Portable.self, address, vectors: vectors, activation)
  }

  @inline(__always)
  static func following(_ a: Vector, _ b: Vector) -> Vector { luthier_following4(a, b) }

  @inline(__always)
  static func zipped(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
    (luthier_low4(a, b), luthier_high4(a, b))
  }

  @inline(__always)
  static func deinterleave(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
    (luthier_even4(a, b), luthier_odd4(a, b))
  }

  @inline(__always)
  static func separate(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    (luthier_first4(a, b, c), luthier_second4(a, b, c), luthier_third4(a, b, c))
  }

  @inline(__always)
  static func joined(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    (luthier_join_first4(a, b, c), luthier_join_second4(a, b, c), luthier_join_third4(a, b, c))
  }
}
