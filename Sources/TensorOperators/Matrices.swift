import LayerKernels

/// Products of matrices of any type.
extension TensorOperatorRegistry {
  mutating func registerMatrices() {
    register("MatMul", types: { [try Matrices.productType($0)] }) { call in
      [try Matrices.product(call.required(0), call.required(1), as: Matrices.productType(call.known).type)]
    }
    register("MatMulInteger", types: { [TensorType(.s32, try Matrices.productType($0).shape)] }) { call in
      let (left, right) = (try call.required(0), try call.required(1))
      let shape = try Matrices.productType(call.known).shape
      let a = try Matrices.withoutZeroPoint(left, call.input(2), isLeft: true)
      let b = try Matrices.withoutZeroPoint(right, call.input(3), isLeft: false)
      return [try TypedTensor(.s32, shape: shape, integers: MatrixProduct(left.shape, right.shape).integers(a, b))]
    }
    register("Gemm", types: { [try Matrices.generalType($0)] }, evaluate: Matrices.general)
    for name in ["FusedMatMul", "TransposeMatMul"] {
      register(
        TensorOperator(
          name, domain: "com.microsoft", types: { [try Matrices.fusedType($0)] }, evaluate: Matrices.fused))
    }
    register("Det", types: { [try Matrices.determinantType($0)] }, evaluate: Matrices.determinant)
  }
}

/// The sizes of a product of matrices whose leading axes are broadcast.
struct MatrixProduct {
  let rows, inner, columns: Int
  let shape: TensorShape
  /// The first elements of each pair of matrices.
  let starts: [(left: Int, right: Int)]

  init(_ left: TensorShape, _ right: TensorShape) throws {
    guard left.rank > 0, right.rank > 0 else { throw OperatorError("\(left) by \(right): a number is no matrix") }
    // A vector is a row on the left and a column on the right, which the result does not have.
    let a = left.rank == 1 ? [1] + left.dimensions : left.dimensions
    let b = right.rank == 1 ? right.dimensions + [1] : right.dimensions
    (rows, inner, columns) = (a[a.count - 2], a[a.count - 1], b[b.count - 1])
    guard b[b.count - 2] == inner else { throw OperatorError("\(left) by \(right) do not fit") }
    let leadA = try TensorShape(Array(a.dropLast(2)))
    let leadB = try TensorShape(Array(b.dropLast(2)))
    let lead = try Broadcasting.shape(of: [leadA, leadB])
    shape = try TensorShape(
      lead.dimensions + (left.rank == 1 ? [] : [rows]) + (right.rank == 1 ? [] : [columns]))
    let (sizeA, sizeB) = (rows * inner, inner * columns)
    starts = zip(Broadcasting.positions(of: leadA, in: lead), Broadcasting.positions(of: leadB, in: lead)).map {
      ($0 * sizeA, $1 * sizeB)
    }
  }

  /// Products of 32-bit floats, line by line of the right matrix so that the inner loop runs along memory.
  func floats(_ left: TypedTensor, _ right: TypedTensor) -> TypedTensor {
    var result = TypedTensor(.f32, shape: shape)
    left.withElements(as: Float.self) { a in
      right.withElements(as: Float.self) { b in
        result.withMutableElements(as: Float.self) { c in multiply(a, b, c) }
      }
    }
    return result
  }

