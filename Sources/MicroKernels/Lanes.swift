/// What an instruction set gives a tile: a vector of floats and the fastest multiply-add on it.
///
/// The tiles are written once, generic over this protocol, and each instruction set's module makes its own copies of
/// them by inlining: a tile is compiled with the flags of the module that names a conforming type.
public protocol Lanes {
  /// A register's worth of floats.
  associatedtype Vector: SIMD where Vector.Scalar == Float

  /// Adds `a · b` to `accumulator`: fused where the processor fuses, else a product and a sum.
  static func multiplyAdd(_ accumulator: inout Vector, _ a: Vector, _ b: Vector)

  /// a + b. Requirements, because the operators of a vector go lane by lane, and not every loop becomes one instruction again.
  static func sum(_ a: Vector, _ b: Vector) -> Vector

  /// a − b
  static func difference(_ a: Vector, _ b: Vector) -> Vector

  /// a · b
  static func product(_ a: Vector, _ b: Vector) -> Vector

  /// a / b
  static func quotient(_ a: Vector, _ b: Vector) -> Vector

  /// The larger of each two lanes; `b` where either is a NaN.
  ///
  /// A requirement, because comparisons of a concrete vector type become one instruction and generic ones a loop.
  static func maximum(_ a: Vector, _ b: Vector) -> Vector

  /// The smaller of each two lanes; `b` where either is a NaN.
  static func minimum(_ a: Vector, _ b: Vector) -> Vector

  /// The lanes of `x` where `a` is less than `b`, else those of `y`; those of `y` beside a NaN.
  static func select(_ a: Vector, lessThan b: Vector, _ x: Vector, _ y: Vector) -> Vector

  /// x · 2ⁿ where n is whole and within −252 ... 254: 0 or infinity where the result is too small or too large.
  static func scale(_ x: Vector, byPowerOfTwo n: Vector) -> Vector

  /// Applies an activation that needs an exponential to vectors in memory: ``activateExponentially(_:_:vectors:_:)`` as code of its
  /// own, which the many tiles of an instruction set share.
  static func activateExponentially(_ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation)

  /// The even lanes of `a` and then `b`, and the odd ones.
  static func deinterleave(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector)

  /// `a` moved down one lane, with the first lane of `b` moved in.
  static func following(_ a: Vector, _ b: Vector) -> Vector

  /// The lanes of `x` that the indices, one a lane, name.
  static func permuted(_ x: Vector, _ indices: UnsafePointer<Int32>) -> Vector

  /// Lanes of `a` and `b` in turn: those of the lower halves, then those of the upper halves; undoes ``deinterleave(_:_:)``.
  static func zipped(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector)

  /// Every third lane of `a`, `b` and `c` one after the other, from the first, the second and the third on.
  static func separate(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector)

  /// Lanes of `a`, `b` and `c` in turn, as three vectors; undoes ``separate(_:_:_:)``.
  static func joined(_ a: Vector, _ b: Vector, _ c: Vector) -> (first: Vector, second: Vector, third: Vector)

  /// A vector's worth of numbers of 8 bits with sign at `address`, which need not be aligned, as floats.
  ///
  /// This and the next three are what the types of weights and activations ask of an instruction set; one that brings none goes lane by lane.
  static func loadInt8(_ address: UnsafeRawPointer) -> Vector

  /// The same of numbers without sign.
  static func loadUInt8(_ address: UnsafeRawPointer) -> Vector

  /// A vector's worth of numbers of half precision, all finite, as floats. Subnormal ones count, even where the thread flushes
  /// those of floats.
  static func loadFloat16(_ address: UnsafeRawPointer) -> Vector

  /// A vector's worth of upper halves of floats, as floats.
  static func loadBFloat16(_ address: UnsafeRawPointer) -> Vector
}

extension Lanes {
  /// Lane by lane: right for every instruction set, and slow.
  public static func permuted(_ x: Vector, _ indices: UnsafePointer<Int32>) -> Vector {
    var result = x
    for lane in x.indices { result[lane] = x[Int(indices[lane])] }
    return result
  }

  /// Lane by lane: right for every instruction set, and slow.
  public static func select(_ a: Vector, lessThan b: Vector, _ x: Vector, _ y: Vector) -> Vector {
    y.replacing(with: x, where: a .< b)
  }

  /// Lane by lane: right for every instruction set, and slow.
  public static func scale(_ x: Vector, byPowerOfTwo n: Vector) -> Vector {
    var result = x
    for lane in x.indices where n[lane].isFinite {
      result[lane] = x[lane].isZero ? x[lane] : Float(sign: .plus, exponent: Int(n[lane]), significand: x[lane])
    }
    return result
  }

  /// The forms' own code, with whatever instructions the calling module is compiled for.
  @inlinable
  public static func activateExponentially(
    _ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation
  ) {
    MicroKernels.activateExponentially(Self.self, address, vectors: vectors, activation)
  }

  /// The bytes of a vector.
  @inlinable @inline(__always)
  static var byteCount: Int { Vector.scalarCount * 4 }

  /// A vector whose lanes are all `value`.
  @inlinable @inline(__always)
  static func broadcast(_ value: Float) -> Vector { Vector(repeating: value) }

  /// The vector that starts at `address`, which need not be aligned.
  @inlinable @inline(__always)
  static func load(_ address: UnsafeRawPointer) -> Vector { address.loadUnaligned(as: Vector.self) }

  /// Writes a vector to `address`, which need not be aligned.
  @inlinable @inline(__always)
  static func store(_ vector: Vector, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: vector, as: Vector.self)
  }
}

extension Lanes where Vector == SIMD4<Float> {
  /// The lanes of `a` and `b` in turn: the first two of each, and the last two.
  @inlinable @inline(__always)
  static func interleave(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
    (SIMD4(a[0], b[0], a[1], b[1]), SIMD4(a[2], b[2], a[3], b[3]))
  }
}

/// Runs `body` for 0 ..< `count`, written out: for counts up to 14 that are known when the tile is compiled.
///
/// The compiler leaves a loop of many turns around several vector instructions as a loop, and accumulators that are
/// indexed by a loop's variable live in memory; loops of seven turns it writes out.
@inlinable @inline(__always)
func unrolled(_ count: Int, _ body: (Int) -> Void) {
  for index in 0..<min(count, 7) { body(index) }
  if count > 7 { for index in 7..<min(count, 14) { body(index) } }
}

/// How far ahead of their use weights are asked for, in bytes: they come from far away inside a network, and once.
@usableFromInline let weightPrefetchDistance = 4096
