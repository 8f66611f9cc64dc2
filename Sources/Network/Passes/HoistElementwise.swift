import LayerKernels

extension GraphPass {
  /// Moves element-wise work from after a reshape of a product's result to before it, where the product can take it into its
  /// epilogue: the bias of a dense layer of tokens, the activation of a convolution over lines, the addition of what was before.
  public static let hoistElementwise = GraphPass("hoist-elementwise") { graph in
    var rewriter = try GraphRewriter(graph)
    // Values of the source that are reshapes of products, and of what is computed of them.
    var products: [ValueID: ReshapedProduct] = [:]
    for node in graph.nodes {
      if case .movement(.reshape) = node.operation {
        try rewriter.copy(node)
        if let earlier = products[node.inputs[0]] {
          products[node.output] = earlier
        } else if let writer = rewriter.writers[node.inputs[0]], graph.nodes[writer].isProduct {
          products[node.output] = ReshapedProduct(
            value: try rewriter.place(node.inputs[0]), shape: graph[node.inputs[0]].shape)
        }
        continue
      }
      guard let problem = ScalarExpression.elementwise(node),
        let hoisted = try hoisted(node, problem, products, graph, &rewriter)
      else {
        try rewriter.copy(node)
        continue
      }
      try rewriter.emit(rewriter.freeName("\(node.name) reshape"), .reshape, inputs: [hoisted.value], for: node.output)
      products[node.output] = hoisted
    }
    return try composeMovements(removeUnused(rewriter.finish()))
  }

  /// The node's work before the reshape; nil where it has to stay.
  private static func hoisted(
    _ node: GraphNode, _ problem: ElementwiseProblem, _ products: [ValueID: ReshapedProduct], _ graph: Graph,
    _ rewriter: inout GraphRewriter
  ) throws -> ReshapedProduct? {
    let shape = graph[node.output].shape
    guard
      let product = node.inputs.lazy.compactMap({ graph[$0].shape == shape ? products[$0] : nil }).last
    else { return nil }
    let name = graph[node.output].name
    switch problem.function {
    case .squareRoot: return nil
    case .unary(let function):
      let value = try rewriter.add(
        node.name, ElementwiseProblem(function, shape: product.shape), inputs: [product.value], outputName: name)
      return ReshapedProduct(value: value, shape: product.shape)
    case .binary(let function, let activation):
      var inputs: [ValueID] = []
      for input in node.inputs {
        if let other = products[input], other.shape == product.shape, graph[input].shape == shape {
          inputs.append(other.value)
        } else if let constant = graph[input].constant {
          guard let sizes = try product.shape.sizes(of: constant.shape, alignedWith: shape) else { return nil }
          let reshaped = try constant.reshaped(to: sizes)
          inputs.append(try rewriter.addConstant(graph[input].name, reshaped))
        } else {
          guard graph[input].shape == shape else { return nil }
          let place = try rewriter.place(input)
          inputs.append(
            try rewriter.add(rewriter.freeName("\(node.name) operand"), .reshape, inputs: [place], shape: product.shape)
          )
        }
      }
      let before = try ElementwiseProblem(
        function, rewriter.result[inputs[0]].shape, rewriter.result[inputs[1]].shape, activation: activation)
      let value = try rewriter.add(node.name, before, inputs: inputs, outputName: name)
      return ReshapedProduct(value: value, shape: product.shape)
    }
  }
}

/// A product's result, or what is computed of it, in the shape that the product gives.
private struct ReshapedProduct {
  let value: ValueID
  let shape: TensorShape
}

extension GraphNode {
  fileprivate var isProduct: Bool {
    guard case .layer(let problem, _) = operation else { return false }
    return problem is ConvolutionProblem || problem is MatrixMultiplyProblem
  }
}

extension TensorShape {
  /// The sizes that an operand, which broadcasts to `shape`, has to have in order to broadcast to this shape, a reshape of it;
  /// nil where there are none.
  fileprivate func sizes(of operand: TensorShape, alignedWith shape: TensorShape) throws -> TensorShape? {
    guard operand.rank <= shape.rank else { return nil }
    if operand.elementCount == 1 { return .scalar }
    let own = Array(repeating: 1, count: shape.rank - operand.rank) + operand.dimensions
    // Axes of one come and go.
    let stretched = shape.dimensions.indices.filter { shape[$0] != 1 }
    if stretched.map({ shape[$0] }) == dimensions.filter({ $0 != 1 }) {
      var rest = stretched.map { own[$0] }[...]
      return try TensorShape(dimensions.map { $0 == 1 ? 1 : rest.popFirst() ?? 1 })
    }
    // The last axes stay as they are.
    let common = zip(shape.dimensions.reversed(), dimensions.reversed()).prefix { $0 == $1 }.count
    guard own.dropLast(common).allSatisfy({ $0 == 1 }) else { return nil }
    return try TensorShape(Array(own.suffix(common)))
  }
}