  private func multiply(
    _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>, _ c: UnsafeMutableBufferPointer<Float>
  ) {
    guard columns > 0, rows > 0, inner > 0, let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else {
      return
    }
    // Four rows share each line of the right matrix, and a block of it stays in the cache.
    let (rowBlock, depthBlock) = (4, 128)
    for (matrix, start) in starts.enumerated() {
      let output = c + matrix * rows * columns
      var firstDepth = 0
      while firstDepth < inner {
        let depths = firstDepth..<min(firstDepth + depthBlock, inner)
        var row = 0
        while row + rowBlock <= rows {
          let lines = output + row * columns
          let factors = a + start.left + row * inner
          for depth in depths {
            let line = b + start.right + depth * columns
            let (f0, f1) = (factors[depth], factors[inner + depth])
            let (f2, f3) = (factors[2 * inner + depth], factors[3 * inner + depth])
            for column in 0..<columns {
              let value = line[column]
              lines[column] += f0 * value
              lines[columns + column] += f1 * value
              lines[2 * columns + column] += f2 * value
              lines[3 * columns + column] += f3 * value
            }
          }
          row += rowBlock
        }
        while row < rows {
          let line = output + row * columns
          for depth in depths {
            let factor = a[start.left + row * inner + depth]
            let other = b + start.right + depth * columns
            for column in 0..<columns { line[column] += factor * other[column] }
          }
          row += 1
        }
        firstDepth = depths.upperBound
      }
    }
  }

  func doubles(_ a: [Double], _ b: [Double]) -> [Double] { sums(a, b, zero: 0) { $0 += $1 * $2 } }

  /// Products of integers, which wrap.
  func integers(_ a: [Int], _ b: [Int]) -> [Int] { sums(a, b, zero: 0) { $0 &+= $1 &* $2 } }

  @inline(__always)
  private func sums<Number>(
    _ a: [Number], _ b: [Number], zero: Number, _ add: (inout Number, Number, Number) -> Void
  ) -> [Number] {
    var result = [Number](repeating: zero, count: shape.elementCount)
    guard columns > 0 else { return result }
    for (matrix, start) in starts.enumerated() {
      for row in 0..<rows {
        let target = (matrix * rows + row) * columns
        for depth in 0..<inner {
          let factor = a[start.left + row * inner + depth]
          let line = start.right + depth * columns
          for column in 0..<columns { add(&result[target + column], factor, b[line + column]) }
        }
      }
    }
    return result
  }
}

enum Matrices {
  static func productType(_ types: OperatorTypes) throws -> TensorType {
    let (left, right) = (try types.required(0), try types.required(1))
    return TensorType(left.type, try MatrixProduct(left.shape, right.shape).shape)
  }

  /// The product, rounded once to a type.
  static func product(_ left: TypedTensor, _ right: TypedTensor, as type: ElementType) throws -> TypedTensor {
    guard left.type == right.type else { throw OperatorError("its operands are \(left.type) and \(right.type)") }
    let plan = try MatrixProduct(left.shape, right.shape)
    if left.type == .f32, type == .f32 { return plan.floats(left, right) }
    if left.type.isFloat {
      return try TypedTensor(type, shape: plan.shape, doubles: plan.doubles(left.doubles, right.doubles))
    }
    return try TypedTensor(type, shape: plan.shape, integers: plan.integers(left.integers, right.integers))
  }

  /// Elements less their zero point, which is one number, one a row of the left matrix or one a column of the right.
  static func withoutZeroPoint(_ tensor: TypedTensor, _ zeroPoint: TypedTensor?, isLeft: Bool) throws -> [Int] {
    var elements = tensor.integers
    guard let zeroPoint else { return elements }
    let zeros = zeroPoint.integers
    guard zeroPoint.type == tensor.type else {
      throw OperatorError("a zero point of \(zeroPoint.type) for \(tensor.type)")
    }
    if zeros.count == 1 {
      for index in elements.indices { elements[index] -= zeros[0] }
      return elements
    }
    let rank = tensor.shape.rank
    let sizes = tensor.shape.dimensions
    let axis = isLeft ? max(rank - 2, 0) : rank - 1
    // A list, or the tensor's own shape with a size of 1 on the axis that is summed up.
    var spread = sizes
    if rank > 0 { spread[isLeft ? rank - 1 : max(rank - 2, 0)] = 1 }
    let shape: TensorShape
    if zeroPoint.shape.rank == 1, rank > 0, zeros.count == sizes[axis] {
      shape = try TensorShape(isLeft && rank > 1 ? [zeros.count, 1] : [zeros.count])
    } else if zeroPoint.shape.dimensions == spread {
      shape = zeroPoint.shape
    } else {
      throw OperatorError("zero points \(zeroPoint.shape) do not fit \(tensor.shape)")
    }
    for (index, position) in Broadcasting.positions(of: shape, in: tensor.shape).enumerated() {
      elements[index] -= zeros[position]
    }
    return elements
  }

