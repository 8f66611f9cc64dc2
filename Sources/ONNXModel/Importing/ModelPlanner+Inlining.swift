import LayerKernels
import Network
import TensorOperators

/// Nodes that stand for others: branches of a known condition, functions, operators on whole numbers.
extension ModelPlanner {
  /// Takes the branch of an `If` whose condition is known; false for everything else.
  mutating func takeBranch(_ scoped: ScopedNode, _ node: ONNXNode) throws -> Bool {
    guard node.operatorName == "If", scoped.message.domain.isEmpty,
      let condition = importer.input(0, of: node)?.constant,
      let isTrue = condition.truths.first,
      let branch = scoped.message.bodies.first(where: { $0.name == (isTrue ? "then_branch" : "else_branch") })?.graph
    else { return false }
    try inline(
      Inlining(branch, of: scoped.message, prefix: inlinePrefix(scoped.message)), of: scoped, scope: scoped.scope)
    return true
  }

  /// The nodes on real numbers that an operator on whole ones stands for; nil where it is none, or has to be computed as it stands.
  mutating func expanded(_ message: Onnx_NodeProto) throws -> Inlining? {
    let known = { [values = importer.values] (name: String) in values[name]?.constant }
    if let expansion = QuantizedExpansion(message, constant: known) {
      return expansion.inlining(prefix: inlinePrefix(message))
    }
    if message.opType == "DynamicQuantizeLinear", let input = message.input.first.flatMap({ importer.values[$0] }),
      input.constant == nil, input.type == .f32
    {
      return try IntegerExpansion(dynamic: message, shape: input.shape, prefix: inlinePrefix(message))?.inlining
    }
    guard IntegerExpansion.isProduct(message), waiting.isReadByCastsToFloatOnly(message.output[0]) else { return nil }
    return try IntegerExpansion(product: message, prefix: inlinePrefix(message), constant: known)?.inlining
  }

  mutating func inlinePrefix(_ message: Onnx_NodeProto) -> String {
    inlineCount += 1
    return "\(message.name.isEmpty ? message.opType : message.name)#\(inlineCount)/"
  }

  mutating func inline(
    _ inlining: Inlining, of scoped: ScopedNode, scope: ModelScope, isParts: Bool = false
  ) throws {
    guard scoped.depth < ScopedNode.maximumDepth else {
      throw ONNXError.graph(
        reason:
          "function '\(scoped.message.opType)' is nested more than \(ScopedNode.maximumDepth) deep; it calls itself?")
    }
    guard inlineCount <= Graph.maximumCount else {
      throw ONNXError.graph(reason: "its functions call each other more than \(Graph.maximumCount) times")
    }
    for (name, tensor) in inlining.constants {
      importer.values[name] = ImportedValue(constant: try TypedTensor(tensor))
    }
    try waiting.add(
      inlining.nodes.map { ScopedNode($0, scope: scope, depth: scoped.depth + 1, isPart: isParts || scoped.isPart) },
      outputs: outputs,
      known: { [values = importer.values, lateNames] in values[$0] != nil || lateNames.contains($0) })
  }
}
