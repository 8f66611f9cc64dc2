import LayerKernels
import RealModule

/// Mathematical functions of every element.
extension TensorOperatorRegistry {
  mutating func registerUnaryMath() {
    register("Abs", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      return [input.type.isSigned ? try Elementwise.numbers(input, { $0.magnitude }, { $0 < 0 ? 0 &- $0 : $0 }) : input]
    }
    register("Neg", types: TypeRules.sameAsInput) {
      [try Elementwise.numbers(try $0.required(0), { -$0 }, { 0 &- $0 })]
    }
    register("Sign", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      if input.type == .u64 {
        return [try TypedTensor(.u64, shape: input.shape, integers: input.integers.map { $0 == 0 ? 0 : 1 })]
      }
      return [try Elementwise.numbers(input, { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }, { $0.signum() })]
    }
    registerRounding()
    registerTrigonometry()
    register("Sqrt", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { $0.squareRoot() }] }
    register("Exp", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .exp($0) }] }
    register("Log", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .log($0) }] }
    register("Reciprocal", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { 1 / $0 }] }
    register("Erf", types: TypeRules.sameAsInput) { call in
      // Whole numbers are allowed by the standard.
      let input = try call.required(0)
      guard input.type.isInteger else { return [try Elementwise.floats(input) { .erf($0) }] }
      return [try TypedTensor(input.type, shape: input.shape, doubles: input.doubles.map { .erf($0) })]
    }
    register("IsNaN", types: TypeRules.sameShape(.bool)) { call in
      let input = try call.required(0)
      guard input.type.isFloat else { throw OperatorError("its input is \(input.type), not floating-point") }
      return [try TypedTensor(shape: input.shape, elements: input.doubles.map(\.isNaN))]
    }
    register("IsInf", types: TypeRules.sameShape(.bool)) { call in
      let input = try call.required(0)
      guard input.type.isFloat else { throw OperatorError("its input is \(input.type), not floating-point") }
      let negative = call.attributes.integer("detect_negative") ?? 1 != 0
      let positive = call.attributes.integer("detect_positive") ?? 1 != 0
      let truths = input.doubles.map { $0.isInfinite && ($0 < 0 ? negative : positive) }
      return [try TypedTensor(shape: input.shape, elements: truths)]
    }
  }

  private mutating func registerRounding() {
    register("Ceil", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { $0.rounded(.up) }] }
    register("Floor", types: TypeRules.sameAsInput) {
      [try Elementwise.floats(try $0.required(0)) { $0.rounded(.down) }]
    }
    register("Round", types: TypeRules.sameAsInput) {
      [try Elementwise.floats(try $0.required(0)) { $0.rounded(.toNearestOrEven) }]
    }
  }

  private mutating func registerTrigonometry() {
    register("Sin", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .sin($0) }] }
    register("Cos", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .cos($0) }] }
    register("Tan", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .tan($0) }] }
    register("Asin", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .asin($0) }] }
    register("Acos", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .acos($0) }] }
    register("Atan", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .atan($0) }] }
    register("Sinh", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .sinh($0) }] }
    register("Cosh", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .cosh($0) }] }
    register("Tanh", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .tanh($0) }] }
    register("Asinh", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .asinh($0) }] }
    register("Acosh", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .acosh($0) }] }
    register("Atanh", types: TypeRules.sameAsInput) { [try Elementwise.floats(try $0.required(0)) { .atanh($0) }] }
  }
}
