/// What an instruction set gives a tile of products of narrow numbers: a vector of sums, the instruction that adds to them, and the
/// arithmetic of an epilogue in floats.
///
/// As with ``Lanes`` the tile is written once, and each module makes its own copies of it with its flags.
public protocol DotLanes {
  /// A register's worth of words, each a ``DotFormat/group`` of terms.
  associatedtype Words: SIMD where Words.Scalar == Int32
  /// A register's worth of sums, one a word.
  associatedtype Sums: SIMD
  /// As many floats.
  associatedtype Vector: SIMD where Vector.Scalar == Float

  /// Adds to each sum the products of the terms of a word of inputs and of one of weights. Sums of whole numbers are exact.
  static func accumulate(_ sums: inout Sums, _ inputs: Words, _ weights: Words)

  /// The sums as floats, after `zeroPoint` times the sum of a channel's weights, a vector of which is at `weightSums`, is taken off.
  static func finish(_ sums: Sums, zeroPoint: Int32, weightSums: UnsafeRawPointer) -> Vector

  /// Adds `a · b` to `accumulator`.
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector)

  /// a + b
  static func sum(_ a: Vector, _ b: Vector) -> Vector

  /// a · b
  static func product(_ a: Vector, _ b: Vector) -> Vector

  /// The sums as floats.
  static func floats(_ sums: Sums) -> Vector

  /// Writes floats beside 1.5 · 2²³ as bytes: their bits with `offset` added, which have to fit.
  static func storeSteps(_ vector: Vector, offset: Int32, _ address: UnsafeMutableRawPointer)

  /// The same for two vectors side by side.
  static func storeSteps(_ first: Vector, _ second: Vector, offset: Int32, _ address: UnsafeMutableRawPointer)

  /// The larger of each two lanes; `b` where either is a NaN.
  static func maximum(_ a: Vector, _ b: Vector) -> Vector

  /// The smaller of each two lanes; `b` where either is a NaN.
  static func minimum(_ a: Vector, _ b: Vector) -> Vector
}

extension DotLanes {
  /// One after the other.
  @inlinable @inline(__always)
  public static func storeSteps(
    _ first: Vector, _ second: Vector, offset: Int32, _ address: UnsafeMutableRawPointer
  ) {
    storeSteps(first, offset: offset, address)
    storeSteps(second, offset: offset, address + Vector.scalarCount)
  }

  /// The bytes of a vector.
  @inlinable @inline(__always)
  static var byteCount: Int { Vector.scalarCount * 4 }

  /// The vector that starts at `address`, which need not be aligned.
  @inlinable @inline(__always)
  static func load(_ address: UnsafeRawPointer) -> Vector { address.loadUnaligned(as: Vector.self) }
}
