import LayerKernels

extension GraphPass {
  /// Moves what follows a convolution or matrix product into it: per-channel scales and shifts (a folded batch
  /// normalisation) into the weights, then a residual addition and an activation into the epilogue.
  ///
  /// The last product of a sum takes the addition, so that the other summand is there when it runs.
  public static let fuseEpilogues = GraphPass("fuse-epilogues") { try fuse($0, onlyConstants: false) }

  /// Only the part of ``fuseEpilogues`` that changes weights: per-channel scales and shifts, such as a batch normalisation.
  /// What is left are the operators that any engine knows.
  public static let foldScales = GraphPass("fold-scales") { try fuse($0, onlyConstants: true) }

  private static func fuse(_ graph: Graph, onlyConstants: Bool) throws -> Graph {
    var rewriter = try GraphRewriter(graph)
    // From the index of the last node of each chain to the layer that stands for the whole chain.
    var fused: [Int: FusibleLayer] = [:]
    var absorbed: Set<Int> = []
    let layers = graph.nodes.indices.reversed().compactMap { index in
      FusibleLayer(graph.nodes[index]).map { (index, $0) }
    }
    // Element-wise sums come last: they take an activation only where no product has taken them.
    for (index, layer) in layers.filter({ !$1.isElementwise }) + layers.filter({ $1.isElementwise }) {
      guard !absorbed.contains(index) else { continue }
      var chain = layer
      var last = index
      var members = [index]
      while let reader = rewriter.onlyReader(of: graph.nodes[last].output), !absorbed.contains(reader),
        !onlyConstants || graph.nodes[reader].inputs.contains(where: { graph[$0].constant != nil }),
        let longer = try chain.absorbing(graph.nodes[reader], after: graph.nodes[last].output, in: graph)
      {
        chain = longer
        last = reader
        members.append(reader)
      }
      absorbed.formUnion(members)
      fused[last] = chain
    }
    for (index, node) in graph.nodes.enumerated() {
      if let layer = fused[index] {
        let (problem, parameters) = try layer.finished()
        var inputs: [ValueID] = []
        for value in layer.inputs { inputs.append(try rewriter.place(value)) }
        try rewriter.emit(layer.name, problem, parameters: parameters, inputs: inputs, for: node.output)
      } else if !absorbed.contains(index) {
        try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }
}

/// A product whose epilogue is still growing.
private struct FusibleLayer {
  enum Product {
    case convolution(ConvolutionProblem, ConvolutionParameters)
    case matrix(MatrixMultiplyProblem, MatrixMultiplyParameters)
    case elementwise(ElementwiseProblem)
  }

  let product: Product
  let name: String
  var inputs: [ValueID]
  var epilogue: Epilogue
  /// Scale and shift of each output channel, applied to the product with its own bias; nil while there is none.
  var affine: (scale: [Float], shift: [Float])?

  init?(_ node: GraphNode) {
    guard case .layer(let problem, let parameters) = node.operation else { return nil }
    name = node.name
    inputs = node.inputs
    if let problem = problem as? ConvolutionProblem, let parameters = parameters as? ConvolutionParameters {
      product = .convolution(problem, parameters)
      epilogue = problem.epilogue
    } else if let problem = problem as? MatrixMultiplyProblem,
      let parameters = parameters as? MatrixMultiplyParameters
    {
      product = .matrix(problem, parameters)
      epilogue = problem.epilogue
    } else if let problem = problem as? ElementwiseProblem, case .binary(_, let activation) = problem.function {
      product = .elementwise(problem)
      epilogue = Epilogue(activation: activation)
    } else {
      return nil
    }
  }

  var isElementwise: Bool {
    if case .elementwise = product { true } else { false }
  }

  private var channels: Int {
    switch product {
    case .convolution(let problem, _): problem.outputChannels
    case .matrix(let problem, _): problem.columns
    case .elementwise: 0
    }
  }

  /// The layer with the next node's work, or nil when the node has to stay.
  func absorbing(_ node: GraphNode, after value: ValueID, in graph: Graph) throws -> FusibleLayer? {
    guard epilogue.activation == .identity, case .layer(let layer, _) = node.operation,
      let problem = layer as? ElementwiseProblem
    else { return nil }
    var longer = self
    switch problem.function {
    case .unary(let function):
      longer.epilogue.activation = function
      return longer
    case .squareRoot: return nil
    case .binary(let function, let activation):
      guard node.inputs.count == 2, node.inputs[0] != node.inputs[1] else { return nil }
      if case .elementwise = product { return nil }
      let isLeft = node.inputs[0] == value
      let other = isLeft ? node.inputs[1] : node.inputs[0]
      if let constant = graph[other].constant {
        if case .matrix(let problem, _) = product, !problem.hasConstantWeights { return nil }
        guard !epilogue.hasResidual, graph[node.output].shape == graph[value].shape,
          let numbers = channelValues(constant, output: graph[value].shape),
          longer.multiplyAdd(function, numbers, isLeft: isLeft)
        else { return nil }
      } else {
        guard function == .add, !epilogue.hasResidual, graph[other].shape == graph[value].shape else { return nil }
        longer.epilogue.hasResidual = true
        longer.inputs.append(other)
      }
      longer.epilogue.activation = activation
      return longer
    }
  }

  /// One number an output channel from a constant that is a scalar or differs along the channel axis only.
  private func channelValues(_ constant: Tensor, output: TensorShape) -> [Float]? {
    if constant.shape.elementCount == 1 { return Array(repeating: constant.elements[0], count: channels) }
    let axis: Int
    switch product {
    case .convolution: axis = output.rank - 3
    case .matrix: axis = output.rank - 1
    case .elementwise: return nil
    }
    guard constant.shape.elementCount == channels, channels == output[axis] else { return nil }
    // Aligned at the last axis, the constant's only axis above one must be the channel axis.
    let position = constant.shape.rank - (output.rank - axis)
    return position >= 0 && constant.shape[position] == channels ? constant.elements : nil
  }

  /// Applies y ∘ c (or c ∘ y) to the affine map; false when it is none.
  private mutating func multiplyAdd(
    _ function: ElementwiseProblem.Binary, _ numbers: [Float], isLeft: Bool
  ) -> Bool {
    var (scale, shift) =
      affine ?? ([Float](repeating: 1, count: channels), [Float](repeating: 0, count: channels))
    for channel in 0..<channels {
      let number = numbers[channel]
      switch (function, isLeft) {
      case (.add, _): shift[channel] += number
      case (.subtract, true): shift[channel] -= number
      case (.subtract, false):
        scale[channel] = -scale[channel]
        shift[channel] = number - shift[channel]
      case (.multiply, _):
        scale[channel] *= number
        shift[channel] *= number
      case (.divide, true):
        scale[channel] /= number
        shift[channel] /= number
      default: return false
      }
    }
    affine = (scale, shift)
    return true
  }

  /// The problem and the parameters of the whole chain.
  func finished() throws -> (any LayerProblem, any Sendable) {
    var epilogue = epilogue
    if affine != nil { epilogue.hasBias = true }
    switch product {
    case .convolution(let problem, let parameters):
      let fused = try ConvolutionProblem(
        batch: problem.batch, inputChannels: problem.inputChannels, input: problem.input,
        outputChannels: problem.outputChannels, window: problem.window, groups: problem.groups, epilogue: epilogue)
      let (filter, bias) = folded(parameters.filter, parameters.bias)
      return (fused, try ConvolutionParameters(filter: filter, bias: bias, for: fused))
    case .matrix(let problem, let parameters):
      let fused = try MatrixMultiplyProblem(
        batch: problem.batch, rows: problem.rows, depth: problem.depth, columns: problem.columns,
        hasConstantWeights: problem.hasConstantWeights, epilogue: epilogue)
      guard let weights = parameters.weights else {
        return (fused, try MatrixMultiplyParameters(weights: nil, bias: parameters.bias, for: fused))
      }
      let (scaled, bias) = folded(weights, parameters.bias)
      return (fused, try MatrixMultiplyParameters(weights: scaled, bias: bias, for: fused))
    case .elementwise(let problem):
      guard case .binary(let function, _) = problem.function else { return (problem, NoParameters()) }
      return (
        try ElementwiseProblem(
          function, problem.inputShapes[0], problem.inputShapes[1], activation: epilogue.activation), NoParameters()
      )
    }
  }

  /// Weights and bias with the affine map multiplied in; both keep one row an output channel.
  private func folded(_ weights: Tensor, _ bias: [Float]?) -> (Tensor, [Float]?) {
    guard let (scale, shift) = affine else { return (weights, bias) }
    var weights = weights
    let rowLength = weights.shape.elementCount / max(channels, 1)
    if scale.contains(where: { $0 != 1 }) {
      weights.withMutableElements { elements in
        for channel in 0..<channels {
          for index in (channel * rowLength)..<((channel + 1) * rowLength) { elements[index] *= scale[channel] }
        }
      }
    }
    return (weights, (0..<channels).map { (bias?[$0] ?? 0) * scale[$0] + shift[$0] })
  }
}
