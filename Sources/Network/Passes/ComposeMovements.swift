import LayerKernels

extension GraphPass {
  /// Joins movements that follow each other and leaves out those that move nothing.
  public static let composeMovements = GraphPass("compose-movements") { graph in
    var rewriter = try GraphRewriter(graph)
    // The movement by which each value of the result comes from another, as far as one movement can say it.
    var origins: [ValueID: (Movement, ValueID)] = [:]
    for node in graph.nodes {
      guard case .movement(let movement) = node.operation, node.inputs.count == 1 else {
        try rewriter.copy(node)
        continue
      }
      var input = try rewriter.place(node.inputs[0])
      var composed = movement.simplified(from: graph[node.inputs[0]].shape)
      if let (earlier, origin) = origins[input], let joined = composed.composed(after: earlier) {
        composed = joined
        input = origin
      }
      let (from, to) = (rewriter.result[input].shape, graph[node.output].shape)
      composed = composed.simplified(from: from)
      if composed.movesNothing(from: from, to: to) {
        rewriter.replace(node.output, by: input)
        continue
      }
      try rewriter.emit(node.name, composed, inputs: [input], for: node.output)
      origins[try rewriter.place(node.output)] = (composed, input)
    }
    return try rewriter.finish()
  }
}

extension Movement {
  /// A reshape in place of a transposition that moves axes of one only.
  fileprivate func simplified(from shape: TensorShape) -> Movement {
    guard case .transpose(let permutation) = self else { return self }
    let moved = permutation.filter { shape[$0] != 1 }
    return moved == moved.sorted() ? .reshape : self
  }

  /// The one movement that does `earlier` and then this; nil when two are needed.
  fileprivate func composed(after earlier: Movement) -> Movement? {
    switch (earlier, self) {
    case (.reshape, .reshape): .reshape
    case (.gather(let axis, let first), .gather(let other, let second)) where axis == other:
      .gather(axis: axis, indices: second.map { first[$0] })
    case (.transpose(let first), .transpose(let second)): .transpose(permutation: second.map { first[$0] })
    default: nil
    }
  }

  fileprivate func movesNothing(from input: TensorShape, to output: TensorShape) -> Bool {
    guard input == output else { return false }
    switch self {
    case .reshape, .expand: return true
    case .transpose(let permutation): return permutation == Array(permutation.indices)
    case .gather(_, let indices): return indices == Array(indices.indices)
    case .pad: return true
    case .concatenate: return true
    }
  }
}
