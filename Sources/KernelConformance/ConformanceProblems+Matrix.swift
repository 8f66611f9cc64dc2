import LayerKernels

extension ConformanceProblems {
  /// Dense layers and products of two activations.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func matrixProducts() throws(ProblemError) -> [MatrixMultiplyProblem] {
    var problems: [MatrixMultiplyProblem] = []
    let bias = Epilogue(bias: true)
    for isConstant in [true, false] {
      problems += [
        // The classifiers of ShuffleNetV2 and ResNet-18, a batch of them; attention's products.
        try product(1, 1, 512, 250, isConstant, bias), try product(1, 4, 256, 125, isConstant, bias),
        try product(1, 1, 100, 40, isConstant, Epilogue(bias: true, activation: .relu)),
        try product(3, 17, 16, 17, isConstant), try product(1, 49, 32, 96, isConstant),
        // Multiples of nothing.
        try product(1, 1, 1, 1, isConstant), try product(1, 7, 1, 5, isConstant, bias),
        try product(1, 1, 3, 17, isConstant), try product(1, 13, 11, 1, isConstant),
        try product(2, 5, 37, 19, isConstant, bias), try product(1, 67, 13, 31, isConstant),
        try product(1, 16, 16, 16, isConstant), try product(1, 2, 513, 9, isConstant, bias),
      ]
      for epilogue in epilogues { problems.append(try product(2, 3, 9, 21, isConstant, epilogue)) }
    }
    let rounded = Epilogue(bias: true, activation: .quantized(step: 0.03125, lower: -128, upper: 127))
    for integers in integers {
      problems.append(try product(1, 3, 38, 27, true, rounded).with(integers: integers))
      problems.append(try product(2, 1, 17, 16, true).with(integers: integers))
    }
    return problems
  }

  private static func product(
    _ batch: Int, _ rows: Int, _ depth: Int, _ columns: Int, _ hasConstantWeights: Bool, _ epilogue: Epilogue = .none
  ) throws(ProblemError) -> MatrixMultiplyProblem {
    try MatrixMultiplyProblem(
      batch: batch, rows: rows, depth: depth, columns: columns, hasConstantWeights: hasConstantWeights,
      epilogue: epilogue)
  }

  /// Softmax along the last axis, an inner one, the first and several.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func softmaxes() throws(ProblemError) -> [SoftmaxProblem] {
    [
      try SoftmaxProblem(shape: shape(1, 1000), axis: 1), try SoftmaxProblem(shape: shape(3, 80), axis: 1),
      try SoftmaxProblem(shape: shape(1, 21, 11, 13), axis: 1), try SoftmaxProblem(shape: shape(2, 3, 5, 7), axis: 3),
      try SoftmaxProblem(shape: shape(2, 3, 5, 7), axis: 0), try SoftmaxProblem(shape: shape(2, 3, 5, 7), axis: 2),
      try SoftmaxProblem(shape: shape(2, 3, 5, 7), axis: 1, axisCount: 3),
      try SoftmaxProblem(shape: shape(17), axis: 0),
      try SoftmaxProblem(shape: shape(5, 1), axis: 1), try SoftmaxProblem(shape: shape(1, 1, 1, 1), axis: 1),
      try SoftmaxProblem(shape: shape(49, 49), axis: 1), try SoftmaxProblem(shape: shape(1, 4, 17), axis: 2),
    ]
  }

  /// Means over rows and columns, over channels, over all.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func means() throws(ProblemError) -> [ReductionProblem] {
    [
      try ReductionProblem(shape: shape(1, 64, 7, 7), axes: [2, 3]),
      try ReductionProblem(shape: shape(2, 13, 5, 7), axes: [2, 3]),
      try ReductionProblem(shape: shape(2, 13, 5, 7), axes: [1]),
      try ReductionProblem(shape: shape(2, 13, 5, 7), axes: [0, 2]),
      try ReductionProblem(shape: shape(2, 3, 5, 7), axes: [0, 1, 2, 3]),
      try ReductionProblem(shape: shape(17, 31), axes: [1]), try ReductionProblem(shape: shape(17, 31), axes: [0]),
      try ReductionProblem(shape: shape(5, 1, 3), axes: [1]), try ReductionProblem(shape: shape(37), axes: [0]),
      try ReductionProblem(shape: shape(3, 4), axes: []), try ReductionProblem(shape: shape(1, 1, 1, 1), axes: [2, 3]),
    ]
  }
}
