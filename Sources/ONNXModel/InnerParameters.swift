import LayerKernels

/// Weights that are no initializers of the model's graph: some exporters write each as a node.
extension Onnx_GraphProto {
  /// The floats of constant nodes, and those of the graphs that nodes hold.
  func innerFloatCount(depth: Int) -> Int {
    guard depth < ScopedNode.maximumDepth else { return 0 }
    var count = 0
    for node in node {
      if node.opType == "Constant" {
        for value in node.attribute where value.hasT { count = count.addingSaturated(value.t.floatCount) }
      }
      for (_, graph) in node.bodies {
        for tensor in graph.initializer { count = count.addingSaturated(tensor.floatCount) }
        count = count.addingSaturated(graph.innerFloatCount(depth: depth + 1))
      }
    }
    return count
  }
}

extension Onnx_TensorProto {
  /// How many floats the file says that there are.
  fileprivate var floatCount: Int {
    guard let type = ElementType(number: dataType), type.isFloat else { return 0 }
    return dims.reduce(1) { count, size in
      let (product, overflows) = count.multipliedReportingOverflow(by: Int(max(size, 0)))
      return overflows ? .max : product
    }
  }
}

extension Int {
  /// A sum that ends at the largest number: what a file says of itself may be anything.
  func addingSaturated(_ other: Int) -> Int {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}
