import LayerKernels

extension GraphPass {
  /// Writes the formula of layer normalization, with its mean or without, as one layer, as exporters before opset 17 spell it.
  ///
  /// The formula is d / √(mean(d · d) + epsilon) or d · (1 / √…) over axes side by side, where d is x or x − mean(x); constants that
  /// multiply and shift each element of a line go with it. Axes that are not the last, as the channels of images, are moved there
  /// and back.
  public static let recognizeNormalizations = GraphPass("recognize-normalizations") { graph in
    var rewriter = try GraphRewriter(graph)
    let formulas = NormalizationFormulas(graph: graph, writers: rewriter.writers)
    for node in graph.nodes {
      guard let formula = formulas.whole(node.output), let (problem, parameters) = formula.layer(in: graph) else {
        try rewriter.copy(node)
        continue
      }
      let input = try rewriter.place(formula.input)
      guard let order = formula.order else {
        try rewriter.emit(node.name, problem, parameters: parameters, inputs: [input], for: node.output)
        continue
      }
      let moved = rewriter.freeName("\(node.name) lines")
      let lines = try rewriter.add(
        moved, .transpose(permutation: order), inputs: [input], shape: problem.outputShape)
      let name = rewriter.freeName("\(node.name) normalized")
      let result = try rewriter.add(name, problem, parameters: parameters, inputs: [lines], outputName: name)
      let back = order.indices.map { axis in order.firstIndex(of: axis) ?? axis }
      try rewriter.emit(node.name, .transpose(permutation: back), inputs: [result], for: node.output)
    }
    return try removeUnused(rewriter.finish())
  }
}

/// What a value is, where it is a normalization.
private struct NormalizationFormula {
  let input: ValueID
  let rank: Int
  /// The axes of a line.
  let axes: Range<Int>
  let statistic: NormalizationProblem.Statistic
  let epsilon: Float
  var scale: [Float]?
  var bias: [Float]?

  /// The axes with those of a line last; nil where they are.
  var order: [Int]? {
    axes.upperBound == rank ? nil : (0..<rank).filter { !axes.contains($0) } + Array(axes)
  }

  /// The layer; nil where the sizes or epsilon are of none, and where moving axes for short lines would cost more than it saves.
  func layer(in graph: Graph) -> (NormalizationProblem, NormalizationParameters)? {
    let sizes = graph[input].shape.dimensions
    if order != nil, axes.lowerBound == 0 || sizes[axes].reduce(1, *) < 16 { return nil }
    guard let shape = try? TensorShape(order.map { $0.map { sizes[$0] } } ?? sizes),
      let problem = try? NormalizationProblem(
        shape: shape, over: .lastAxes(from: rank - axes.count), statistic: statistic,
        affine: bias != nil ? .scaleAndBias : scale != nil ? .scale : .none, epsilon: epsilon)
    else { return nil }
    let ones = [Float](repeating: 1, count: problem.affineCount)
    let factors = scale ?? (bias == nil ? nil : ones)
    return (try? NormalizationParameters(scale: factors, bias: bias, for: problem)).map { (problem, $0) }
  }
}

/// Finds normalizations by what values are computed of.
private struct NormalizationFormulas {
  let graph: Graph
  let writers: [ValueID: Int]

  /// The normalization that a value is, with its scale and bias.
  func whole(_ value: ValueID) -> NormalizationFormula? {
    if let (sum, constant) = constantOperand(of: value, .add), var formula = scaled(sum), formula.bias == nil {
      guard let bias = numbers(constant, of: formula) else { return nil }
      formula.bias = bias
      return formula
    }
    return scaled(value)
  }

  private func scaled(_ value: ValueID) -> NormalizationFormula? {
    if let (product, constant) = constantOperand(of: value, .multiply), var formula = plain(product) {
      guard let scale = numbers(constant, of: formula) else { return nil }
      formula.scale = scale
      return formula
    }
    return plain(value)
  }

