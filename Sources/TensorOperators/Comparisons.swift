import LayerKernels

/// Comparisons of two operands that are broadcast together, and the choice between two.
extension TensorOperatorRegistry {
  mutating func registerComparisons() {
    register("Equal", types: TypeRules.pair(to: .bool)) { call in
      let (a, b) = try call.comparable()
      return [try Elementwise.truths(a, b, { $0 == $1 }, { $0 == $1 })]
    }
    register("Greater", types: TypeRules.pair(to: .bool)) { call in
      let (a, b) = try call.comparable()
      return [try Elementwise.truths(a, b, { $0 > $1 }, { $0 > $1 })]
    }
    register("Less", types: TypeRules.pair(to: .bool)) { call in
      let (a, b) = try call.comparable()
      return [try Elementwise.truths(a, b, { $0 < $1 }, { $0 < $1 })]
    }
    register("GreaterOrEqual", types: TypeRules.pair(to: .bool)) { call in
      let (a, b) = try call.comparable()
      return [try Elementwise.truths(a, b, { $0 >= $1 }, { $0 >= $1 })]
    }
    register("LessOrEqual", types: TypeRules.pair(to: .bool)) { call in
      let (a, b) = try call.comparable()
      return [try Elementwise.truths(a, b, { $0 <= $1 }, { $0 <= $1 })]
    }
    register(
      "Where",
      types: { types in
        let inputs = try (0..<3).map { try types.required($0) }
        return [TensorType(inputs[1].type, try Broadcasting.shape(of: inputs.map(\.shape)))]
      },
      evaluate: { call in [try choice(call.required(0), call.required(1), call.required(2))] })
  }
}

/// The elements of one operand where the condition holds, of the other elsewhere.
private func choice(_ condition: TypedTensor, _ yes: TypedTensor, _ no: TypedTensor) throws -> TypedTensor {
  guard condition.type == .bool else { throw OperatorError("its condition is \(condition.type), not truth values") }
  guard yes.type == no.type else { throw OperatorError("its operands are \(yes.type) and \(no.type)") }
  let shape = try Broadcasting.shape(of: [condition.shape, yes.shape, no.shape])
  let chosen = try condition.broadcast(to: shape)
  let other = try no.broadcast(to: shape)
  var result = try yes.broadcast(to: shape)
  func choose<Word: BitwiseCopyable>(_ word: Word.Type) {
    chosen.withElements(as: UInt8.self) { truths in
      other.withBytes { bytes in
        let source = bytes.assumingMemoryBound(to: word)
        result.withMutableBytes { target in
          let target = target.assumingMemoryBound(to: word)
          for index in 0..<truths.count where truths[index] == 0 { target[index] = source[index] }
        }
      }
    }
  }
  switch result.type.byteCount {
  case 1: choose(UInt8.self)
  case 2: choose(UInt16.self)
  case 4: choose(UInt32.self)
  default: choose(UInt64.self)
  }
  return result
}

extension OperatorCall {
  /// Two operands of one type.
  fileprivate func comparable() throws -> (TypedTensor, TypedTensor) {
    let (left, right) = try LegacyBroadcast.operands(of: self)
    guard left.type == right.type else { throw OperatorError("its operands are \(left.type) and \(right.type)") }
    return (left, right)
  }
}
