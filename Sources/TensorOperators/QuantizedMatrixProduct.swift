import LayerKernels

/// `QLinearMatMul`: products of matrices of 8-bit integers, batch by batch.
enum QuantizedMatrixProduct {
  /// The output has the type of its zero point, the last operand.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let (left, right, zeroPoint) = (try types.required(0), try types.required(3), try types.required(7))
    return [TensorType(zeroPoint.type, try Sizes(left.shape, right.shape).output)]
  }

  private struct Sizes {
    let rows: Int
    let depth: Int
    let columns: Int
    /// The shape that the batches are repeated to.
    let batch: TensorShape
    let left: TensorShape
    let right: TensorShape
    let output: TensorShape

    init(_ left: TensorShape, _ right: TensorShape) throws {
      guard left.rank > 0, right.rank > 0 else { throw OperatorError("a single number is not a matrix") }
      let (a, b) = (
        left.rank == 1 ? [1] + left.dimensions : left.dimensions,
        right.rank == 1 ? right.dimensions + [1] : right.dimensions
      )
      (rows, depth, columns) = (a[a.count - 2], a[a.count - 1], b[b.count - 1])
      guard depth == b[b.count - 2] else { throw OperatorError("matrices \(left) and \(right) cannot be multiplied") }
      self.left = try TensorShape(Array(a.dropLast(2)))
      self.right = try TensorShape(Array(b.dropLast(2)))
      batch = try Broadcasting.shape(of: [self.left, self.right])
      output = try TensorShape(batch.dimensions + (left.rank == 1 ? [] : [rows]) + (right.rank == 1 ? [] : [columns]))
    }
  }

  /// Computes the product.
  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let (left, right) = (try call.required(0), try call.required(3))
    let sizes = try Sizes(left.shape, right.shape)
    let rowScales = try perPlace(call.required(1), sizes.rows, of: sizes.left.elementCount)
    let columnScales = try perPlace(call.required(4), sizes.columns, of: sizes.right.elementCount)
    let a = try centred(left, call.required(2), sizes.rows, inner: sizes.depth)
    let b = try centred(right, call.required(5), sizes.columns, inner: 1)
    let (scale, zeroPoint) = (try call.required(6), try call.required(7))
    guard let bounds = zeroPoint.type.integerBounds, zeroPoint.shape.elementCount == 1, scale.shape.elementCount == 1
    else {
      throw OperatorError("the output's scale and zero point have to be single numbers")
    }
    let (to, middle) = (scale.numbers(as: Float.self)[0], Float(zeroPoint.integers[0]))
    let starts = zip(
      Broadcasting.positions(of: sizes.left, in: sizes.batch), Broadcasting.positions(of: sizes.right, in: sizes.batch))
    var values: [Int] = []
    values.reserveCapacity(sizes.output.elementCount)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var sums = [Double](repeating: 0, count: sizes.rows * sizes.columns)
        for (leftBatch, rightBatch) in starts {
          sums.withUnsafeMutableBufferPointer { sums in
            sums.update(repeating: 0)
            FloatProducts.add(
              Matrix(a, offset: leftBatch * sizes.rows * sizes.depth, rows: sizes.rows, columns: sizes.depth),
              times: Matrix(
                b, offset: rightBatch * sizes.depth * sizes.columns, rows: sizes.depth, columns: sizes.columns),
              to: MutableMatrix(sums, rows: sizes.rows, columns: sizes.columns))
          }
          for index in sums.indices {
            let (row, column) = (
              leftBatch * sizes.rows + index / sizes.columns, rightBatch * sizes.columns + index % sizes.columns
            )
            let factor = rowScales[row % rowScales.count] * columnScales[column % columnScales.count] / to
            let value = (Float(sums[index]) * factor).rounded(.toNearestOrEven) + middle
            values.append(Int(saturating: Double(value)).clamped(to: bounds))
          }
        }
      }
    }
    return [try TypedTensor(zeroPoint.type, shape: sizes.output, integers: values)]
  }

  /// One number for all, one for each row or column, or one for each row or column of each matrix.
  private static func perPlace(_ scales: TypedTensor, _ places: Int, of matrices: Int) throws -> [Float] {
    let count = scales.shape.elementCount
    guard count > 0, count == 1 || count == places || count == places * matrices else {
      throw OperatorError("\(count) scales for \(places) rows or columns")
    }
    return scales.numbers(as: Float.self)
  }

  /// The integers less the zero points of their rows or columns.
  private static func centred(_ tensor: TypedTensor, _ zeroPoint: TypedTensor, _ places: Int, inner: Int) throws
    -> [Double]
  {
    guard tensor.type == .u8 || tensor.type == .s8, zeroPoint.type == tensor.type else {
      throw OperatorError("\(tensor.type) with a zero point of \(zeroPoint.type) is not an 8-bit integer type")
    }
    let (points, values) = (zeroPoint.integers, tensor.integers)
    guard points.count > 0 else { throw OperatorError("a zero point is empty") }
    if points.count == 1 { return values.map { Double($0 - points[0]) } }
    // Columns: a matrix has `depth` rows of `places` numbers; rows: `places` rows of `inner`.
    let matrix = tensor.shape.dimensions.suffix(2).reduce(1, *)
    guard points.count == places || points.count * matrix == places * values.count else {
      throw OperatorError("\(points.count) zero points for \(places) rows or columns")
    }
    return values.enumerated().map { index, value in
      let place = index / matrix * places + index % matrix / inner % places
      return Double(value - points[place % points.count])
    }
  }
}