  /// A matrix as `Gemm` sees it, swapped where an attribute says so.
  static func sides(_ shape: TensorShape, _ isSwapped: Bool) throws -> (Int, Int) {
    guard shape.rank == 2 else { throw OperatorError("\(shape) is no matrix") }
    return isSwapped ? (shape[1], shape[0]) : (shape[0], shape[1])
  }

  static func generalType(_ types: OperatorTypes) throws -> TensorType {
    let (left, right) = (try types.required(0), try types.required(1))
    let (rows, inner) = try sides(left.shape, types.attributes.flag("transA"))
    let (otherInner, columns) = try sides(right.shape, types.attributes.flag("transB"))
    guard inner == otherInner else { throw OperatorError("\(left.shape) by \(right.shape) do not fit") }
    guard left.type == right.type else { throw OperatorError("its operands are \(left.type) and \(right.type)") }
    let shape = try TensorShape([rows, columns])
    if let addend = types.input(2) {
      guard addend.type == left.type else { throw OperatorError("its operands are \(left.type) and \(addend.type)") }
      // Before version 7 an attribute had to allow that the addend is repeated.
      let mayRepeat = types.opset >= 7 || types.attributes.flag("broadcast")
      guard addend.shape == shape || (mayRepeat && (try? Broadcasting.shape(of: [addend.shape, shape])) == shape)
      else { throw OperatorError("\(addend.shape) cannot be broadcast to \(shape)") }
    } else if types.opset < 11 {
      throw OperatorError("input 2 is missing")
    }
    return TensorType(left.type, shape)
  }

  static func transposed(_ matrix: TypedTensor) throws -> TypedTensor {
    let rank = matrix.shape.rank
    guard rank >= 2 else { return matrix }
    var sizes = matrix.shape.dimensions
    var steps = matrix.shape.strides
    sizes.swapAt(rank - 2, rank - 1)
    steps.swapAt(rank - 2, rank - 1)
    return matrix.strided(try TensorShape(sizes), steps)
  }

  @Sendable static func general(_ call: OperatorCall) throws -> [TypedTensor] {
    let type = try generalType(call.known)
    var (left, right) = (try call.required(0), try call.required(1))
    if call.attributes.flag("transA") { left = try transposed(left) }
    if call.attributes.flag("transB") { right = try transposed(right) }
    let alpha = call.attributes.float("alpha") ?? 1
    let beta = call.attributes.float("beta") ?? 1
    let addend = try call.input(2)?.repeated(to: type.shape)
    let plan = try MatrixProduct(left.shape, right.shape)
    if type.type == .f32 {
      var result = plan.floats(left, right)
      guard alpha != 1 || addend != nil else { return [result] }
      result.withMutableElements(as: Float.self) { sums in
        if alpha != 1 { for index in sums.indices { sums[index] *= alpha } }
        // A factor of zero leaves the addend out, NaN and all.
        if beta != 0 {
          addend?.withElements(as: Float.self) { for index in sums.indices { sums[index] += beta * $0[index] } }
        }
      }
      return [result]
    }
    if type.type.isFloat || alpha != alpha.rounded() || beta != beta.rounded() {
      var sums = plan.doubles(left.doubles, right.doubles)
      if alpha != 1 { for index in sums.indices { sums[index] *= Double(alpha) } }
      if beta != 0, let addend = addend?.doubles {
        for index in sums.indices { sums[index] += Double(beta) * addend[index] }
      }
      return [try TypedTensor(type.type, shape: type.shape, doubles: sums)]
    }
    var sums = plan.integers(left.integers, right.integers)
    let (factor, addendFactor) = (Int(saturating: Double(alpha)), Int(saturating: Double(beta)))
    for index in sums.indices { sums[index] &*= factor }
    if let addend = addend?.integers {
      for index in sums.indices { sums[index] &+= addendFactor &* addend[index] }
    }
    return [try TypedTensor(type.type, shape: type.shape, integers: sums)]
  }

