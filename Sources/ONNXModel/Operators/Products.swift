import LayerKernels

extension ONNXOperatorRegistry {
  mutating func registerProducts() {
    register("Gemm") { node, importer in
      var a = try importer.required(0, of: node)
      var b = try importer.required(1, of: node)
      guard a.shape.rank == 2, b.shape.rank == 2 else { throw node.error("Gemm needs two matrices") }
      if node.integer("transA") ?? 0 != 0 { a = try importer.move(.transpose(permutation: [1, 0]), [a], for: node) }
      // Constant weights are kept as [outputs, inputs]; other operands as [inputs, outputs].
      let isTransposed = node.integer("transB") ?? 0 != 0
      if isTransposed == (b.constant == nil) {
        b = try importer.move(.transpose(permutation: [1, 0]), [b], for: node)
      }
      let columns = b.constant == nil ? b.shape[1] : b.shape[0]
      guard a.shape[1] == (b.constant == nil ? b.shape[0] : b.shape[1]) else {
        throw node.error("matrices \(a.shape) and \(b.shape) do not fit")
      }
      let alpha = node.float("alpha") ?? 1
      let beta = node.float("beta") ?? 1
      let c = importer.input(2, of: node)
      let result = try TensorShape([a.shape[0], columns])
      guard try c.map({ try ElementwiseProblem.broadcast(result, $0.shape) == result }) ?? true else {
        throw node.error("C of shape \(c?.shape ?? result) is wider than the product, \(result)")
      }
      var bias = c?.constant.flatMap { constant -> [Float]? in
        let values = constant.floatElements
        guard constant.shape.rank <= 1 || constant.shape.dimensions.dropLast().allSatisfy({ $0 == 1 }) else {
          return nil
        }
        return values.count == columns
          ? values : values.count == 1 ? Array(repeating: values[0], count: columns) : nil
      }
      let isBias = bias != nil
      bias = bias.map { $0.map { $0 * beta } }
      let problem = try MatrixMultiplyProblem(
        rows: a.shape[0], depth: a.shape[1], columns: columns, hasConstantWeights: b.constant != nil,
        epilogue: Epilogue(bias: isBias && (alpha == 1 || b.constant != nil)))
      var product = try Self.multiply(
        problem, a, b, scale: alpha, bias: problem.epilogue.hasBias ? bias : nil, shape: [a.shape[0], columns], node,
        &importer)
      if b.constant == nil, alpha != 1 { product = try Self.scaled(product, by: alpha, node, &importer) }
      guard let c, !problem.epilogue.hasBias, beta != 0 else { return [product] }
      let addend = beta == 1 ? c : try Self.scaled(c, by: beta, node, &importer)
      return [
        try importer.add(ElementwiseProblem(.add, product.shape, addend.shape), [product, addend], for: node)
      ]
    }

    register("MatMul") { node, importer in
      var a = try importer.required(0, of: node)
      var b = try importer.required(1, of: node)
      guard a.shape.rank >= 1, b.shape.rank >= 1 else { throw node.error("MatMul needs vectors or matrices") }
      // Vectors are matrices of one row or column, which the result does not have.
      let (isRow, isColumn) = (a.shape.rank == 1, b.shape.rank == 1)
      if isRow { a = try importer.move(.reshape, [a], to: [1, a.shape[0]], for: node) }
      if isColumn { b = try importer.move(.reshape, [b], to: [b.shape[0], 1], for: node) }
      let (rows, depth) = (a.shape[a.shape.rank - 2], a.shape[a.shape.rank - 1])
      let columns = b.shape[b.shape.rank - 1]
      guard b.shape[b.shape.rank - 2] == depth else {
        throw node.error("matrices \(a.shape) and \(b.shape) do not fit")
      }
      let lead = try ElementwiseProblem.broadcast(
        TensorShape(Array(a.shape.dimensions.dropLast(2))), TensorShape(Array(b.shape.dimensions.dropLast(2))))
      var shape = lead.dimensions
      if !isRow { shape.append(rows) }
      if !isColumn { shape.append(columns) }
      if b.constant != nil, a.constant == nil, b.shape.rank == 2 {
        let weights = try importer.move(.transpose(permutation: [1, 0]), [b], for: node)
        let problem = try MatrixMultiplyProblem(
          rows: a.shape.elementCount / max(depth, 1), depth: depth, columns: columns)
        return [try Self.multiply(problem, a, weights, shape: shape, node, &importer)]
      }
      let batch = lead.elementCount
      let left = try importer.move(.expand, [a], to: lead.dimensions + [rows, depth], for: node)
      let right = try importer.move(.expand, [b], to: lead.dimensions + [depth, columns], for: node)
      let problem = try MatrixMultiplyProblem(
        batch: batch, rows: rows, depth: depth, columns: columns, hasConstantWeights: false)
      return [try Self.multiply(problem, left, right, isInput: true, shape: shape, node, &importer)]
    }
  }

  /// The product of two operands of any shape with as many elements as the problem's, under the given shape.
  private static func multiply(
    _ problem: MatrixMultiplyProblem, _ a: ImportedValue, _ b: ImportedValue, scale: Float = 1, bias: [Float]? = nil,
    isInput: Bool = false, shape: [Int], _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let left = try importer.move(.reshape, [a], to: problem.inputShape.dimensions, for: node)
    var inputs = [left]
    var weights: Tensor?
    if problem.hasConstantWeights, let constant = b.constant {
      var tensor = constant.asFloats
      if scale != 1 { tensor.withMutableElements { for index in $0.indices { $0[index] *= scale } } }
      weights = try tensor.reshaped(to: problem.weightShape)
    } else {
      inputs.append(try importer.move(.reshape, [b], to: problem.weightShape.dimensions, for: node))
    }
    let product = try importer.add(
      problem, parameters: MatrixMultiplyParameters(weights: weights, bias: bias, for: problem), inputs, for: node)
    return try importer.move(.reshape, [product], to: shape, for: node)
  }

  private static func scaled(
    _ value: ImportedValue, by factor: Float, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let constant = ImportedValue(constant: TypedTensor(Tensor(shape: .scalar, repeating: factor)))
    return try importer.add(
      ElementwiseProblem(.multiply, value.shape, .scalar), [value, constant], for: node)
  }
}
