import LayerKernels
import RealModule

/// ONNX Runtime's operators on quantized numbers: computed in floating point between two quantizations.
extension TensorOperatorRegistry {
  mutating func registerQuantizedElementwise() {
    registerQuantized("QLinearAdd", types: quantizedBroadcast) { call in
      try quantizedBinary(call) { $0 + $1 }
    }
    registerQuantized("QLinearMul", types: quantizedBroadcast) { call in
      try quantizedBinary(call) { $0 * $1 }
    }
    registerQuantized("QLinearWhere", types: quantizedChoice) { call in
      let (condition, a, b) = (try call.required(0), try QuantizedOperand(call, 1), try QuantizedOperand(call, 4))
      guard a.type == b.type else { throw OperatorError("its operands are \(a.type) and \(b.type)") }
      let shape = try Broadcasting.shape(of: [condition.shape, a.shape, b.shape])
      let places = [condition.shape, a.shape, b.shape].map { Broadcasting.positions(of: $0, in: shape) }
      let chosen = condition.integers
      let numbers = (0..<shape.elementCount).map { index in
        chosen[places[0][index]] != 0 ? a.numbers[places[1][index]] : b.numbers[places[2][index]]
      }
      return try QuantizedResult(call, 7).tensor(a.type, shape, numbers)
    }
    registerQuantized("QLinearSigmoid", types: TypeRules.sameAsInput) { call in
      try quantizedUnary(call, ActivationFunctions.sigmoid)
    }
    registerQuantized("QLinearLeakyRelu", types: TypeRules.sameAsInput) { call in
      let alpha = call.number("alpha", 0.01)
      return try quantizedUnary(call) { $0 < 0 ? alpha * $0 : $0 }
    }
    registerQuantized("QLinearSoftmax", types: TypeRules.sameAsInput) { call in
      let (values, output) = (try QuantizedOperand(call, 0), try QuantizedResult(call, 3))
      let numbers = try TypedTensor(.f64, shape: values.shape, doubles: values.numbers)
      // The version of the softmax that this stands for is an attribute.
      let opset = call.attributes.integer("opset") ?? 13
      let lines = try SoftmaxLine.lines(values.shape, axis: call.attributes.integer("axis"), opset: opset)
      let softmax = try lines.changing(numbers) { line, _ in SoftmaxLine.softmax(line) }
      return try output.tensor(values.type, values.shape, softmax.doubles)
    }
  }

  private mutating func registerQuantized(
    _ name: String, types: @escaping TensorOperator.TypeRule,
    _ evaluate: @escaping @Sendable (OperatorCall) throws -> TypedTensor
  ) {
    register(TensorOperator(name, domain: "com.microsoft", types: types) { call in [try evaluate(call)] })
  }
}

@Sendable private func quantizedBroadcast(_ types: OperatorTypes) throws -> [TensorType]? {
  let (a, b) = (try types.required(0), try types.required(3))
  return [TensorType(a.type, try Broadcasting.shape(of: [a.shape, b.shape]))]
}

@Sendable private func quantizedChoice(_ types: OperatorTypes) throws -> [TensorType]? {
  let (condition, a, b) = (try types.required(0), try types.required(1), try types.required(4))
  return [TensorType(a.type, try Broadcasting.shape(of: [condition.shape, a.shape, b.shape]))]
}

private func quantizedBinary(_ call: OperatorCall, _ function: (Double, Double) -> Double) throws -> TypedTensor {
  let (a, b, output) = (try QuantizedOperand(call, 0), try QuantizedOperand(call, 3), try QuantizedResult(call, 6))
  guard a.type == b.type else { throw OperatorError("its operands are \(a.type) and \(b.type)") }
  let pair = try BroadcastPair(a.shape, b.shape)
  return try output.tensor(a.type, pair.shape, pair.combine(a.numbers, b.numbers, zero: 0, function))
}

private func quantizedUnary(_ call: OperatorCall, _ function: (Double) -> Double) throws -> TypedTensor {
  let (values, output) = (try QuantizedOperand(call, 0), try QuantizedResult(call, 3))
  return try output.tensor(values.type, values.shape, values.numbers.map(function))
}

/// Whole numbers with their scale and zero point, which are the next two operands.
private struct QuantizedOperand {
  let type: ElementType
  let shape: TensorShape
  let numbers: [Double]

  init(_ call: OperatorCall, _ index: Int) throws {
    let tensor = try call.required(index)
    guard tensor.type == .u8 || tensor.type == .s8 else { throw OperatorError("input \(index) is \(tensor.type)") }
    (type, shape) = (tensor.type, tensor.shape)
    let (scale, zero) = try quantization(call, index + 1)
    numbers = tensor.integers.map { Double($0 - zero) * scale }
  }
}

/// The scale and the zero point of a result.
private struct QuantizedResult {
  private let scale: Double
  private let zero: Int

  init(_ call: OperatorCall, _ index: Int) throws { (scale, zero) = try quantization(call, index) }

  func tensor(_ type: ElementType, _ shape: TensorShape, _ numbers: [Double]) throws -> TypedTensor {
    let bounds = type.integerBounds ?? 0...0
    return try TypedTensor(type, shape: shape, integers: numbers.map { ($0 / scale).quantized(zero, bounds) })
  }
}

/// A scale and its zero point, which may be left out.
private func quantization(_ call: OperatorCall, _ index: Int) throws -> (Double, Int) {
  let (scale, zero) = (try call.required(index), call.input(index + 1))
  guard scale.type == .f32, scale.shape.elementCount == 1 else {
    throw OperatorError("input \(index) is \(TensorType(scale)), not one scale")
  }
  if let zero, zero.shape.elementCount != 1 || !(zero.type == .u8 || zero.type == .s8) {
    throw OperatorError("input \(index + 1) is \(TensorType(zero)), not one zero point")
  }
  return (scale.doubles[0], zero?.integers[0] ?? 0)
}