  /// The order of axes that an operand of a fused product is multiplied in.
  private static func order(_ rank: Int, swapped: Bool, batchSwapped: Bool) -> [Int] {
    var order = Array(0..<rank)
    guard rank >= 2 else { return order }
    // The leading axis but for the matrices' own moves next to the last one.
    if batchSwapped { order.insert(order.remove(at: 0), at: rank - 2) }
    if swapped { order.swapAt(rank - 2, rank - 1) }
    return order
  }

  private static func orders(_ attributes: OperatorAttributes, _ left: Int, _ right: Int) -> ([Int], [Int]) {
    (
      order(left, swapped: attributes.flag("transA"), batchSwapped: attributes.flag("transBatchA")),
      order(right, swapped: attributes.flag("transB"), batchSwapped: attributes.flag("transBatchB"))
    )
  }

  static func fusedType(_ types: OperatorTypes) throws -> TensorType {
    let (left, right) = (try types.required(0), try types.required(1))
    let (a, b) = orders(types.attributes, left.shape.rank, right.shape.rank)
    let plan = try MatrixProduct(TensorShape(a.map { left.shape[$0] }), TensorShape(b.map { right.shape[$0] }))
    return TensorType(left.type, plan.shape)
  }

  @Sendable static func fused(_ call: OperatorCall) throws -> [TypedTensor] {
    let (left, right) = (try call.required(0), try call.required(1))
    guard left.type == right.type else { throw OperatorError("its operands are \(left.type) and \(right.type)") }
    let (a, b) = orders(call.attributes, left.shape.rank, right.shape.rank)
    func ordered(_ tensor: TypedTensor, _ order: [Int]) throws -> TypedTensor {
      let shape = tensor.shape
      return tensor.strided(try TensorShape(order.map { shape[$0] }), order.map { shape.strides[$0] })
    }
    let (x, y) = (try ordered(left, a), try ordered(right, b))
    let alpha = call.attributes.float("alpha") ?? 1
    guard alpha != 1 else { return [try product(x, y, as: left.type)] }
    let plan = try MatrixProduct(x.shape, y.shape)
    let sums = plan.doubles(x.doubles, y.doubles).map { $0 * Double(alpha) }
    return [try TypedTensor(left.type, shape: plan.shape, doubles: sums)]
  }

  static func determinantType(_ types: OperatorTypes) throws -> TensorType {
    let input = try types.required(0)
    let rank = input.shape.rank
    guard rank >= 2, input.shape[rank - 1] == input.shape[rank - 2] else {
      throw OperatorError("\(input.shape) is no square matrix")
    }
    return TensorType(input.type, try TensorShape(input.shape.dimensions.dropLast(2)))
  }

  @Sendable static func determinant(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    let type = try determinantType(call.known)
    let side = input.shape[input.shape.rank - 1]
    let elements = input.doubles
    let results = (0..<type.shape.elementCount).map { matrix -> Double in
      var lines = (0..<side).map { row in
        (0..<side).map { elements[(matrix * side + row) * side + $0] }
      }
      var product = 1.0
      for column in 0..<side {
        let pivot = (column..<side).max { lines[$0][column].magnitude < lines[$1][column].magnitude } ?? column
        if pivot != column {
          lines.swapAt(pivot, column)
          product = -product
        }
        product *= lines[column][column]
        guard lines[column][column] != 0 else { return 0 }
        for row in column + 1..<side {
          let factor = lines[row][column] / lines[column][column]
          for next in column..<side { lines[row][next] -= factor * lines[column][next] }
        }
      }
      return product
    }
    return [try TypedTensor(type.type, shape: type.shape, doubles: results)]
  }
}
