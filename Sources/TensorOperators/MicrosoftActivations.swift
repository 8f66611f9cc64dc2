import LayerKernels

/// Activations of ONNX Runtime's own domain, which its optimizer and exporters write.
extension TensorOperatorRegistry {
  mutating func registerMicrosoftActivations() {
    register(
      TensorOperator("Gelu", domain: "com.microsoft", types: TypeRules.sameAsInput) { call in
        [try Elementwise.floats(try call.required(0), ActivationFunctions.gelu)]
      })
    register(
      TensorOperator("QuickGelu", domain: "com.microsoft", types: TypeRules.sameAsInput) { call in
        let alpha = call.number("alpha", 1.702)
        return [try Elementwise.floats(try call.required(0)) { $0 * ActivationFunctions.sigmoid(alpha * $0) }]
      })
    register(
      TensorOperator("BiasGelu", domain: "com.microsoft", types: TypeRules.sameAsInput) { call in
        [try biased(call, call.required(1), ActivationFunctions.gelu)]
      })
    register(
      TensorOperator("FastGelu", domain: "com.microsoft", types: TypeRules.sameAsInput) { call in
        guard let bias = call.input(1) else {
          return [try Elementwise.floats(try call.required(0), ActivationFunctions.tanhGelu)]
        }
        return [try biased(call, bias, ActivationFunctions.tanhGelu)]
      })
  }
}

/// An activation of the first operand plus a bias for every element of its last axis.
@inline(__always)
private func biased(
  _ call: OperatorCall, _ bias: TypedTensor, _ activation: (Double) -> Double
) throws -> TypedTensor {
  let input = try call.required(0)
  guard input.type.isFloat, bias.type == input.type else {
    throw OperatorError("its operands are \(input.type) and \(bias.type)")
  }
  guard try Broadcasting.shape(of: [input.shape, bias.shape]) == input.shape else {
    throw OperatorError("a bias \(bias.shape) cannot be broadcast to \(input.shape)")
  }
  return try Elementwise.floats(input, bias) { activation($0 + $1) }
}
