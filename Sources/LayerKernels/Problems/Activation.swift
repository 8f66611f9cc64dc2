#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A function of one element, applied in an epilogue or as an element-wise layer.
public enum Activation: Hashable, Sendable {
  /// x
  case identity
  /// max(x, 0)
  case relu
  /// min(max(x, 0), 6)
  case relu6
  /// min(max(x, lower), upper)
  case clip(lower: Float, upper: Float)
  /// x where positive, else slope · x
  case leakyRelu(slope: Float)
  /// x · min(max(x / 6 + 1 / 2, 0), 1) (Howard et al., "Searching for MobileNetV3", section 5.2)
  case hardSwish
  /// min(max(alpha · x + beta, 0), 1)
  case hardSigmoid(alpha: Float, beta: Float)
  /// 1 / (1 + exp(−x))
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// x · sigmoid(x)
  case swish
  /// x · sigmoid(alpha · x); with 1.702 what is called quick GELU
  case scaledSwish(alpha: Float)
  /// x · Φ(x), the normal distribution's function Φ(x) = (1 + erf(x / √2)) / 2 (Hendrycks and Gimpel, "Gaussian Error Linear Units")
  case gelu
  /// x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))
  case geluTanh
  /// x · tanh(softplus(x))
  case mish
  /// x where positive, else alpha · (exp(x) − 1)
  case elu(alpha: Float)
  /// x where positive, else alpha · (exp(x / alpha) − 1); alpha is positive
  case celu(alpha: Float)
  /// gamma · x where positive, else gamma · alpha · (exp(x) − 1)
  case selu(alpha: Float, gamma: Float)
  /// log(1 + exp(x))
  case softplus
  /// x / (1 + |x|)
  case softsign
  /// The error function.
  case erf
  /// step · min(max(x / step, lower), upper), the quotient rounded to the nearest whole number, ties to even: what numbers of 8 or
  /// 16 bits hold of x by ONNX's QuantizeLinear and DequantizeLinear. The bounds are whole numbers of at most 2²² in magnitude:
  /// the type's own less the zero point, or tighter ones. The quotient is rounded to 32 bits before, and a NaN gives the lower
  /// bound, as whole numbers have none.
  case quantized(step: Float, lower: Float, upper: Float)

  /// The bounds of an activation that only clamps; nil for any other. SIMD epilogues take these two numbers.
  public var clampBounds: (lower: Float, upper: Float)? {
    switch self {
    case .identity: (-.infinity, .infinity)
    case .relu: (0, .infinity)
    case .relu6: (0, 6)
    case .clip(let lower, let upper): (lower, upper)
    case .leakyRelu, .hardSwish, .hardSigmoid, .sigmoid, .tanh, .swish, .scaledSwish, .gelu, .geluTanh, .mish, .elu,
      .celu, .selu, .softplus, .softsign, .erf, .quantized:
      nil
    }
  }

  /// The function's value, computed in the wider type: the reference's arithmetic.
  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .identity: x
    case .relu: x > 0 ? x : (x.isNaN ? x : 0)
    case .relu6: x.isNaN ? x : Swift.min(Swift.max(x, 0), 6)
    case .clip(let lower, let upper): x.isNaN ? x : Swift.min(Swift.max(x, Double(lower)), Double(upper))
    case .leakyRelu(let slope): x >= 0 ? x : Double(slope) * x
    case .hardSwish: x * Swift.min(Swift.max(x / 6 + 0.5, 0), 1)
    case .hardSigmoid(let alpha, let beta): Swift.min(Swift.max(Double(alpha) * x + Double(beta), 0), 1)
    case .sigmoid: 1 / (1 + exp(-x))
    case .tanh: hyperbolicTangent(x)
    case .swish: x / (1 + exp(-x))
    case .scaledSwish(let alpha): x / (1 + exp(-Double(alpha) * x))
    // By what is left of one, which loses nothing where the function is near zero.
    case .gelu: 0.5 * x * erfc(-x * 0.5.squareRoot())
    case .geluTanh: x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .mish: x * hyperbolicTangent(Self.softplus(x))
    case .elu(let alpha): x < 0 ? Double(alpha) * expm1(x) : x
    case .celu(let alpha): x < 0 ? Double(alpha) * expm1(x / Double(alpha)) : x
    case .selu(let alpha, let gamma): Double(gamma) * (x < 0 ? Double(alpha) * expm1(x) : x)
    case .softplus: Self.softplus(x)
    case .softsign: x / (1 + x.magnitude)
    case .erf: errorFunction(x)
    case .quantized(let step, let lower, let upper):
      Self.quantized(x, step: step, lower: lower, upper: upper)
    }
  }

  private static func quantized(_ x: Double, step: Float, lower: Float, upper: Float) -> Double {
    guard !x.isNaN else { return Double(lower * step) }
    let steps = Swift.min(Swift.max(Float(x) / step, lower), upper).rounded(.toNearestOrEven)
    return Double(steps * step)
  }

  /// log(1 + exp(x)) without overflow.
  private static func softplus(_ x: Double) -> Double { (x < 0 ? 0 : x) + log1p(exp(-x.magnitude)) }
}

// Outside the enumeration, whose cases have the functions' names.
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
private func errorFunction(_ x: Double) -> Double { erf(x) }
