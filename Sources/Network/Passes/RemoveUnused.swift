extension GraphPass {
  /// Leaves out nodes whose outputs nobody reads.
  public static let removeUnused = GraphPass("remove-unused") { graph in
    var needed = Set(graph.outputs)
    var kept: [GraphNode] = []
    for node in graph.nodes.reversed() where needed.contains(node.output) {
      needed.formUnion(node.inputs)
      kept.append(node)
    }
    if kept.count == graph.nodes.count { return graph }
    var rewriter = try GraphRewriter(graph)
    for node in kept.reversed() { try rewriter.copy(node) }
    return try rewriter.finish()
  }
}
