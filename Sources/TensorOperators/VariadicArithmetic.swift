import LayerKernels

/// Operators on any number of operands that are broadcast together.
extension TensorOperatorRegistry {
  mutating func registerVariadicArithmetic() {
    register("Max", types: TypeRules.broadcast) { call in
      [
        try call.folded { a, b in
          if a.type.isFloat { return try Elementwise.floats(a, b) { $0.isNaN || $0 > $1 ? $0 : $1 } }
          if a.type == .u64 {
            return try Elementwise.integers(a, b) { UInt(bitPattern: $0) > UInt(bitPattern: $1) ? $0 : $1 }
          }
          return try Elementwise.integers(a, b) { max($0, $1) }
        }
      ]
    }
    register("Min", types: TypeRules.broadcast) { call in
      [
        try call.folded { a, b in
          if a.type.isFloat { return try Elementwise.floats(a, b) { $0.isNaN || $0 < $1 ? $0 : $1 } }
          if a.type == .u64 {
            return try Elementwise.integers(a, b) { UInt(bitPattern: $0) < UInt(bitPattern: $1) ? $0 : $1 }
          }
          return try Elementwise.integers(a, b) { min($0, $1) }
        }
      ]
    }
    register("Sum", types: TypeRules.broadcast) { call in [try call.sum()] }
    register("Mean", types: TypeRules.broadcast) { call in
      let count = Double(call.inputs.count)
      return [try Elementwise.floats(try call.sum()) { $0 / count }]
    }
  }
}

extension OperatorCall {
  /// All operands joined from the first to the last.
  fileprivate func folded(_ join: (TypedTensor, TypedTensor) throws -> TypedTensor) throws -> TypedTensor {
    var result = try required(0)
    guard result.type != .bool else { throw OperatorError("its operands are truth values, not numbers") }
    for index in inputs.indices.dropFirst() {
      let operand = try required(index)
      guard operand.type == result.type else {
        throw OperatorError("its operands are \(result.type) and \(operand.type)")
      }
      result = try join(result, operand)
    }
    return result
  }

  fileprivate func sum() throws -> TypedTensor {
    try folded { a, b in
      a.type.isFloat ? try Elementwise.floats(a, b) { $0 + $1 } : try Elementwise.integers(a, b) { $0 &+ $1 }
    }
  }
}
