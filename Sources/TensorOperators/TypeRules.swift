package import LayerKernels

/// Rules for the outputs' types that many operators share.
enum TypeRules {
  /// Output 0 is as input 0.
  @Sendable static func sameAsInput(_ types: OperatorTypes) throws -> [TensorType]? { [try types.required(0)] }

  /// Output 0 has input 0's shape and the given type.
  static func sameShape(_ type: ElementType) -> TensorOperator.TypeRule {
    { types in [TensorType(type, try types.required(0).shape)] }
  }

  /// Output 0 has the first operand's type and the shape that all operands are broadcast to.
  @Sendable static func broadcast(_ types: OperatorTypes) throws -> [TensorType]? {
    let inputs = try LegacyBroadcast.types(of: types)
    guard let first = inputs.first else { throw OperatorError("it has no inputs") }
    return [TensorType(first.type, try Broadcasting.shape(of: inputs.map(\.shape)))]
  }

  /// Output 0 has the first operand's type and the shape that two operands are broadcast to.
  @Sendable static func pair(_ types: OperatorTypes) throws -> [TensorType]? {
    let (left, right) = (try types.required(0), try types.required(1))
    let aligned = try LegacyBroadcast.alignedShape(left.shape, right.shape, opset: types.opset, types.attributes)
    return [TensorType(left.type, try Broadcasting.shape(of: [left.shape, aligned ?? right.shape]))]
  }

  /// Output 0 has the given type and the shape that two operands are broadcast to.
  static func pair(to type: ElementType) -> TensorOperator.TypeRule {
    { types in try pair(types)?.map { TensorType(type, $0.shape) } }
  }
}

/// Before opset 7 the second operand was aligned at a named axis, with `broadcast=1`, instead of at the last.
package enum LegacyBroadcast {
  /// The two operands, the second with sizes of 1 after its last axis where the old rule asks for them.
  static func operands(of call: OperatorCall) throws -> (TypedTensor, TypedTensor) {
    let (left, right) = (try call.required(0), try call.required(1))
    guard let shape = try alignedShape(left.shape, right.shape, opset: call.opset, call.attributes) else {
      return (left, right)
    }
    return (left, try right.reshaped(to: shape))
  }

  /// As ``operands(of:)``, of types; operators of one or many operands are as they are.
  static func types(of types: OperatorTypes) throws -> [TensorType] {
    let inputs = types.inputs.compactMap { $0 }
    guard inputs.count == 2,
      let shape = try alignedShape(inputs[0].shape, inputs[1].shape, opset: types.opset, types.attributes)
    else { return inputs }
    return [inputs[0], TensorType(inputs[1].type, shape)]
  }

  /// The second operand's shape with sizes of 1 at its end; nil where it is aligned at the last axis anyway.
  package static func alignedShape(
    _ left: TensorShape, _ right: TensorShape, opset: Int, _ attributes: OperatorAttributes
  ) throws -> TensorShape? {
    guard opset < 7, attributes.flag("broadcast"), let given = attributes.integer("axis") else { return nil }
    let axis = try given.axis(rank: left.rank)
    guard axis + right.rank <= left.rank else {
      throw OperatorError("\(right) does not fit into \(left) from axis \(axis) on")
    }
    return try TensorShape(right.dimensions + [Int](repeating: 1, count: left.rank - axis - right.rank))
  }
}
