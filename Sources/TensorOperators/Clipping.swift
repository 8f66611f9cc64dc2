import LayerKernels

/// Clip: elements cut to bounds, which were attributes before opset 11 and are operands since.
extension TensorOperatorRegistry {
  mutating func registerClipping() {
    register("Clip", types: TypeRules.sameAsInput) { call in [try clipped(call)] }
  }
}

private func clipped(_ call: OperatorCall) throws -> TypedTensor {
  let input = try call.required(0)
  guard input.type != .bool else { throw OperatorError("its input is truth values, not numbers") }
  func bound(_ index: Int, _ name: String) throws -> TypedTensor? {
    guard call.opset >= 11 else {
      return call.attributes.float(name).map { TypedTensor(scalar: $0) }?.converted(to: input.type)
    }
    guard let bound = call.input(index) else { return nil }
    guard bound.shape.elementCount == 1 else { throw OperatorError("its \(name) is \(bound.shape), not one number") }
    guard bound.type == input.type else { throw OperatorError("its \(name) is \(bound.type), its input \(input.type)") }
    return bound
  }
  let (least, greatest) = (try bound(1, "min"), try bound(2, "max"))
  guard input.type.isFloat else {
    let (low, high) = (least?.orderedIntegers[0] ?? .min, greatest?.orderedIntegers[0] ?? .max)
    return try TypedTensor(
      input.type, shape: input.shape, orderedIntegers: input.orderedIntegers.map { min(max($0, low), high) })
  }
  // A bound that is not given is the type's least or greatest finite number: infinity is cut to it.
  let limit = input.type.greatestFinite
  let (low, high) = (least?.doubles[0] ?? -limit, greatest?.doubles[0] ?? limit)
  return try Elementwise.floats(input) { value in
    let raised = value < low ? low : value
    return raised > high ? high : raised
  }
}

extension ElementType {
  /// The greatest finite number of a floating-point type; infinity for others.
  var greatestFinite: Double {
    switch self {
    case .f32: Double(Float.greatestFiniteMagnitude)
    case .f64: .greatestFiniteMagnitude
    case .f16: Double(Float16.greatestFiniteMagnitude)
    case .bf16: 0x1.FEp127
    default: .infinity
    }
  }
}
