extension Lanes {
  /// exp(x) within a few units in the last place; 0 and infinity beyond the numbers.
  ///
  /// x = n · ln 2 + r with |r| ≤ ln 2 / 2 (Cody and Waite, "Software Manual for the Elementary Functions", chapter 6), so
  /// exp(x) = 2ⁿ · exp(r).
  @inlinable @inline(__always)
  static func exponential(_ x: Vector) -> Vector {
    let (n, r) = reduce(x)
    return scale(sum(exponentialMinusOne(ofReduced: r), broadcast(1)), byPowerOfTwo: n)
  }

  /// 1 / (1 + exp(−x))
  @inlinable @inline(__always)
  static func sigmoid(_ x: Vector) -> Vector {
    quotient(broadcast(1), sum(broadcast(1), exponential(difference(Vector(), x))))
  }

  /// u / (u + 2) where u = exp(2x) − 1, which loses nothing near zero.
  @inlinable @inline(__always)
  static func hyperbolicTangent(_ x: Vector) -> Vector {
    // Beyond 10 the result is ±1 in 32 bits.
    let u = exponentialMinusOne(clamp(sum(x, x), broadcast(-20), broadcast(20)))
    return quotient(u, sum(u, broadcast(2)))
  }

  /// exp(x) − 1, which loses nothing near zero.
  @inlinable @inline(__always)
  static func exponentialMinusOne(_ x: Vector) -> Vector {
    let (n, r) = reduce(x)
    let power = scale(broadcast(1), byPowerOfTwo: n)
    var u = difference(power, broadcast(1))
    multiplyAdd(&u, power, exponentialMinusOne(ofReduced: r))
    return u
  }

  /// Splits x into n and r.
  @inlinable @inline(__always)
  static func reduce(_ x: Vector) -> (n: Vector, r: Vector) {
    // At these ends the powers of two have left the numbers.
    let held = clamp(x, broadcast(-104), broadcast(89))
    // Adding 1.5 · 2²³ rounds to a whole number: no fraction has a place left.
    let magic = broadcast(12_582_912)
    var n = magic
    multiplyAdd(&n, held, broadcast(1.442_695_04))
    n = difference(n, magic)
    var r = held
    multiplyAdd(&r, n, broadcast(-0.693_359_375))
    multiplyAdd(&r, n, broadcast(2.121_944_4e-4))
    return (n, r)
  }

  /// exp(r) − 1 for |r| ≤ 0.35 by its Taylor series: the first term left out is below 2⁻²⁷ of the sum.
  @inlinable @inline(__always)
  static func exponentialMinusOne(ofReduced r: Vector) -> Vector {
    var sum = broadcast(1 / 720)
    let higher = sum
    sum = broadcast(1 / 120)
    multiplyAdd(&sum, higher, r)
    var next = broadcast(1 / 24)
    multiplyAdd(&next, sum, r)
    sum = broadcast(1 / 6)
    multiplyAdd(&sum, next, r)
    next = broadcast(1 / 2)
    multiplyAdd(&next, sum, r)
    sum = r
    multiplyAdd(&sum, next, product(r, r))
    return sum
  }
}
