import LayerKernels

/// `QGemm` of ONNX Runtime's own domain: a product of 8-bit matrices plus a 32-bit addend, as 8-bit integers again or as floats.
///
/// Inputs: A, its scale and zero point, B, its scales and zero points (one, or one a column of the product), C of `s32` at the scale of
/// the product, and the scale and zero point of the result, without which it is in floating point.
enum QuantizedGemm {
  private static let addend = 6
  private static let resultScale = 7
  private static let resultZeroPoint = 8

  /// The type and shape of the result.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let (left, right) = (try types.required(0), try types.required(3))
    let (rows, depth) = try Matrices.sides(left.shape, types.attributes.flag("transA"))
    let (otherDepth, columns) = try Matrices.sides(right.shape, types.attributes.flag("transB"))
    guard depth == otherDepth else { throw OperatorError("\(left.shape) by \(right.shape) do not fit") }
    let type = types.input(resultScale) == nil ? .f32 : types.input(resultZeroPoint)?.type ?? left.type
    return [TensorType(type, try TensorShape([rows, columns]))]
  }

  /// Computes the product.
  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    guard let result = try types(call.known)?.first else { throw OperatorError("its result has no type") }
    var (left, right) = (try call.required(0), try call.required(3))
    if call.attributes.flag("transA") { left = try Matrices.transposed(left) }
    if call.attributes.flag("transB") { right = try Matrices.transposed(right) }
    var sums = try MatrixProduct(left.shape, right.shape).integers(
      Matrices.withoutZeroPoint(left, call.input(2), isLeft: true),
      Matrices.withoutZeroPoint(right, call.input(5), isLeft: false))
    if let addend = call.input(addend) {
      guard addend.type == .s32, (try? Broadcasting.shape(of: [addend.shape, result.shape])) == result.shape else {
        throw OperatorError("\(TensorType(addend)) cannot be added to \(result.shape) of s32")
      }
      for (index, value) in try addend.repeated(to: result.shape).integers.enumerated() { sums[index] += value }
    }
    let alpha = call.attributes.float("alpha") ?? 1
    let leftScale = try scales(call.required(1), columns: 1)[0]
    let rightScales = try scales(call.required(4), columns: result.shape[1])
    guard let scale = call.input(resultScale) else {
      let elements = sums.enumerated().map { index, sum in
        Float(sum) * (alpha * leftScale * rightScales[index % result.shape[1] % rightScales.count])
      }
      return [try TypedTensor(shape: result.shape, elements: elements)]
    }
    let step = try scales(scale, columns: 1)[0]
    let zero = call.input(resultZeroPoint)
    guard let bounds = result.type.integerBounds, zero.map({ $0.shape.elementCount == 1 }) ?? true else {
      throw OperatorError("the result's zero point is no single integer")
    }
    let middle = Float(zero?.integers[0] ?? 0)
    let values = sums.enumerated().map { index, sum in
      let factor = alpha * leftScale * rightScales[index % result.shape[1] % rightScales.count] / step
      let value = (Float(sum) * factor).rounded(.toNearestOrEven) + middle
      return Int(saturating: Double(value)).clamped(to: bounds)
    }
    return [try TypedTensor(result.type, shape: result.shape, integers: values)]
  }

  private static func scales(_ tensor: TypedTensor, columns: Int) throws -> [Float] {
    let count = tensor.shape.elementCount
    guard tensor.type == .f32, count == 1 || count == columns, count > 0 else {
      throw OperatorError("\(TensorType(tensor)) is not one scale, nor one a column of \(columns)")
    }
    return tensor.numbers(as: Float.self)
  }
}
