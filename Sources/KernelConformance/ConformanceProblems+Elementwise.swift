import LayerKernels

extension ConformanceProblems {
  /// Every function on equal shapes, and broadcasting of every kind.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func elementwise() throws(ProblemError) -> [ElementwiseProblem] {
    var problems: [ElementwiseProblem] = []
    for activation in activations + [.identity] {
      problems.append(ElementwiseProblem(activation, shape: try shape(1, 5, 7, 9)))
    }
    problems += [
      ElementwiseProblem(squareRootOf: try shape(1, 5, 7, 9)), ElementwiseProblem(squareRootOf: try shape(3, 37)),
      ElementwiseProblem(.relu, shape: try shape(1, 58, 28, 28)),
      ElementwiseProblem(.sigmoid, shape: try shape(1, 1000)),
      ElementwiseProblem(.hardSwish, shape: try shape(2, 3, 1, 1)), ElementwiseProblem(.relu, shape: try shape(37)),
      ElementwiseProblem(.swish, shape: try shape(2, 3, 5)), ElementwiseProblem(.tanh, shape: .scalar),
    ]
    for function in ElementwiseProblem.Binary.allCases {
      let planes = try shape(2, 5, 7, 9)
      problems += [
        try ElementwiseProblem(function, planes, planes),
        // A gate of squeeze-and-excitation, from either side, and a bias.
        try ElementwiseProblem(function, planes, shape(2, 5, 1, 1)),
        try ElementwiseProblem(function, shape(1, 5, 1, 1), planes),
        try ElementwiseProblem(function, planes, .scalar), try ElementwiseProblem(function, shape(3, 17), shape(17)),
      ]
    }
    problems += [
      try ElementwiseProblem(.add, shape(1, 58, 28, 28), shape(1, 58, 28, 28), activation: .relu),
      try ElementwiseProblem(.multiply, shape(1, 24, 14, 14), shape(1, 24, 1, 1), activation: .hardSwish),
      try ElementwiseProblem(.add, shape(2, 3, 5, 7), shape(1, 1, 5, 7)),
      try ElementwiseProblem(.add, shape(2, 3, 5, 7), shape(2, 1, 5, 1)),
      try ElementwiseProblem(.multiply, shape(2, 3, 5, 7), shape(1, 3, 1, 7), activation: .relu6),
      // Both sides stretch.
      try ElementwiseProblem(.subtract, shape(2, 1, 5, 1), shape(1, 3, 1, 7)),
      try ElementwiseProblem(.add, shape(5, 1), shape(1, 7)), try ElementwiseProblem(.add, shape(3, 5, 7), shape(5, 1)),
      try ElementwiseProblem(.multiply, shape(1), shape(33)), try ElementwiseProblem(.add, .scalar, .scalar),
      try ElementwiseProblem(.divide, shape(1, 1, 1, 1), shape(1, 1, 1, 1)),
      try ElementwiseProblem(.add, shape(1, 3, 1, 1), shape(1, 3, 1, 1)),
    ]
    return problems
  }
}
