import CLanes
import MicroKernels

/// Products of upper halves of floats, four sums a vector: right everywhere, and no faster than floats.
enum PortableBFloat16: DotLanes {
  typealias Words = SIMD4<Int32>
  typealias Sums = SIMD4<Float>
  typealias Vector = SIMD4<Float>

  @inline(__always)
  static func accumulate(_ sums: inout Sums, _ inputs: Words, _ weights: Words) {
    sums = luthier_dot_bf16_x4(sums, inputs, weights)
  }

  @inline(__always)
  static func finish(_ sums: Sums, zeroPoint: Int32, weightSums: UnsafeRawPointer) -> Vector {
    sums
  }

  @inline(__always)
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector) {
    Portable.multiplyAdd(&accumulator, a, b)
  }

  @inline(__always)
  static func sum(_ a: Vector, _ b: Vector) -> Vector { luthier_sum4(a, b) }

  @inline(__always)
  static func product(_ a: Vector, _ b: Vector) -> Vector { luthier_product4(a, b) }

  @inline(__always)
  static func floats(_ sums: Sums) -> Vector { sums }

  @inline(__always)
  static func storeSteps(_ vector: Vector, offset: Int32, _ address: UnsafeMutableRawPointer) {
    luthier_store_steps_x4(vector, offset, address)
  }

  @inline(__always)
  static func maximum(_ a: Vector, _ b: Vector) -> Vector { luthier_maximum4(a, b) }

  @inline(__always)
  static func minimum(_ a: Vector, _ b: Vector) -> Vector { luthier_minimum4(a, b) }
}
