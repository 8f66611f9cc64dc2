import TensorOperators

/// What becomes of a model's nodes when it is planned.
struct PlanningLedger {
  private(set) var uses: [String: ModelInspection.OperatorUse] = [:]
  private(set) var refusals: [ModelInspection.Refusal] = []
  private var checkedFunctions: Set<String> = []

  mutating func note(_ scoped: ScopedNode, _ outcome: ModelInspection.Outcome) {
    // What hands an inlined result on is no node of the model's.
    let message = scoped.message
    guard !scoped.isPart || outcome == .tensorOperator else { return }
    guard scoped.depth == 0 || message.opType != "Identity" || !message.name.isEmpty else { return }
    uses[message.qualifiedName, default: .init(name: message.qualifiedName)].counts[outcome, default: 0] += 1
    for (_, graph) in message.bodies { noteBody(graph, of: scoped) }
  }

  /// A node that is planned only when earlier values are there: that somebody knows its operator can be told all the same.
  mutating func noteLate(_ scoped: ScopedNode) {
    let message = scoped.message
    if let function = scoped.scope.function(for: message) {
      guard scoped.depth < ScopedNode.maximumDepth,
        checkedFunctions.insert(ModelScope.key(message.domain, message.opType, message.overload)).inserted
      else { return }
      let inside = scoped.scope.within(function)
      for node in function.node { noteLate(ScopedNode(node, scope: inside, depth: scoped.depth + 1)) }
      return
    }
    let node = ONNXNode(message, opset: scoped.scope.opset(of: message.domain))
    let isKnown =
      TensorOperatorRegistry.standard.definition(domain: message.domain, name: message.opType, opset: node.opset) != nil
      || scoped.scope.operators.importer(domain: message.domain, operatorName: message.opType) != nil
    if isKnown {
      note(scoped, .later)
    } else {
      refuse(scoped, node.unknown(domain: message.domain))
    }
  }

  mutating func refuse(_ scoped: ScopedNode, _ error: any Error) {
    let message = scoped.message
    uses[message.qualifiedName, default: .init(name: message.qualifiedName)].counts[.refused, default: 0] += 1
    let reason =
      switch error as? ONNXError {
      case .unsupported(_, _, _, let reason), .node(_, _, let reason): reason
      default: "\(error)"
      }
    refuse(ONNXNode(message, opset: 1).name, message.qualifiedName, reason)
  }

  mutating func refuse(_ node: String, _ operatorName: String, _ reason: String) {
    refusals.append(ModelInspection.Refusal(node: node, operatorName: operatorName, reason: reason))
  }

  private mutating func noteBody(_ graph: Onnx_GraphProto, of scoped: ScopedNode) {
    guard scoped.depth < ScopedNode.maximumDepth else { return }
    for node in graph.node { noteLate(ScopedNode(node, scope: scoped.scope, depth: scoped.depth + 1)) }
  }
}
