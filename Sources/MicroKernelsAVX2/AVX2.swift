import CLanes
import MicroKernels

/// AVX2 with FMA: eight floats a vector, sixteen registers, fused multiply-add.
enum AVX2: Lanes {
  typealias Vector = SIMD8<Float>

  @inline(__always)
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector) { accumulator.addProduct(a, b) }

  @inline(__always)
  static func sum(_ a: Vector, _ b: Vector) -> Vector { luthier_sum8(a, b) }

  @inline(__always)
  static func difference(_ a: Vector, _ b: Vector) -> Vector { luthier_difference8(a, b) }

  @inline(__always)
  static func product(_ a: Vector, _ b: Vector) -> Vector { luthier_product8(a, b) }

  @inline(__always)
  static func quotient(_ a: Vector, _ b: Vector) -> Vector { luthier_quotient8(a, b) }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { luthier_maximum8(a, b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { luthier_minimum8(a, b) }

  @inline(__always)
  static func select(_ a: Vector, lessThan b: Vector, _ x: Vector, _ y: Vector) -> Vector {
    luthier_select8(a, b, x, y)
  }

  @inline(__always)
  static func scale(_ x: Vector, byPowerOfTwo n: Vector) -> Vector { luthier_scale8(x, n) }

  @inline(never)
  static func activateExponentially(
    _ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation
  ) {
    MicroKernels.activateExponentially(AVX2.self, address, vectors: vectors, activation)
  }

  @inline(__always)
  static func permuted(_ x: Vector, _ indices: UnsafePointer<Int32>) -> Vector { luthier_permuted8(x, indices) }

  @inline(__always)
  static func following(_ a: Vector, _ b: Vector) -> Vector { luthier_following8(a, b) }

  @inline(__always)
  static func zipped(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
    (luthier_low8(a, b), luthier_high8(a, b))
  }

  @inline(__always)
  static func deinterleave(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
    (luthier_even8(a, b), luthier_odd8(a, b))
  }

  @inline(__always)
  static func separate(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    (luthier_first8(a, b, c), luthier_second8(a, b, c), luthier_third8(a, b, c))
  }

  @inline(__always)
  static func joined(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    (luthier_join_first8(a, b, c), luthier_join_second8(a, b, c), luthier_join_third8(a, b, c))
  }
}
