import LayerKernels

/// Nodes that stand for one node: a function's, a branch's.
struct Inlining {
  /// The nodes under names of their own, then one that hands each result on.
  let nodes: [Onnx_NodeProto]
  /// The constants that belong to them, by their new names.
  let constants: [(name: String, tensor: Onnx_TensorProto)]

  /// Nodes that have names of their own already.
  init(nodes: [Onnx_NodeProto], constants: [(name: String, tensor: Onnx_TensorProto)]) {
    self.nodes = nodes
    self.constants = constants
  }

  /// The body of a function that the model defines, in place of a node that calls it.
  ///
  /// - Parameter prefix: what makes the names inside different from all others.
  init(_ function: Onnx_FunctionProto, calledBy node: Onnx_NodeProto, prefix: String) {
    var names: [String: String] = [:]
    for inner in function.node {
      for output in inner.output where !output.isEmpty { names[output] = prefix + output }
    }
    for (index, formal) in function.input.enumerated() {
      names[formal] = node.input.indices.contains(index) ? node.input[index] : ""
    }
    // Outputs carry the names that the caller gives; those that nobody reads keep one of their own.
    for (formal, actual) in zip(function.output, node.output) where !actual.isEmpty {
      if !function.input.contains(formal) { names[formal] = actual }
    }
    var given: [String: Onnx_AttributeProto] = [:]
    for attribute in function.attributeProto { given[attribute.name] = attribute }
    for attribute in node.attribute { given[attribute.name] = attribute }
    var nodes = function.node.map { inner in
      var copy = inner.replacingReferences(given).renamed(names)
      copy.name = prefix + inner.name
      return copy
    }
    for (formal, actual) in zip(function.output, node.output) where function.input.contains(formal) {
      nodes.append(.identity(from: names[formal] ?? formal, to: actual))
    }
    self.nodes = nodes
    constants = []
  }

  /// The branch of a node whose condition is known.
  init(_ branch: Onnx_GraphProto, of node: Onnx_NodeProto, prefix: String) {
    var names: [String: String] = [:]
    for inner in branch.node {
      for output in inner.output where !output.isEmpty { names[output] = prefix + output }
    }
    for tensor in branch.initializer { names[tensor.name] = prefix + tensor.name }
    nodes =
      branch.node.map { inner in
        var copy = inner.renamed(names)
        copy.name = prefix + inner.name
        return copy
      }
      + zip(branch.output, node.output).compactMap { inner, outer in
        outer.isEmpty ? nil : .identity(from: names[inner.name] ?? inner.name, to: outer)
      }
    constants = branch.initializer.map { (prefix + $0.name, $0) }
  }
}

extension Onnx_NodeProto {
  fileprivate static func identity(from source: String, to target: String) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    node.opType = "Identity"
    node.input = [source]
    node.output = [target]
    return node
  }

  /// The node with its references to a function's attributes replaced by what the caller gives; left out where it gives none.
  fileprivate func replacingReferences(_ given: [String: Onnx_AttributeProto]) -> Onnx_NodeProto {
    var result = self
    result.attribute = attribute.compactMap { attribute in
      if !attribute.refAttrName.isEmpty {
        guard var value = given[attribute.refAttrName] else { return nil }
        value.name = attribute.name
        return value
      }
      guard attribute.hasG else { return attribute }
      var copy = attribute
      copy.g.node = attribute.g.node.map { $0.replacingReferences(given) }
      return copy
    }
    return result
  }
}
