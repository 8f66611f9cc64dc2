import LayerKernels

/// Operators that give their operand, as it is or as another type.
extension TensorOperatorRegistry {
  mutating func registerCasting() {
    register("Identity", types: TypeRules.sameAsInput) { call in [try call.required(0)] }
    register(
      "Cast",
      types: { types in
        [TensorType(try ElementType(attribute: "to", of: types.attributes), try types.required(0).shape)]
      },
      evaluate: { call in
        [try call.required(0).converted(to: try ElementType(attribute: "to", of: call.attributes))]
      })
    register(
      "CastLike", types: { types in [TensorType(try types.required(1).type, try types.required(0).shape)] },
      evaluate: { call in [try call.required(0).converted(to: try call.required(1).type)] })
    register(
      "BitCast",
      types: { types in
        [TensorType(try ElementType(attribute: "to", of: types.attributes), try types.required(0).shape)]
      },
      evaluate: { call in
        [try bits(of: call.required(0), as: try ElementType(attribute: "to", of: call.attributes))]
      })
    register("Dropout", types: Dropout.types, evaluate: Dropout.evaluate)
  }
}

/// The bits of elements taken for elements of another type of the same width.
private func bits(of tensor: TypedTensor, as type: ElementType) throws -> TypedTensor {
  guard type.fileBitCount == tensor.type.fileBitCount else {
    throw OperatorError("\(type) is not as wide as \(tensor.type)")
  }
  // Small integers are extended to a byte in memory, and a truth value is 0 or 1.
  if type.fileBitCount < 8 { return try TypedTensor(type, shape: tensor.shape, integers: tensor.integers) }
  return try tensor.withBytes { try TypedTensor(type, shape: tensor.shape, bytes: $0) }
}

/// Dropout as it is used for inference: nothing is dropped.
private enum Dropout {
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let input = try types.required(0)
    let mask = TensorType(types.opset < 10 ? input.type : .bool, input.shape)
    return Array([input, mask].prefix(max(types.outputCount, 1)))
  }

  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    if let training = call.input(2), training.truths.contains(true) {
      let ratio = call.input(1)?.doubles.first ?? 0.5
      guard ratio == 0 else { throw OperatorError("it drops elements at random, for training only") }
    }
    guard call.wantedOutputs.count > 1 else { return [input] }
    let kept = [Int](repeating: 1, count: input.shape.elementCount)
    return [input, try TypedTensor(call.opset < 10 ? input.type : .bool, shape: input.shape, integers: kept)]
  }
}
