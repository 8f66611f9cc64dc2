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
    case .scaledSwish(let alpha): "swish:\(Self.text(alpha))"
    case .gelu: "gelu"
    case .geluTanh: "gelu-tanh"
    case .mish: "mish"
    case .elu(let alpha): "elu:\(Self.text(alpha))"
    case .celu(let alpha): "celu:\(Self.text(alpha))"
    case .selu(let alpha, let gamma): "selu:\(Self.text(alpha)):\(Self.text(gamma))"
    case .softplus: "softplus"
    case .softsign: "softsign"
    case .erf: "erf"
    case .quantized(let step, let lower, let upper):
      "quantized:\(Self.text(step)):\(Self.text(lower)):\(Self.text(upper))"
    }
  }

  /// The shortest text of a number, without the `+` of an exponent: that sign joins an epilogue's parts.
  private static func text(_ number: Float) -> String { String(number.description.filter { $0 != "+" }) }

  /// Whether numbers are a step above 0 and two whole numbers that 32-bit arithmetic rounds to, in order.
  private static func areStepAndBounds(_ numbers: [Float]) -> Bool {
    let bounds = numbers.dropFirst()
    return numbers[0] > 0 && numbers[0].isFinite && numbers[1] <= numbers[2]
      && bounds.allSatisfy { $0.magnitude <= 0x1p22 && $0.rounded() == $0 }
  }

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
    case ("swish", 1): self = .scaledSwish(alpha: numbers[0])
    case ("gelu", 0): self = .gelu
    case ("gelu-tanh", 0): self = .geluTanh
    case ("mish", 0): self = .mish
    case ("elu", 1): self = .elu(alpha: numbers[0])
    case ("celu", 1) where numbers[0] > 0: self = .celu(alpha: numbers[0])
    case ("selu", 2): self = .selu(alpha: numbers[0], gamma: numbers[1])
    case ("softplus", 0): self = .softplus
    case ("softsign", 0): self = .softsign
    case ("erf", 0): self = .erf
    case ("quantized", 3) where Self.areStepAndBounds(numbers):
      self = .quantized(step: numbers[0], lower: numbers[1], upper: numbers[2])
    default: return nil
    }
  }
}
