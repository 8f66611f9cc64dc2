import LayerKernels
import Network

extension ONNXOperatorRegistry {
  /// Operators whose results are known when the model is read: the arithmetic of shapes.
  mutating func registerConstants() {
    register("Constant") { node, _ in
      if let tensor = try node.tensor("value") { return [ImportedValue(constant: tensor)] }
      if let number = node.integer("value_int") {
        return [ImportedValue(constant: ConstantTensor(shape: .scalar, integers: [number]))]
      }
      if let numbers = node.integers("value_ints") {
        return [ImportedValue(constant: try ConstantTensor(integers: numbers))]
      }
      if let number = node.float("value_float") {
        return [ImportedValue(constant: ConstantTensor(Tensor(shape: .scalar, repeating: number)))]
      }
      if let numbers = node.floats("value_floats") {
        return [
          ImportedValue(
            constant: ConstantTensor(try Tensor(shape: TensorShape([numbers.count]), elements: numbers)))
        ]
      }
      throw node.unsupported("its value is neither a tensor nor numbers")
    }
    register("ConstantOfShape") { node, importer in
      guard let sizes = try importer.constant(0, of: node) else { throw node.error("it has no shape") }
      let shape = try TensorShape(sizes.integers)
      try importer.reserve(shape.elementCount, for: node)
      guard let value = try node.tensor("value") else {
        return [ImportedValue(constant: ConstantTensor(Tensor(shape: shape)))]
      }
      guard value.shape.elementCount == 1 else { throw node.error("its value is no single number") }
      if value.isInteger {
        return [
          ImportedValue(
            constant: ConstantTensor(
              shape: shape, integers: Array(repeating: value.integers[0], count: shape.elementCount)))
        ]
      }
      return [ImportedValue(constant: ConstantTensor(Tensor(shape: shape, repeating: value.floats[0])))]
    }
    register("Shape") { node, importer in
      let sizes = try importer.required(0, of: node).shape.dimensions
      func position(_ attribute: String, _ whole: Int) -> Int {
        guard let position = node.integer(attribute) else { return whole }
        return min(max(position < 0 ? position + sizes.count : position, 0), sizes.count)
      }
      let start = position("start", 0)
      let end = max(position("end", sizes.count), start)
      return [ImportedValue(constant: try ConstantTensor(integers: Array(sizes[start..<end])))]
    }
    register("Size") { node, importer in
      let count = try importer.required(0, of: node).shape.elementCount
      return [ImportedValue(constant: ConstantTensor(shape: .scalar, integers: [count]))]
    }
    register("Identity") { node, importer in [try importer.required(0, of: node)] }
    register("Dropout") { node, importer in
      if let training = try importer.constant(2, of: node), training.integers.contains(where: { $0 != 0 }) {
        throw node.unsupported("it is in training mode")
      }
      return [try importer.required(0, of: node)]
    }
    register("Cast") { node, importer in
      let input = try importer.required(0, of: node)
      guard let type = node.integer("to").flatMap(Onnx_TensorProto.DataType.init(rawValue:)) else {
        throw node.error("it has no known type to cast to")
      }
      let isFloat = [.float, .double, .float16, .bfloat16].contains(type)
      guard let constant = input.constant else {
        guard type == .float else { throw node.unsupported("activations are 32-bit floats and cannot become \(type)") }
        return [input]
      }
      if isFloat { return [ImportedValue(constant: ConstantTensor(constant.tensor))] }
      let values = type == .bool ? constant.floats.map { $0 == 0 ? 0 : 1 } : constant.integers
      return [ImportedValue(constant: ConstantTensor(shape: constant.shape, integers: values))]
    }
    register("Range") { node, importer in
      guard let start = try importer.constant(0, of: node), let bound = try importer.constant(1, of: node),
        let step = try importer.constant(2, of: node), start.isInteger, bound.isInteger, step.isInteger,
        let first = start.integers.first, let end = bound.integers.first, let delta = step.integers.first, delta != 0
      else { throw node.unsupported("only ranges of integers are supported") }
      let limit = TensorShape.maximumElementCount >> 8
      let values = Array(stride(from: first, to: end, by: delta).prefix(limit + 1))
      guard values.count <= limit else { throw node.error("it has more than \(limit) numbers") }
      return [ImportedValue(constant: try ConstantTensor(integers: values))]
    }
    for (name, round) in [("Floor", FloatingPointRoundingRule.down), ("Ceil", .up)] {
      register(name) { node, importer in
        guard let constant = try importer.constant(0, of: node) else { throw node.error("it has no input") }
        if constant.isInteger { return [ImportedValue(constant: constant)] }
        let values = constant.floats.map { $0.rounded(round) }
        return [ImportedValue(constant: ConstantTensor(try Tensor(shape: constant.shape, elements: values)))]
      }
    }
  }
}
