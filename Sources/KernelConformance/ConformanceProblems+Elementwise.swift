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
    // Sums of whole numbers: a few bytes more than vectors hold, and fewer than one.
    for (index, shape) in [try shape(1, 24, 7, 5), try shape(2, 3, 3, 11), try shape(1, 1, 1, 3)].enumerated() {
      let steps = [0, 1].map { integers[(index + $0) % integers.count].input }
      problems.append(
        try ElementwiseProblem(.add, shape, shape, activation: .quantized(step: 0.02, lower: -90, upper: 127))
          .with(steps: steps))
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

  /// Chains of element-wise functions: scales and shifts of channels, gates, the cell of an LSTM, values that several steps read.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func elementwiseChains() throws(ProblemError) -> [ElementwiseChainProblem] {
    typealias Step = ElementwiseChainProblem.Step
    let scaleAndShift = [
      Step(.binary(.multiply, .identity), [.input(0), .input(1)]), Step(.binary(.add, .relu), [.step(0), .input(2)]),
    ]
    // c' = f · c + i · g, with the gates' activations.
    let cell = [
      Step(.unary(.sigmoid), [.input(0)]), Step(.binary(.multiply, .identity), [.step(0), .input(1)]),
      Step(.unary(.tanh), [.input(2)]), Step(.unary(.sigmoid), [.input(3)]),
      Step(.binary(.multiply, .identity), [.step(2), .step(3)]), Step(.binary(.add, .identity), [.step(1), .step(4)]),
    ]
    var problems: [ElementwiseChainProblem] = []
    for planes in [try shape(1, 24, 28, 28), try shape(2, 5, 7, 9), try shape(1, 3, 53, 41)] {
      let channels = try shape(planes[1], 1, 1)
      problems += [
        try ElementwiseChainProblem(scaleAndShift, inputs: [planes, channels, channels]),
        try ElementwiseChainProblem(scaleAndShift, inputs: [planes, .scalar, planes]),
        // A gate of each image's channels, a sum, then what a gate would be.
        try ElementwiseChainProblem(
          [
            Step(.binary(.multiply, .identity), [.input(1), .input(0)]),
            Step(.binary(.subtract, .hardSwish), [.input(2), .step(0)]), Step(.unary(.sigmoid), [.step(1)]),
            Step(.binary(.multiply, .identity), [.step(1), .step(2)]),
          ], inputs: [planes, shape(planes[0], planes[1], 1, 1), planes]),
      ]
    }
    for row in [try shape(1, 37), try shape(3, 96), try shape(5, 3000), .scalar] {
      problems.append(try ElementwiseChainProblem(cell, inputs: Array(repeating: row, count: 4)))
    }
    problems += [
      try ElementwiseChainProblem([Step(.unary(.gelu), [.input(0)])], inputs: [shape(2, 3, 5)]),
      try ElementwiseChainProblem(scaleAndShift, inputs: [shape(2, 3, 5, 7), shape(1, 3, 1, 7), shape(5, 1)]),
      // All sides stretch.
      try ElementwiseChainProblem(
        [
          Step(.binary(.maximum, .identity), [.input(0), .input(1)]),
          Step(.binary(.minimum, .relu6), [.step(0), .input(0)]),
        ], inputs: [shape(2, 1, 5), shape(3, 1)]),
    ]
    return problems
  }
}
