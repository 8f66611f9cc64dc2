import LayerKernels

extension ONNXOperatorRegistry {
  /// Operators that hand their operand through.
  mutating func registerIdentities() {
    register("Identity") { node, importer in [try importer.required(0, of: node)] }
    register("Dropout") { node, importer in
      if let training = try importer.constant(2, of: node), training.truths.contains(true) {
        throw node.unsupported("it is in training mode")
      }
      return [try importer.required(0, of: node)]
    }
    register("Cast") { node, importer in
      let input = try importer.required(0, of: node)
      guard let type = node.integer("to").flatMap({ ElementType(number: Int32(clamping: $0)) }), type.isFloat else {
        throw node.unsupported("a layer's result is always a float")
      }
      let value = try importer.activation(input, of: node)
      return [ImportedValue(activation: value, in: importer.graph).declared(type)]
    }
  }
}