  /// The normalization that a value is without any constants.
  private func plain(_ value: ValueID) -> NormalizationFormula? {
    if let (centred, root) = operands(of: value, .divide) { return normalized(centred, by: root) }
    guard let (left, right) = operands(of: value, .multiply) else { return nil }
    for (centred, factor) in [(left, right), (right, left)] {
      guard let (one, root) = operands(of: factor, .divide), number(one) == 1 else { continue }
      if let formula = normalized(centred, by: root) { return formula }
    }
    return nil
  }

  /// d / root, where root is √(mean(d · d) + epsilon).
  private func normalized(_ centred: ValueID, by root: ValueID) -> NormalizationFormula? {
    guard let writer = writers[root], let problem = ScalarExpression.elementwise(graph.nodes[writer]),
      problem.function == .squareRoot,
      let (mean, constant) = constantOperand(of: graph.nodes[writer].inputs[0], .add), let epsilon = number(constant),
      let (squares, axes) = self.mean(mean), let (left, right) = operands(of: squares, .multiply),
      isSame(left, centred), isSame(right, centred)
    else { return nil }
    let rank = graph[centred].shape.rank
    if let (input, mean) = operands(of: centred, .subtract), let (source, other) = self.mean(mean),
      source == input, other == axes
    {
      return NormalizationFormula(input: input, rank: rank, axes: axes, statistic: .variance, epsilon: epsilon)
    }
    return NormalizationFormula(input: centred, rank: rank, axes: axes, statistic: .meanSquare, epsilon: epsilon)
  }

  // MARK: Steps of the formula

  /// The operands of a value that is a function of two, without an activation.
  private func operands(of value: ValueID, _ function: ElementwiseProblem.Binary) -> (ValueID, ValueID)? {
    guard let writer = writers[value], let problem = ScalarExpression.elementwise(graph.nodes[writer]),
      problem.function == .binary(function, .identity)
    else { return nil }
    return (graph.nodes[writer].inputs[0], graph.nodes[writer].inputs[1])
  }

  /// The operands of a sum or a product with a constant.
  private func constantOperand(
    of value: ValueID, _ function: ElementwiseProblem.Binary
  ) -> (ValueID, constant: Tensor)? {
    guard let (left, right) = operands(of: value, function) else { return nil }
    if let constant = graph[right].constant { return (left, constant) }
    return graph[left].constant.map { (right, $0) }
  }

  private func number(_ value: ValueID) -> Float? { graph[value].constant.flatMap(number) }

  private func number(_ constant: Tensor) -> Float? {
    constant.shape.elementCount == 1 ? constant.elements[0] : nil
  }

  /// What a value is the mean of, and over which axes.
  private func mean(_ value: ValueID) -> (ValueID, Range<Int>)? {
    guard let writer = writers[value], case .layer(let layer, _) = graph.nodes[writer].operation,
      let problem = layer as? ReductionProblem, let first = problem.axes.first,
      problem.axes == Array(first..<first + problem.axes.count)
    else { return nil }
    return (graph.nodes[writer].inputs[0], first..<first + problem.axes.count)
  }

  /// Whether two values are the same one, or the same difference computed twice.
  private func isSame(_ left: ValueID, _ right: ValueID) -> Bool {
    if left == right { return true }
    guard let first = operands(of: left, .subtract), let second = operands(of: right, .subtract) else { return false }
    return first == second
  }

  /// A constant as one number for each element of a line; nil where it is none.
  private func numbers(_ constant: Tensor, of formula: NormalizationFormula) -> [Float]? {
    let line = Array(graph[formula.input].shape.dimensions[formula.axes])
    if let number = number(constant) {
      return constant.shape.rank <= formula.rank ? Array(repeating: number, count: line.reduce(1, *)) : nil
    }
    let sizes = constant.shape.dimensions
    guard sizes.count <= formula.rank else { return nil }
    let whole = [Int](repeating: 1, count: formula.rank - sizes.count) + sizes
    guard
      whole.indices.allSatisfy({ whole[$0] == (formula.axes.contains($0) ? line[$0 - formula.axes.lowerBound] : 1) })
    else { return nil }
    return constant.elements
  }
}
