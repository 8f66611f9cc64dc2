import CLanes
import MicroKernels

/// Products of whole numbers in pairs of 16 bits, sixteen sums a vector: for processors without VNNI.
enum AVX512Int8: DotLanes {
  typealias Words = SIMD16<Int32>
  typealias Sums = SIMD16<Int32>
  typealias Vector = SIMD16<Float>

  @inline(__always)
  static func accumulate(_ sums: inout Sums, _ inputs: Words, _ weights: Words) {
    sums = luthier_dot_s16_x16(sums, inputs, weights)
  }

  @inline(__always)
  static func finish(_ sums: Sums, zeroPoint: Int32, weightSums: UnsafeRawPointer) -> Vector {
    luthier_centred16(sums, zeroPoint, weightSums.loadUnaligned(as: Words.self))
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
  static func floats(_ sums: Sums) -> Vector { luthier_centred16(sums, 0, Words()) }

  @inline(__always)
  static func storeSteps(_ vector: Vector, offset: Int32, _ address: UnsafeMutableRawPointer) {
    luthier_store_steps_x16(vector, offset, address)
  }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { luthier_maximum16(a, b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { luthier_minimum16(a, b) }
}
