import LayerKernels

extension GraphPass {
  /// Says of each convolution and matrix product whose inputs are whole multiples of a step, and whose weights are too, that it is a
  /// product of whole numbers, and of functions of two such values which multiples they are: networks that came with 8-bit numbers get
  /// kernels of such numbers without a budget for errors.
  ///
  /// Comes last: what rewrites a layer afterwards makes a layer of any numbers of it, which is as right.
  public static let findIntegers = GraphPass("find-integers") { graph in
    let known = KnownSteps(graph)
    var rewriter = try GraphRewriter(graph)
    for node in graph.nodes {
      guard case .layer(let problem, let parameters) = node.operation,
        let exact = try exact(problem, parameters, of: node.inputs.map { known[$0] })
      else {
        try rewriter.copy(node)
        continue
      }
      var inputs: [ValueID] = []
      for value in node.inputs { inputs.append(try rewriter.place(value)) }
      try rewriter.emit(node.name, exact, parameters: parameters, inputs: inputs, for: node.output)
    }
    return try rewriter.finish()
  }

  /// The problem with what its operands are; nil where they are any numbers.
  private static func exact(
    _ problem: any LayerProblem, _ parameters: any Sendable, of inputs: [Quantisation?]
  ) throws -> (any LayerProblem)? {
    guard let input = inputs.first ?? nil else { return nil }
    return switch (problem, parameters) {
    case (let problem as ElementwiseProblem, _)
    where inputs.count == 2 && !inputs.contains(nil) && problem.outputQuantisation != nil:
      try problem.with(steps: inputs.compactMap(\.self))
    case (let problem as ConvolutionProblem, let parameters as ConvolutionParameters):
      operands(input, parameters.filter).map { problem.with(integers: $0) }
    case (let problem as MatrixMultiplyProblem, let parameters as MatrixMultiplyParameters):
      parameters.weights.flatMap { operands(input, $0) }.map { problem.with(integers: $0) }
    default: nil
    }
  }

  private static func operands(_ input: Quantisation, _ weights: Tensor) -> IntegerOperands? {
    guard input.fitsByte, let largest = WeightSteps.largestWeight(of: weights) else { return nil }
    return IntegerOperands(input: input, largestWeight: largest)
  }
}
