import CLanes
import MicroKernels

/// AVX-512: sixteen floats a vector, thirty-two registers, fused multiply-add.
enum AVX512: Lanes {
  typealias Vector = SIMD16<Float>

  @inline(__always)
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector) { accumulator.addProduct(a, b) }

  @inline(__always)
  static func sum(_ a: Vector, _ b: Vector) -> Vector { luthier_sum16(a, b) }

  @inline(__always)
  static func difference(_ a: Vector, _ b: Vector) -> Vector { luthier_difference16(a, b) }

  @inline(__always)
  static func product(_ a: Vector, _ b: Vector) -> Vector { luthier_product16(a, b) }

  @inline(__always)
  static func quotient(_ a: Vector, _ b: Vector) -> Vector { luthier_quotient16(a, b) }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { luthier_maximum16(a, b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { luthier_minimum16(a, b) }

  @inline(__always)
  static func select(_ a: Vector, lessThan b: Vector, _ x: Vector, _ y: Vector) -> Vector {
    luthier_select16(a, b, x, y)
  }

  @inline(__always)
  static func scale(_ x: Vector, byPowerOfTwo n: Vector) -> Vector { luthier_scale16(x, n) }

  @inline(never)
  static func activateExponentially(
    _ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation
  ) {
    MicroKernels.activateExponentially(AVX512.self, address, vectors: vectors, activation)
  }

  @inline(__always)
  static func permuted(_ x: Vector, _ indices: UnsafePointer<Int32>) -> Vector { luthier_permuted16(x, indices) }

  @inline(__always)
  static func following(_ a: Vector, _ b: Vector) -> Vector { luthier_following16(a, b) }

  @inline(__always)
  static func zipped(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
    (luthier_low16(a, b), luthier_high16(a, b))
  }

  @inline(__always)
  static func deinterleave(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
    (luthier_even16(a, b), luthier_odd16(a, b))
  }

  @inline(__always)
  static func separate(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    (luthier_first16(a, b, c), luthier_second16(a, b, c), luthier_third16(a, b, c))
  }

  @inline(__always)
  static func joined(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector) {
    (luthier_join_first16(a, b, c), luthier_join_second16(a, b, c), luthier_join_third16(a, b, c))
  }
}
