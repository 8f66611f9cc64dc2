import LayerKernels
import RealModule

/// Activations of every element, with their parameters as attributes.
extension TensorOperatorRegistry {
  mutating func registerActivations() {
    register("Relu", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      if input.type.isInteger, !input.type.isSigned { return [input] }
      return [try Elementwise.numbers(input, { $0 < 0 ? 0 : $0 }, { max($0, 0) })]
    }
    register("LeakyRelu", types: TypeRules.sameAsInput) { call in
      let alpha = call.number("alpha", 0.01)
      return [try Elementwise.floats(try call.required(0)) { $0 < 0 ? alpha * $0 : $0 }]
    }
    register("ThresholdedRelu", types: TypeRules.sameAsInput) { call in
      let alpha = call.number("alpha", 1)
      return [try Elementwise.floats(try call.required(0)) { $0 > alpha ? $0 : 0 }]
    }
    registerExponentialUnits()
    registerSigmoids()
    register("PRelu", types: TypeRules.sameAsInput) { call in [try ParametricReLU.evaluate(call)] }
    register("Shrink", types: TypeRules.sameAsInput) { call in
      let (lambda, bias) = (call.number("lambd", 0.5), call.number("bias", 0))
      func shrink(_ value: Double) -> Double { value < -lambda ? value + bias : value > lambda ? value - bias : 0 }
      let input = try call.required(0)
      guard input.type.isInteger else { return [try Elementwise.floats(input, shrink)] }
      return [try TypedTensor(input.type, shape: input.shape, doubles: input.doubles.map(shrink))]
    }
  }

  private mutating func registerExponentialUnits() {
    register("Elu", types: TypeRules.sameAsInput) { call in
      let alpha = call.number("alpha", 1)
      return [try Elementwise.floats(try call.required(0)) { $0 < 0 ? alpha * .expMinusOne($0) : $0 }]
    }
    register("Selu", types: TypeRules.sameAsInput) { call in
      let alpha = call.number("alpha", call.opset < 6 ? 1.6732 : 1.67326319217681884765625)
      let gamma = call.number("gamma", call.opset < 6 ? 1.0507 : 1.05070102214813232421875)
      return [try Elementwise.floats(try call.required(0)) { gamma * ($0 <= 0 ? alpha * .expMinusOne($0) : $0) }]
    }
    register("Celu", types: TypeRules.sameAsInput) { call in
      let alpha = call.number("alpha", 1)
      return [
        try Elementwise.floats(try call.required(0)) { value in
          let below = alpha * .expMinusOne(value / alpha)
          return (value < 0 ? 0 : value) + (below > 0 ? 0 : below)
        }
      ]
    }
    register("Softplus", types: TypeRules.sameAsInput) { call in
      [try Elementwise.floats(try call.required(0), ActivationFunctions.softplus)]
    }
    register("Mish", types: TypeRules.sameAsInput) { call in
      [try Elementwise.floats(try call.required(0)) { $0 * .tanh(ActivationFunctions.softplus($0)) }]
    }
    register("Softsign", types: TypeRules.sameAsInput) { call in
      [try Elementwise.floats(try call.required(0)) { $0 / (1 + $0.magnitude) }]
    }
  }

  private mutating func registerSigmoids() {
    register("Sigmoid", types: TypeRules.sameAsInput) { call in
      [try Elementwise.floats(try call.required(0), ActivationFunctions.sigmoid)]
    }
    register("HardSigmoid", types: TypeRules.sameAsInput) { call in
      let (alpha, beta) = (call.number("alpha", 0.2), call.number("beta", 0.5))
      return [try Elementwise.floats(try call.required(0)) { ActivationFunctions.unit(alpha * $0 + beta) }]
    }
    register("HardSwish", types: TypeRules.sameAsInput) { call in
      [try Elementwise.floats(try call.required(0)) { $0 * ActivationFunctions.unit($0 / 6 + 0.5) }]
    }
    register("Swish", types: TypeRules.sameAsInput) { call in
      let alpha = call.number("alpha", 1)
      return [try Elementwise.floats(try call.required(0)) { $0 * ActivationFunctions.sigmoid(alpha * $0) }]
    }
    register("SwiGLU", types: TypeRules.sameAsInput) { call in
      let (gate, value, alpha) = (try call.required(0), try call.required(1), call.number("alpha", 1))
      guard gate.type == value.type, gate.shape == value.shape else {
        throw OperatorError("its operands are \(TensorType(gate)) and \(TensorType(value)), which have to be the same")
      }
      guard gate.type.isFloat else { throw OperatorError("its input is \(gate.type), not floating-point") }
      return [try Elementwise.floats(gate, value) { $0 * ActivationFunctions.sigmoid(alpha * $0) * $1 }]
    }
    register("Gelu", types: TypeRules.sameAsInput) { call in
      switch call.attributes.text("approximate") ?? "none" {
      case "none": return [try Elementwise.floats(try call.required(0), ActivationFunctions.gelu)]
      case "tanh": return [try Elementwise.floats(try call.required(0), ActivationFunctions.tanhGelu)]
      case let other: throw OperatorError("approximate '\(other)' is neither none nor tanh")
      }
    }
  }
}

/// The formulas of activations that more than one operator has.
enum ActivationFunctions {
  @inline(__always) static func sigmoid(_ value: Double) -> Double { 1 / (1 + .exp(-value)) }

  /// `log(exp(x) + 1)` without overflow.
  @inline(__always) static func softplus(_ value: Double) -> Double {
    (value < 0 ? 0 : value) + .log(onePlus: .exp(-value.magnitude))
  }

  /// Cut to 0…1.
  @inline(__always) static func unit(_ value: Double) -> Double { value < 0 ? 0 : value > 1 ? 1 : value }

  @inline(__always) static func gelu(_ value: Double) -> Double { 0.5 * value * (1 + .erf(value * 0.5.squareRoot())) }

  @inline(__always) static func tanhGelu(_ value: Double) -> Double {
    0.5 * value * (1 + .tanh((2 / Double.pi).squareRoot() * (value + 0.044715 * value * value * value)))
  }
}

private enum ParametricReLU {
  /// Negative elements times a slope that is broadcast to them; before opset 7 the slope is one a channel.
  static func evaluate(_ call: OperatorCall) throws -> TypedTensor {
    let input = try call.required(0)
    var slope = try call.required(1)
    guard slope.type == input.type else { throw OperatorError("its operands are \(input.type) and \(slope.type)") }
    if call.opset < 7, slope.shape.rank == 1, input.shape.rank > 2, slope.shape[0] == input.shape[1] {
      slope = try slope.reshaped(
        to: TensorShape(slope.shape.dimensions + input.shape.dimensions.dropFirst(2).map { _ in 1 }))
    }
    guard try Broadcasting.shape(of: [input.shape, slope.shape]) == input.shape else {
      throw OperatorError("a slope \(slope.shape) cannot be broadcast to \(input.shape)")
    }
    if input.type.isFloat { return try Elementwise.floats(input, slope) { $0 < 0 ? $0 * $1 : $0 } }
    if input.type == .u64 || input.type == .u32 { return input }
    return try Elementwise.integers(input, slope) { $0 < 0 ? $0 &* $1 : $0 }
  }
}

extension OperatorCall {
  /// An attribute that is a number, or its default.
  func number(_ name: String, _ other: Float) -> Double { Double(attributes.float(name) ?? other) }
}
