import LayerKernels
import Network
import TensorOperators

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
    registerExponentialUnits()
    registerActivation("Clip") { node, importer in
      // Attributes until opset 10, inputs since; either bound may be left out.
      func bound(_ attribute: String, _ index: Int) throws -> Float? {
        if node.opset < 11 { return node.float(attribute) }
        guard let constant = try importer.constant(index, of: node) else { return nil }
        guard constant.shape.elementCount == 1 else { throw node.error("its \(attribute) is no single number") }
        return constant.floatElements[0]
      }
      let lower = try bound("min", 1) ?? -.infinity
      let upper = try bound("max", 2) ?? .infinity
      switch (lower, upper) {
      case (0, .infinity): return .relu
      case (0, 6): return .relu6
      default: return .clip(lower: lower, upper: upper)
      }
    }
    register("Sqrt") { node, importer in
      let input = try importer.required(0, of: node)
      return [try importer.add(ElementwiseProblem(squareRootOf: input.shape), [input], for: node)]
    }
    register("Reciprocal") { node, importer in
      let input = try importer.required(0, of: node)
      let one = ImportedValue(Tensor(shape: .scalar, repeating: 1))
      return [try importer.add(ElementwiseProblem(.divide, .scalar, input.shape), [one, input], for: node)]
    }
    registerBinary("Add", .add)
    registerBinary("Sub", .subtract)
    registerBinary("Mul", .multiply)
    registerBinary("Div", .divide)
    for (name, function) in [
      ("Sum", ElementwiseProblem.Binary.add), ("Max", .maximum), ("Min", .minimum), ("Mean", .add),
    ] {
      registerChain(name, function)
    }

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

  private mutating func registerExponentialUnits() {
    registerActivation("Elu") { node, _ in .elu(alpha: node.float("alpha") ?? 1) }
    registerActivation("Celu") { node, _ in
      let alpha = node.float("alpha") ?? 1
      guard alpha > 0 else {
        throw node.unsupported("no layer computes it with an alpha of \(alpha), which is not positive")
      }
      return .celu(alpha: alpha)
    }
    registerActivation("Selu") { node, _ in
      .selu(
        alpha: node.float("alpha") ?? (node.opset < 6 ? 1.6732 : 1.673_263_2),
        gamma: node.float("gamma") ?? (node.opset < 6 ? 1.0507 : 1.050_701))
    }
    registerActivation("Softplus") { _, _ in .softplus }
    registerActivation("Softsign") { _, _ in .softsign }
    registerActivation("Mish") { _, _ in .mish }
    registerActivation("Erf") { _, _ in .erf }
    registerActivation("Swish") { node, _ in
      let alpha = node.float("alpha") ?? 1
      return alpha == 1 ? .swish : .scaledSwish(alpha: alpha)
    }
    registerActivation("Gelu") { node, _ in
      switch node.text("approximate") ?? "none" {
      case "none": return .gelu
      case "tanh": return .geluTanh
      case let other: throw node.error("approximate '\(other)' is neither none nor tanh")
      }
    }
    registerActivation("Gelu", domain: "com.microsoft") { _, _ in .gelu }
    registerActivation("QuickGelu", domain: "com.microsoft") { node, _ in
      .scaledSwish(alpha: node.float("alpha") ?? 1.702)
    }
    register("Pow") { node, importer in
      let base = try importer.required(0, of: node)
      guard let exponent = try importer.constant(1, of: node), exponent.shape.elementCount == 1,
        exponent.shape.rank <= base.shape.rank, [2, 3].contains(exponent.floatElements[0])
      else { throw node.unsupported("layers raise to the second and third power only") }
      var power = base
      for _ in 1..<Int(exponent.floatElements[0]) {
        power = try importer.add(ElementwiseProblem(.multiply, base.shape, base.shape), [base, power], for: node)
      }
      return [power]
    }
  }

  private mutating func registerActivation(
    _ name: String, domain: String = "", _ function: @escaping @Sendable (ONNXNode, GraphImporter) throws -> Activation
  ) {
    register(name, domain: domain) { node, importer in
      let input = try importer.required(0, of: node)
      return [
        try importer.add(
          ElementwiseProblem(function(node, importer), shape: input.shape), [input], for: node)
      ]
    }
  }

  /// A function of any number of operands, two at a time; a mean is their sum by their number.
  private mutating func registerChain(_ name: String, _ function: ElementwiseProblem.Binary) {
    register(name) { node, importer in
      var value = try importer.required(0, of: node)
      for index in node.inputs.indices.dropFirst() {
        let next = try importer.required(index, of: node)
        value = try importer.add(ElementwiseProblem(function, value.shape, next.shape), [value, next], for: node)
      }
      if name == "Mean", node.inputs.count > 1 {
        let share = ImportedValue(Tensor(shape: .scalar, repeating: 1 / Float(node.inputs.count)))
        value = try importer.add(ElementwiseProblem(.multiply, value.shape, .scalar), [value, share], for: node)
      }
      return [value]
    }
  }

  private mutating func registerBinary(_ name: String, _ function: ElementwiseProblem.Binary) {
    register(name) { node, importer in
      let left = try importer.required(0, of: node)
      var right = try importer.required(1, of: node)
      if let aligned = try LegacyBroadcast.alignedShape(
        left.shape, right.shape, opset: node.opset, node.operatorAttributes())
      {
        right = try importer.move(.reshape, [right], to: aligned.dimensions, for: node)
      }
      return [
        try importer.add(ElementwiseProblem(function, left.shape, right.shape), [left, right], for: node)
      ]
    }
  }
}
