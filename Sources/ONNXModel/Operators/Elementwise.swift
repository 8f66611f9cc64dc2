import LayerKernels
import Network

extension ONNXOperatorRegistry {
  mutating func registerElementwise() {
    registerActivation("Relu") { _, _ in .relu }
    registerActivation("LeakyRelu") { node, _ in .leakyRelu(slope: node.float("alpha") ?? 0.01) }
    registerActivation("HardSwish") { _, _ in .hardSwish }
    registerActivation("HardSigmoid") { node, _ in
      .hardSigmoid(alpha: node.float("alpha") ?? 0.2, beta: node.float("beta") ?? 0.5)
    }
    registerActivation("Sigmoid") { _, _ in .sigmoid }
    registerActivation("Tanh") { _, _ in .tanh }
    registerActivation("Clip") { node, importer in
      // Attributes until opset 10, inputs since; either bound may be left out.
      func bound(_ attribute: String, _ index: Int) throws -> Float? {
        if node.opset < 11 { return node.float(attribute) }
        guard let constant = try importer.constant(index, of: node) else { return nil }
        guard constant.shape.elementCount == 1 else { throw node.error("its \(attribute) is no single number") }
        return constant.floats[0]
      }
      let lower = try bound("min", 1) ?? -.infinity
      let upper = try bound("max", 2) ?? .infinity
      switch (lower, upper) {
      case (0, .infinity): return .relu
      case (0, 6): return .relu6
      default: return .clip(lower: lower, upper: upper)
      }
    }
    registerBinary("Add", .add) { $0.addingReportingOverflow($1) }
    registerBinary("Sub", .subtract) { $0.subtractingReportingOverflow($1) }
    registerBinary("Mul", .multiply) { $0.multipliedReportingOverflow(by: $1) }
    registerBinary("Div", .divide) { $0.dividedReportingOverflow(by: $1) }

    register("Softmax") { node, importer in
      let input = try importer.required(0, of: node)
      let rank = input.shape.rank
      let axis = try node.axis(node.integer("axis") ?? (node.opset < 13 ? 1 : -1), rank: rank)
      return [
        try importer.add(
          SoftmaxProblem(shape: input.shape, axis: axis, axisCount: node.opset < 13 ? rank - axis : 1), [input],
          for: node)
      ]
    }
  }

  private mutating func registerActivation(
    _ name: String, _ function: @escaping @Sendable (ONNXNode, GraphImporter) throws -> Activation
  ) {
    register(name) { node, importer in
      let input = try importer.required(0, of: node)
      let activation = try function(node, importer)
      if let constant = input.constant {
        let values = constant.floats.map { Float(activation(Double($0))) }
        return [ImportedValue(constant: ConstantTensor(try Tensor(shape: constant.shape, elements: values)))]
      }
      return [try importer.add(ElementwiseProblem(activation, shape: input.shape), [input], for: node)]
    }
  }

  private mutating func registerBinary(
    _ name: String, _ function: ElementwiseProblem.Binary,
    integers: @escaping @Sendable (Int, Int) -> (partialValue: Int, overflow: Bool)
  ) {
    register(name) { node, importer in
      let left = try importer.required(0, of: node)
      let right = try importer.required(1, of: node)
      let problem = try ElementwiseProblem(function, left.shape, right.shape)
      guard let a = left.constant, let b = right.constant else {
        return [try importer.add(problem, [left, right], for: node)]
      }
      let whole = try importer.evaluate(.expand, [a], problem.outputShape, for: node)
      let other = try importer.evaluate(.expand, [b], problem.outputShape, for: node)
      if a.isInteger, b.isInteger {
        let values = try zip(whole.integers, other.integers).map { a, b in
          let (value, overflow) = integers(a, b)
          guard !overflow else { throw node.error("\(a) and \(b) have no \(name) that an integer can hold") }
          return value
        }
        return [ImportedValue(constant: ConstantTensor(shape: problem.outputShape, integers: values))]
      }
      let values = zip(whole.floats, other.floats).map { Float(function(Double($0), Double($1))) }
      return [ImportedValue(constant: ConstantTensor(try Tensor(shape: problem.outputShape, elements: values)))]
    }
  }
}
