import CLanes
import MicroKernels

/// AVX-VNNI: products of bytes in groups of four, eight sums a vector.
enum AVX2VNNI: DotLanes {
  typealias Words = SIMD8<Int32>
  typealias Sums = SIMD8<Int32>
  typealias Vector = SIMD8<Float>

  @inline(__always)
  static func accumulate(_ sums: inout Sums, _ inputs: Words, _ weights: Words) {
    sums = luthier_dot_u8_s8_x8(sums, inputs, weights)
  }

  @inline(__always)
  static func finish(_ sums: Sums, zeroPoint: Int32, weightSums: UnsafeRawPointer) -> Vector {
    luthier_centred8(sums, zeroPoint, weightSums.loadUnaligned(as: Words.self))
  }

  @inline(__always)
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector) {
    accumulator.addProduct(a, b)
  }

  @inline(__always)
  static func sum(_ a: Vector, _ b: Vector) -> Vector { luthier_sum8(a, b) }

  @inline(__always)
  static func product(_ a: Vector, _ b: Vector) -> Vector { luthier_product8(a, b) }

  @inline(__always)
  static func floats(_ sums: Sums) -> Vector { luthier_centred8(sums, 0, Words()) }

  @inline(__always)
  static func storeSteps(_ vector: Vector, offset: Int32, _ address: UnsafeMutableRawPointer) {
    luthier_store_steps_x8(vector, offset, address)
  }

  @inline(__always)
  static func storeSteps(_ first: Vector, _ second: Vector, offset: Int32, _ address: UnsafeMutableRawPointer) {
    luthier_store_two_steps_x8(first, second, offset, address)
  }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { luthier_maximum8(a, b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { luthier_minimum8(a, b) }
}
