/// A product of matrices with its epilogue: the dense layer, `Gemm` and `MatMul`.
///
/// `[B, M, K] × [B, K, N] → [B, M, N]`. With constant weights (`hasConstantWeights`) the second operand is a parameter,
/// shared by all B, given as `[N, K]` (one row an output, as dense layers keep it); otherwise it is the second input,
/// `[B, K, N]`. A residual, if the epilogue has one, is the last input. All operands are row-major.
public struct MatrixMultiplyProblem: LayerProblem {
  /// Products that are independent of each other, B.
  public let batch: Int
  /// Rows of the first operand, M: the batch of a dense layer.
  public let rows: Int
  /// Columns of the first operand, K: the inputs of a dense layer.
  public let depth: Int
  /// Columns of the result, N: the outputs of a dense layer.
  public let columns: Int
  /// Whether the second operand is a parameter.
  public let hasConstantWeights: Bool
  /// What happens to each output before it is stored; the bias has one number a column.
  public let epilogue: Epilogue
  /// What makes the products whole numbers; nil where inputs and weights are any.
  public private(set) var integers: IntegerOperands?

  /// `[B, M, K]`
  public let inputShape: TensorShape
  /// `[B, M, N]`
  public let outputShape: TensorShape
  /// `[N, K]` when constant, else `[B, K, N]`
  public let weightShape: TensorShape

  /// The operation's name in keys.
  public static let operation = "matrix-multiply"

  /// Checks the sizes.
  ///
  /// - Throws: ``ProblemError`` when a size is out of its range.
  public init(
    batch: Int = 1, rows: Int, depth: Int, columns: Int, hasConstantWeights: Bool = true, epilogue: Epilogue = .none
  ) throws(ProblemError) {
    let positive = 1...TensorShape.maximumElementCount
    for (name, size) in [("batch", batch), ("rows", rows), ("depth", depth), ("columns", columns)] {
      try checkSize(name, size, in: positive)
    }
    self.batch = batch
    self.rows = rows
    self.depth = depth
    self.columns = columns
    self.hasConstantWeights = hasConstantWeights
    self.epilogue = epilogue
    inputShape = try checkedShape([batch, rows, depth])
    outputShape = try checkedShape([batch, rows, columns])
    weightShape = try checkedShape(hasConstantWeights ? [columns, depth] : [batch, depth, columns])
  }

  /// That of the epilogue's activation.
  public var outputQuantisation: Quantisation? { Quantisation(epilogue.activation) }

  /// That of ``integers`` for the first input.
  public func quantisation(ofInput index: Int) -> Quantisation? { index == 0 ? integers?.input : nil }

  /// The same product of operands that are whole multiples of steps, or of any.
  public func with(integers: IntegerOperands?) -> MatrixMultiplyProblem {
    var problem = self
    problem.integers = integers
    return problem
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    let weights = try key.text("weights")
    guard weights == "constant" || weights == "input" else {
      throw .malformedField(key: key.description, name: "weights", value: weights)
    }
    try self.init(
      batch: key.integer("b"), rows: key.integer("m"), depth: key.integer("k"), columns: key.integer("n"),
      hasConstantWeights: weights == "constant", epilogue: key.epilogue())
    integers = try key.integerOperands()
    guard hasConstantWeights || integers == nil else {
      throw .unknownField(key: key.description, name: IntegerOperands.field)
    }
    try key.check(against: self)
  }

  /// `matrix-multiply b=1 m=1 k=1024 n=1000 weights=constant epilogue=bias`
  public var key: ProblemKey {
    ProblemKey(
      operation: Self.operation,
      [
        "b": "\(batch)", "m": "\(rows)", "k": "\(depth)", "n": "\(columns)",
        "weights": hasConstantWeights ? "constant" : "input", "epilogue": epilogue.description,
      ]
    ).with(integers)
  }

  /// The first operand, the second if it is no parameter, the residual if there is one.
  public var inputShapes: [TensorShape] {
    [inputShape] + (hasConstantWeights ? [] : [weightShape]) + (epilogue.hasResidual ? [outputShape] : [])
  }

  /// `B·M·N·K` multiply-accumulates.
  public var operationCount: OperationCount {
    OperationCount(multiplyAccumulates: outputShape.elementCount * depth, outputs: outputShape.elementCount)
  }

  /// Every operand once, weights and bias included.
  public var memoryAccessCost: Int {
    activationElementCount + (hasConstantWeights ? weightShape.elementCount : 0) + (epilogue.hasBias ? columns : 0)
  }

  /// Weights and a bias.
  public func randomParameters(from random: inout RandomSource) -> MatrixMultiplyParameters {
    let magnitude = (3 / Float(depth)).squareRoot()
    return MatrixMultiplyParameters(
      uncheckedWeights: !hasConstantWeights
        ? nil
        : integers?.randomWeights(shape: weightShape, magnitude: magnitude, from: &random)
          ?? random.tensor(shape: weightShape, magnitude: magnitude),
      bias: epilogue.hasBias ? (0..<columns).map { _ in random.nextFloat(magnitude: 0.5) } : nil)
  }
}

/// The constants of a matrix product.
public struct MatrixMultiplyParameters: Sendable {
  /// `[N, K]`, or nil when the second operand is an input.
  public let weights: Tensor?
  /// One number a column, or nil.
  public let bias: [Float]?

  /// Checks the constants against their problem.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when a shape is not the problem's.
  public init(weights: Tensor?, bias: [Float]?, for problem: MatrixMultiplyProblem) throws(ProblemError) {
    guard (weights != nil) == problem.hasConstantWeights, weights == nil || weights?.shape == problem.weightShape else {
      throw .inconsistent(
        "the weights are \(weights?.shape.description ?? "absent"), but the product needs "
          + (problem.hasConstantWeights ? problem.weightShape.description : "none"))
    }
    guard (bias != nil) == problem.epilogue.hasBias, bias == nil || bias?.count == problem.columns else {
      throw .inconsistent(
        "the product \(problem.epilogue.hasBias ? "needs \(problem.columns)" : "has no") bias values, "
          + "but \(bias?.count ?? 0) were given")
    }
    self.init(uncheckedWeights: weights, bias: bias)
  }

  package init(uncheckedWeights weights: Tensor?, bias: [Float]?) {
    self.weights = weights
    self.bias = bias
  }
}
