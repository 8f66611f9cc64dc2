/// Names of values in nodes and in the graphs that belong to nodes.
extension Onnx_GraphProto {
  /// The names that the graph reads but does not define: values of the graphs around it, in the order of their use.
  var outerNames: [String] {
    var defined = Set(input.map(\.name))
    defined.formUnion(initializer.map(\.name))
    defined.formUnion(sparseInitializer.map { $0.values.name })
    for node in node { defined.formUnion(node.output) }
    var found: [String] = []
    var seen: Set<String> = []
    func note(_ name: String) {
      if !name.isEmpty, !defined.contains(name), seen.insert(name).inserted { found.append(name) }
    }
    for node in node {
      for name in node.readNames { note(name) }
    }
    for output in output { note(output.name) }
    return found
  }
}

extension Onnx_NodeProto {
  /// The graphs among the attributes, by the attributes' names.
  var bodies: [(name: String, graph: Onnx_GraphProto)] {
    attribute.compactMap { $0.hasG ? ($0.name, $0.g) : nil }
  }

  /// The names of the values that the node reads: its inputs, and what its graphs read from outside.
  var readNames: [String] {
    guard attribute.contains(where: \.hasG) else { return input.filter { !$0.isEmpty } }
    return input.filter { !$0.isEmpty } + bodies.flatMap { $0.graph.outerNames }
  }

  /// The node with the names of values exchanged, in its graphs too; names that are not in the table stay.
  func renamed(_ names: [String: String]) -> Onnx_NodeProto {
    var result = self
    result.input = input.map { names[$0] ?? $0 }
    result.output = output.map { names[$0] ?? $0 }
    for index in result.attribute.indices where result.attribute[index].hasG {
      result.attribute[index].g = result.attribute[index].g.renamingOuter(names)
    }
    return result
  }
}

extension Onnx_GraphProto {
  /// The graph with the names of outer values exchanged; what the graph defines itself hides outer names.
  fileprivate func renamingOuter(_ names: [String: String]) -> Onnx_GraphProto {
    var visible = names
    for value in input { visible[value.name] = nil }
    for tensor in initializer { visible[tensor.name] = nil }
    for node in node { for name in node.output { visible[name] = nil } }
    guard !visible.isEmpty else { return self }
    var result = self
    result.node = node.map { $0.renamed(visible) }
    for index in result.output.indices {
      result.output[index].name = visible[output[index].name] ?? output[index].name
    }
    return result
  }
}
