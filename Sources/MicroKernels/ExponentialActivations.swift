/// Applies an activation that needs an exponential to vectors in memory; each form has a loop of its own.
@inlinable @inline(__always)
public func activateExponentially<L: Lanes>(
  _ lanes: L.Type, _ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation
) {
  let (first, second, third) = (
    L.broadcast(activation.first), L.broadcast(activation.second), L.broadcast(activation.third)
  )
  switch activation.form {
  case .sigmoid: replace(lanes, address, vectors) { L.sigmoid($0) }
  case .tanh: replace(lanes, address, vectors) { L.hyperbolicTangent($0) }
  case .swish: replace(lanes, address, vectors) { L.product($0, L.sigmoid($0)) }
  case .scaledSwish: replace(lanes, address, vectors) { L.product($0, L.sigmoid(L.product(first, $0))) }
  case .gelu: replace(lanes, address, vectors) { L.gelu($0) }
  case .geluTanh:
    replace(lanes, address, vectors) { x in
      var factor = first
      L.multiplyAdd(&factor, L.product(x, x), second)
      return L.product(x, L.sigmoid(L.product(x, factor)))
    }
  case .mish: replace(lanes, address, vectors) { L.mish($0) }
  case .elu:
    replace(lanes, address, vectors) { x in
      let zero = L.broadcast(0)
      var y = L.product(third, L.maximum(zero, x))
      L.multiplyAdd(&y, L.exponentialMinusOne(L.product(second, L.minimum(zero, x))), first)
      return y
    }
  case .softplus: replace(lanes, address, vectors) { L.softplus($0) }
  case .erf: replace(lanes, address, vectors) { L.errorFunction($0) }
  case .clamp, .leaky, .hardSigmoid, .hardSwish, .softsign, .quantized: break
  }
}

@inlinable @inline(__always)
func replace<L: Lanes>(
  _ lanes: L.Type, _ address: UnsafeMutableRawPointer, _ vectors: Int, _ function: (L.Vector) -> L.Vector
) {
  for n in 0..<vectors {
    let place = address + n &* L.byteCount
    L.store(function(L.load(place)), place)
  }
}

extension Lanes {
  /// |x|; a NaN stays one.
  @inlinable @inline(__always)
  static func magnitude(_ x: Vector) -> Vector { maximum(difference(broadcast(0), x), x) }

  /// x · w / (w + 2) where w = exp(x) · (exp(x) + 2), which is tanh(log(1 + exp(x))).
  @inlinable @inline(__always)
  static func mish(_ x: Vector) -> Vector {
    // From 20 on the quotient is 1 in 32 bits; its parts would leave the numbers.
    let power = exponential(minimum(broadcast(20), x))
    let w = product(power, sum(power, broadcast(2)))
    return product(x, quotient(w, sum(w, broadcast(2))))
  }

  /// max(x, 0) + log(1 + exp(−|x|)), the logarithm by the series of 2 · artanh(t / (t + 2)).
  @inlinable @inline(__always)
  static func softplus(_ x: Vector) -> Vector {
    let t = exponential(minimum(difference(broadcast(0), x), x))
    let s = quotient(t, sum(t, broadcast(2)))
    let series = polynomial(
      product(s, s), [0.140_891_461_8, 0.139_802_969_9, 0.200_124_563_6, 0.333_331_572_8, 1.000_000_004])
    var y = maximum(broadcast(0), x)
    multiplyAdd(&y, sum(s, s), series)
    return y
  }

  /// x · Φ(x) = max(x, 0) − |x| · Φ(−|x|), which has a small relative error on both sides.
  @inlinable @inline(__always)
  static func gelu(_ x: Vector) -> Vector {
    let zero = broadcast(0)
    let a = minimum(broadcast(14.5), magnitude(x))
    var y = maximum(zero, x)
    multiplyAdd(&y, difference(zero, a), normalTail(a))
    // −∞ · 0 is a NaN by the definition, as in every engine.
    multiplyAdd(&y, minimum(zero, x), zero)
    return y
  }

  /// Φ(−a), the normal distribution's share beyond a, for 0 ≤ a ≤ 14.5, with a small relative error throughout.
  ///
  /// exp(−a² / 2) times a polynomial in 1 / (1 + 0.3 · a), which follows the quotient of the two to 4 · 10⁻⁹: a fit that makes the
  /// largest relative error small.
  @inlinable @inline(__always)
  static func normalTail(_ a: Vector) -> Vector {
    // a² rounded would cost half of a² units in the last place: a = high + low, where high² is exact.
    let magic = broadcast(49_152)
    let high = difference(sum(a, magic), magic)
    let low = difference(a, high)
    let half = broadcast(-0.5)
    var (n, r) = reduce(product(half, product(high, high)))
    multiplyAdd(&r, product(half, low), sum(a, high))
    let power = scale(sum(exponentialMinusOne(ofReduced: r), broadcast(1)), byPowerOfTwo: n)
    var denominator = broadcast(1)
    multiplyAdd(&denominator, a, broadcast(0.3))
    let t = quotient(broadcast(1), denominator)
    let ratio = polynomial(
      t,
      [
        -0.020_624_732_7, 0.112_442_795, -0.228_231_311, 0.191_809_360_8, -0.079_445_242_4, 0.096_169_157_4,
        0.078_385_143_6, 0.110_236_447_3, 0.119_571_683_5, 0.119_686_697,
      ])
    return product(power, product(t, ratio))
  }

  /// x times a polynomial in x² up to 1, 1 − 2 · Φ(−√2 · |x|) with the sign of x from there on.
  @inlinable @inline(__always)
  static func errorFunction(_ x: Vector) -> Vector {
    let zero = broadcast(0)
    let a = magnitude(x)
    let square = product(x, x)
    let series = polynomial(
      square,
      [
        7.853_873e-5, -0.000_801_020_91, 0.005_188_331_1, -0.026_853_815, 0.112_835_852_7, -0.376_126_258_4,
        1.128_379_166,
      ])
    let near = product(x, series)
    var far = broadcast(1)
    multiplyAdd(&far, broadcast(-2), normalTail(minimum(broadcast(14), product(broadcast(1.414_213_56), a))))
    far = select(x, lessThan: zero, difference(zero, far), far)
    return select(a, lessThan: broadcast(1), near, far)
  }

  /// A polynomial by Horner's rule, the highest coefficient first.
  @inlinable @inline(__always)
  static func polynomial<let Count: Int>(_ x: Vector, _ coefficients: InlineArray<Count, Float>) -> Vector {
    var sum = broadcast(coefficients[0])
    unrolled(Count - 1) { index in
      var next = broadcast(coefficients[index + 1])
      multiplyAdd(&next, sum, x)
      sum = next
    }
    return sum
  }
}
