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

  /// The bounds of an activation that only clamps; nil for any other. SIMD epilogues take these two numbers.
  public var clampBounds: (lower: Float, upper: Float)? {
    switch self {
    case .identity: (-.infinity, .infinity)
    case .relu: (0, .infinity)
    case .relu6: (0, 6)
    case .clip(let lower, let upper): (lower, upper)
    case .leakyRelu, .hardSwish, .hardSigmoid, .sigmoid, .tanh, .swish: nil
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
    case .tanh: Self.hyperbolicTangent(x)
    case .swish: x / (1 + exp(-x))
    }
  }

  private static func hyperbolicTangent(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.tanh(x)
    #elseif canImport(Musl)
      Musl.tanh(x)
    #else
      Darwin.tanh(x)
    #endif
  }
}

extension Activation: CustomStringConvertible {
  /// The word that keys use: `relu`, `clip:-1.0:1.0`, …
  public var description: String {
    switch self {
    case .identity: "identity"
    case .relu: "relu"
    case .relu6: "relu6"
    case .clip(let lower, let upper): "clip:\(Self.text(lower)):\(Self.text(upper))"
    case .leakyRelu(let slope): "leaky-relu:\(Self.text(slope))"
    case .hardSwish: "hard-swish"
    case .hardSigmoid(let alpha, let beta): "hard-sigmoid:\(Self.text(alpha)):\(Self.text(beta))"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .swish: "swish"
    }
  }

  /// The shortest text of a number, without the `+` of an exponent: that sign joins an epilogue's parts.
  private static func text(_ number: Float) -> String { String(number.description.filter { $0 != "+" }) }

  /// Reads the word back; nil when it is none.
  public init?(parsing text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.dropFirst().compactMap { Float($0) }
    guard let name = parts.first, numbers.count == parts.count - 1, !numbers.contains(where: \.isNaN) else {
      return nil
    }
    switch (name, numbers.count) {
    case ("identity", 0): self = .identity
    case ("relu", 0): self = .relu
    case ("relu6", 0): self = .relu6
    case ("clip", 2): self = .clip(lower: numbers[0], upper: numbers[1])
    case ("leaky-relu", 1): self = .leakyRelu(slope: numbers[0])
    case ("hard-swish", 0): self = .hardSwish
    case ("hard-sigmoid", 2): self = .hardSigmoid(alpha: numbers[0], beta: numbers[1])
    case ("sigmoid", 0): self = .sigmoid
    case ("tanh", 0): self = .tanh
    case ("swish", 0): self = .swish
    default: return nil
    }
  }
}
