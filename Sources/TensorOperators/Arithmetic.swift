import LayerKernels
import RealModule

/// Operators element by element on two numbers that are broadcast together; whole numbers wrap at their width.
extension TensorOperatorRegistry {
  mutating func registerArithmetic() {
    register("Add", types: TypeRules.pair) { call in
      let (a, b) = try call.numbers()
      return [a.type.isFloat ? try Elementwise.floats(a, b) { $0 + $1 } : try Elementwise.integers(a, b) { $0 &+ $1 }]
    }
    register("Sub", types: TypeRules.pair) { call in
      let (a, b) = try call.numbers()
      return [a.type.isFloat ? try Elementwise.floats(a, b) { $0 - $1 } : try Elementwise.integers(a, b) { $0 &- $1 }]
    }
    register("Mul", types: TypeRules.pair) { call in
      let (a, b) = try call.numbers()
      return [a.type.isFloat ? try Elementwise.floats(a, b) { $0 * $1 } : try Elementwise.integers(a, b) { $0 &* $1 }]
    }
    register("Div", types: TypeRules.pair) { call in
      let (a, b) = try call.numbers()
      if a.type.isFloat { return [try Elementwise.floats(a, b) { $0 / $1 }] }
      let isUnsigned = a.type == .u64
      return [
        try Elementwise.integers(a, b) { dividend, divisor in
          guard divisor != 0 else { throw OperatorError("an integer is divided by 0") }
          if isUnsigned { return Int(bitPattern: UInt(bitPattern: dividend) / UInt(bitPattern: divisor)) }
          return dividend.dividedReportingOverflow(by: divisor).partialValue
        }
      ]
    }
    register("Mod", types: TypeRules.pair) { call in
      let (a, b) = try call.numbers()
      return [try Remainders.remainder(a, b, truncates: call.attributes.flag("fmod"))]
    }
    register("Pow", types: TypeRules.pair) { call in
      let (base, exponent) = try LegacyBroadcast.operands(of: call)
      guard base.type != .bool, exponent.type != .bool else { throw OperatorError("its operands are truth values") }
      return [try Powers.power(base, exponent)]
    }
  }
}

extension OperatorCall {
  /// Two operands that are numbers of one type.
  func numbers() throws -> (TypedTensor, TypedTensor) {
    let (left, right) = try LegacyBroadcast.operands(of: self)
    guard left.type == right.type else { throw OperatorError("its operands are \(left.type) and \(right.type)") }
    guard left.type != .bool else { throw OperatorError("its operands are truth values, not numbers") }
    return (left, right)
  }
}

private enum Remainders {
  /// What division leaves: with the dividend's sign if the quotient is truncated, else with the divisor's.
  static func remainder(_ a: TypedTensor, _ b: TypedTensor, truncates: Bool) throws -> TypedTensor {
    if a.type.isFloat {
      if truncates { return try Elementwise.floats(a, b) { $0.truncatingRemainder(dividingBy: $1) } }
      return try Elementwise.floats(a, b) { dividend, divisor in
        let rest = dividend.truncatingRemainder(dividingBy: divisor)
        if rest == 0 { return Double(signOf: divisor, magnitudeOf: 0) }
        return (rest < 0) != (divisor < 0) ? rest + divisor : rest
      }
    }
    let isUnsigned = a.type == .u64
    return try Elementwise.integers(a, b) { dividend, divisor in
      guard divisor != 0 else { throw OperatorError("an integer is divided by 0") }
      if isUnsigned { return Int(bitPattern: UInt(bitPattern: dividend) % UInt(bitPattern: divisor)) }
      let rest = dividend.remainderReportingOverflow(dividingBy: divisor).partialValue
      return !truncates && rest != 0 && (rest < 0) != (divisor < 0) ? rest &+ divisor : rest
    }
  }
}

private enum Powers {
  /// A power in the base's type; the exponent may be of another.
  static func power(_ base: TypedTensor, _ exponent: TypedTensor) throws -> TypedTensor {
    if base.type.isInteger, exponent.type.isInteger {
      let isSigned = exponent.type.isSigned
      return try Elementwise.integers(base, exponent) { integerPower($0, $1, isSigned: isSigned) }
    }
    if base.type.isInteger {
      let pair = try BroadcastPair(base.shape, exponent.shape)
      let values = pair.combine(base.doubles, exponent.doubles, zero: 0, power)
      return try TypedTensor(base.type, shape: pair.shape, doubles: values)
    }
    if base.type == .f32, exponent.shape.elementCount == 1, let power = exponent.doubles.first, power == 2 || power == 3
    {
      // The squares of variances and the cubes of GELU are many.
      let scalar = exponent.converted(to: .f32)
      if power == 2 { return try Elementwise.floats(base, scalar) { value, _ in value * value } }
      return try Elementwise.floats(base, scalar) { value, _ in value * value * value }
    }
    // A large whole exponent would lose its parity in 32 bits.
    if base.type == .f32, exponent.type == .f32 || exponent.type == .f16 || exponent.type == .bf16 {
      return try Elementwise.floats(base, exponent.converted(to: .f32), power)
    }
    let pair = try BroadcastPair(base.shape, exponent.shape)
    let values = pair.combine(base.doubles, exponent.doubles, zero: 0, power)
    return try TypedTensor(base.type, shape: pair.shape, doubles: values)
  }

  /// As C's `pow`.
  private static func power(_ base: Double, _ exponent: Double) -> Double {
    if exponent == 0 || base == 1 { return 1 }
    if base > 0 || base.isNaN || exponent.isNaN {
      return exponent.isInfinite ? infinite(base, exponent) : .pow(base, exponent)
    }
    if exponent.isInfinite { return infinite(base, exponent) }
    guard exponent == exponent.rounded(.towardZero) else {
      return base == 0 ? (exponent > 0 ? 0 : .infinity) : base.isInfinite ? (exponent > 0 ? .infinity : 0) : .nan
    }
    let isOdd = exponent.truncatingRemainder(dividingBy: 2) != 0
    let magnitude =
      base == 0
      ? (exponent > 0 ? 0 : .infinity)
      : base.isInfinite ? (exponent > 0 ? .infinity : 0) : Double.pow(base.magnitude, exponent)
    return isOdd && base.sign == .minus ? -magnitude : magnitude
  }

  private static func infinite(_ base: Double, _ exponent: Double) -> Double {
    if base.isNaN { return .nan }
    if base.magnitude == 1 { return 1 }
    return (base.magnitude > 1) == (exponent > 0) ? .infinity : 0
  }

  /// A power that wraps; what is below 1 is rounded towards zero.
  private static func integerPower(_ base: Int, _ exponent: Int, isSigned: Bool) -> Int {
    if isSigned, exponent < 0 {
      switch base {
      case 1: return 1
      case -1: return exponent & 1 == 0 ? 1 : -1
      case 0: return Int(saturating: .infinity)
      default: return 0
      }
    }
    var (result, square, rest) = (1, base, UInt(bitPattern: exponent))
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}
