import LayerKernels
import RealModule

/// Operators element by element on two operands that are broadcast together.
extension TensorOperatorRegistry {
  mutating func registerArithmetic() {
    registerBinary("Add", { $0 + $1 }, { $0 &+ $1 })
    registerBinary("Sub", { $0 - $1 }, { $0 &- $1 })
    registerBinary("Mul", { $0 * $1 }, { $0 &* $1 })
  }

  /// An operator on two numbers of one type; integers wrap at their width.
  private mutating func registerBinary(
    _ name: String, _ floats: @escaping @Sendable (Double, Double) -> Double,
    _ integers: @escaping @Sendable (Int, Int) throws -> Int
  ) {
    register(name, types: TypeRules.broadcast) { call in
      let (left, right) = try LegacyBroadcast.operands(of: call)
      guard left.type == right.type else { throw OperatorError("its operands are \(left.type) and \(right.type)") }
      let shape = try Broadcasting.shape(of: [left.shape, right.shape])
      let a = try left.broadcast(to: shape)
      let b = try right.broadcast(to: shape)
      if left.type.isFloat {
        return [try TypedTensor(left.type, shape: shape, doubles: zip(a.doubles, b.doubles).map(floats))]
      }
      return [try TypedTensor(left.type, shape: shape, integers: zip(a.integers, b.integers).map(integers))]
    }
  }
}
