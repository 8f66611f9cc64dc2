extension Graph {
  /// How far a graph has come, so that what was added later can be taken away again.
  package struct Mark: Sendable {
    fileprivate let nodes: Int
    fileprivate let values: Int
    fileprivate let inputs: Int
    fileprivate let outputs: Int
  }

  /// How far the graph has come.
  package var mark: Mark {
    Mark(nodes: nodes.count, values: values.count, inputs: inputs.count, outputs: outputs.count)
  }

  /// Takes away everything that was added after a mark of this graph.
  package mutating func removeEverything(after mark: Mark) {
    remove(nodes: mark.nodes, values: mark.values, inputs: mark.inputs, outputs: mark.outputs)
  }
}
