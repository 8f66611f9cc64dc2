import LayerKernels

/// Operators on bits and on truth values.
extension TensorOperatorRegistry {
  mutating func registerBitwise() {
    register("BitwiseAnd", types: TypeRules.pair) { call in
      let (a, b) = try call.wholeNumbers()
      return [try Elementwise.integers(a, b) { $0 & $1 }]
    }
    register("BitwiseOr", types: TypeRules.pair) { call in
      let (a, b) = try call.wholeNumbers()
      return [try Elementwise.integers(a, b) { $0 | $1 }]
    }
    register("BitwiseXor", types: TypeRules.pair) { call in
      let (a, b) = try call.wholeNumbers()
      return [try Elementwise.integers(a, b) { $0 ^ $1 }]
    }
    register("BitwiseNot", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      guard input.type.isInteger else { throw OperatorError("its input is \(input.type), not whole numbers") }
      return [try TypedTensor(input.type, shape: input.shape, integers: input.integers.map { ~$0 })]
    }
    register("BitShift", types: TypeRules.pair) { call in
      let (a, b) = try call.wholeNumbers()
      let direction = call.attributes.text("direction") ?? ""
      guard direction == "LEFT" || direction == "RIGHT" else {
        throw OperatorError("direction '\(direction)' is neither LEFT nor RIGHT")
      }
      return [try shift(a, b, left: direction == "LEFT")]
    }
    register("And", types: TypeRules.pair) { call in
      let (a, b) = try call.truths()
      return [Elementwise.truths(a, b, try BroadcastPair(a.shape, b.shape), UInt8.self) { $0 & $1 != 0 }]
    }
    register("Or", types: TypeRules.pair) { call in
      let (a, b) = try call.truths()
      return [Elementwise.truths(a, b, try BroadcastPair(a.shape, b.shape), UInt8.self) { $0 | $1 != 0 }]
    }
    register("Xor", types: TypeRules.pair) { call in
      let (a, b) = try call.truths()
      return [Elementwise.truths(a, b, try BroadcastPair(a.shape, b.shape), UInt8.self) { $0 ^ $1 != 0 }]
    }
    register("Not", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      guard input.type == .bool else { throw OperatorError("its input is \(input.type), not truth values") }
      return [try TypedTensor(.bool, shape: input.shape, integers: input.integers.map { 1 - $0 })]
    }
  }
}

/// Bits shifted; those that fall out are lost, and a shift by the width or more, or by less than 0, loses all but the sign.
private func shift(_ numbers: TypedTensor, _ amounts: TypedTensor, left: Bool) throws -> TypedTensor {
  let width = numbers.type.fileBitCount
  let isUnsigned = numbers.type == .u64
  return try Elementwise.integers(numbers, amounts) { number, amount in
    let isBeyond = amount < 0 || amount >= width
    if left { return isBeyond ? 0 : number << amount }
    if isUnsigned { return isBeyond ? 0 : Int(bitPattern: UInt(bitPattern: number) >> UInt(amount)) }
    return isBeyond ? (number < 0 ? -1 : 0) : number >> amount
  }
}

extension OperatorCall {
  /// Two operands that are whole numbers of one type.
  fileprivate func wholeNumbers() throws -> (TypedTensor, TypedTensor) {
    let (left, right) = try numbers()
    guard left.type.isInteger else { throw OperatorError("its operands are \(left.type), not whole numbers") }
    return (left, right)
  }

  /// Two operands that are truth values.
  fileprivate func truths() throws -> (TypedTensor, TypedTensor) {
    let (left, right) = try LegacyBroadcast.operands(of: self)
    guard left.type == .bool, right.type == .bool else {
      throw OperatorError("its operands are \(left.type) and \(right.type), not truth values")
    }
    return (left, right)
  }
}
