import LayerKernels
import RealModule

/// The numbers that products and sums are computed in: `Float` for tensors of f32, where speed matters, and `Double` for all
/// others, rounded once to their type.
protocol ProductNumber: BinaryFloatingPoint, Real, SIMDScalar, Codable, TensorElement {}

extension Float: ProductNumber {}
extension Double: ProductNumber {}

extension TypedTensor {
  /// The tensor in the numbers that it is computed in: f32 as it is, everything else as f64.
  var widened: TypedTensor { type == .f32 ? self : converted(to: .f64) }

  /// The elements as numbers of a kind.
  func numbers<Number: ProductNumber>(as number: Number.Type) -> [Number] {
    converted(to: Number.elementType).elements(as: number)
  }
}

/// Checks that operators on floating-point tensors share.
enum FloatOperands {
  /// The one floating-point type that all given operands have.
  ///
  /// - Throws: ``OperatorError`` when an operand is of another type, or none is of floats.
  static func commonType(_ operands: [TypedTensor?]) throws(OperatorError) -> ElementType {
    try commonType(operands.map { $0.map { TensorType($0) } })
  }

  /// As ``commonType(_:)``, of types.
  static func commonType(_ operands: [TensorType?]) throws(OperatorError) -> ElementType {
    let types = operands.compactMap { $0?.type }
    guard let first = types.first else { throw OperatorError("it has no inputs") }
    guard first.isFloat else { throw OperatorError("\(first) is not a floating-point type") }
    if let other = types.first(where: { $0 != first }) { throw OperatorError("its operands are \(first) and \(other)") }
    return first
  }
}
