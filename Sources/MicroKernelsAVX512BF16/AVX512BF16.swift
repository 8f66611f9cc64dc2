import CLanes
import MicroKernels

/// AVX-512 BF16: products of upper halves of floats in pairs, sixteen sums a vector.
enum AVX512BF16: DotLanes {
  typealias Words = SIMD16<Int32>
  typealias Sums = SIMD16<Float>
  typealias Vector = SIMD16<Float>

  @inline(__always)
  static func accumulate(_ sums: inout Sums, _ inputs: Words, _ weights: Words) {
    sums = luthier_dot_bf16_x16(sums, inputs, weights)
  }

  @inline(__always)
  static func finish(_ sums: Sums, zeroPoint: Int32, weightSums: UnsafeRawPointer) -> Vector {
    sums
  }

  @inline(__always)
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector) {
    accumulator.addProduct(a, b)
  }

  @inline(__always)
  static func sum(_ a: Vector, _ b: Vector) -> Vector { luthier_sum16(a, b) }

  @inline(__always)
  static func product(_ a: Vector, _ b: Vector) -> Vector { luthier_product16(a, b) }

  @inline(__always)
  static func floats(_ sums: Sums) -> Vector { sums }

  @inline(__always)
  static func storeSteps(_ vector: Vector, offset: Int32, _ address: UnsafeMutableRawPointer) {
    luthier_store_steps_x16(vector, offset, address)
  }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { luthier_maximum16(a, b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { luthier_minimum16(a, b) }
}
