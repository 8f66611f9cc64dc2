import LayerKernels
import Network
import TensorOperators

extension ONNXOperatorRegistry {
  mutating func registerNormalizations() {
    register("LayerNormalization") { node, importer in
      [try Self.layerNormalization(importer.required(0, of: node), .variance, scale: 1, bias: 2, 1e-5, node, &importer)]
    }
    register("RMSNormalization") { node, importer in
      let input = try importer.required(0, of: node)
      return [try Self.layerNormalization(input, .meanSquare, scale: 1, bias: nil, 1e-5, node, &importer)]
    }
    for domain in ["", "com.microsoft"] {
      register("SimplifiedLayerNormalization", domain: domain) { node, importer in
        let input = try importer.required(0, of: node)
        return [try Self.layerNormalization(input, .meanSquare, scale: 1, bias: nil, 1e-5, node, &importer)]
      }
    }
    for (name, statistic, bias) in [
      ("SkipLayerNormalization", NormalizationProblem.Statistic.variance, 4),
      ("SkipSimplifiedLayerNormalization", .meanSquare, 3),
    ] {
      register(name, domain: "com.microsoft") { node, importer in
        var sum = try importer.required(0, of: node)
        let shape = sum.shape
        for index in [1, bias] {
          guard let addend = importer.input(index, of: node) else { continue }
          let problem = try ElementwiseProblem(.add, shape, addend.shape)
          guard problem.outputShape == shape else { throw node.error("\(addend.shape) cannot be added to \(shape)") }
          sum = try importer.add(problem, [sum, addend], for: node)
        }
        let result = try Self.layerNormalization(
          sum, statistic, scale: 2, bias: statistic == .variance ? 3 : nil, 1e-12, node, &importer)
        guard node.outputs.count > 3, !node.outputs[3].isEmpty else { return [result] }
        guard node.outputs[1].isEmpty, node.outputs[2].isEmpty else {
          throw node.unsupported("its mean and deviation are not computed")
        }
        return [result, result, result, sum]
      }
    }
    register("InstanceNormalization") { node, importer in
      let input = try importer.required(0, of: node)
      guard input.shape.rank >= 2 else { throw node.error("its input is \(input.shape), without channels") }
      return [try Self.groupNormalization(input, groups: input.shape[1], node, &importer)]
    }
    register("GroupNormalization") { node, importer in
      guard let groups = node.integer("num_groups") else { throw node.error("attribute 'num_groups' is missing") }
      return [try Self.groupNormalization(importer.required(0, of: node), groups: groups, node, &importer)]
    }
    register("LpNormalization") { node, importer in
      let input = try importer.required(0, of: node)
      let axis = try node.axis(node.integer("axis") ?? -1, rank: input.shape.rank)
      guard node.integer("p") ?? 2 == 2, axis == input.shape.rank - 1 else {
        throw node.unsupported("a layer divides by the length (p = 2) of the last axis only")
      }
      return [
        try importer.add(
          NormalizationProblem(
            shape: input.shape, over: .lastAxes(from: axis), statistic: .length, affine: .none, epsilon: 0),
          parameters: NormalizationParameters(uncheckedScale: nil, bias: nil), [input], for: node)
      ]
    }

    registerExport(of: NormalizationProblem.self) { try NormalizationExport.exported($0, $1) }
  }

  /// A normalization over an axis and all after it; scale and bias that are no constants become layers of their own.
  private static func layerNormalization(
    _ input: ImportedValue, _ statistic: NormalizationProblem.Statistic, scale: Int, bias: Int?, _ epsilon: Float,
    _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let axis = try node.axis(node.integer("axis") ?? -1, rank: input.shape.rank)
    let line = try TensorShape(Array(input.shape.dimensions[axis...]))
    let factor = try importer.required(scale, of: node)
    let shift = bias.flatMap { importer.input($0, of: node) }
    for operand in [factor, shift].compactMap({ $0 }) {
      guard try ElementwiseProblem.broadcast(input.shape, operand.shape) == input.shape else {
        throw node.error("\(operand.shape) does not fit the lines of \(input.shape)")
      }
    }
    let numbers = try numbers(factor, line), shifts = try shift.flatMap { try self.numbers($0, line) }
    return try add(
      input, .lastAxes(from: axis), statistic, scale: (factor, numbers), bias: shift.map { ($0, shifts) },
      epsilon: node.float("epsilon") ?? epsilon, node, &importer)
  }

  private static func groupNormalization(
    _ input: ImportedValue, groups: Int, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    guard input.shape.rank >= 2, groups > 0, input.shape[1] % groups == 0 else {
      throw node.error("the channels of \(input.shape) cannot be divided into \(groups) groups")
    }
    let channels = input.shape[1]
    func operand(_ index: Int) throws -> (ImportedValue, [Float]?) {
      let value = try importer.required(index, of: node)
      let count = value.shape.elementCount
      // Before opset 21 there is one a group, which only a model with channels of their own tells apart.
      let repeats =
        count == groups && groups != channels && node.operatorName == "GroupNormalization" && node.opset < 21
      guard repeats || count == channels else {
        throw node.error("\(value.shape) are not \(channels) numbers, one for each channel")
      }
      if let constant = value.constant {
        let numbers = constant.asFloats.elements
        return (value, repeats ? numbers.flatMap { Array(repeating: $0, count: channels / groups) } : numbers)
      }
      guard !repeats else { throw node.unsupported("its numbers for each group are no constants") }
      let shape = [channels] + Array(repeating: 1, count: input.shape.rank - 2)
      return (try importer.move(.reshape, [value], to: shape, for: node), nil)
    }
    let scale = try operand(1), bias = try operand(2)
    return try add(
      input, .channelGroups(groups), .variance, scale: scale, bias: bias, epsilon: node.float("epsilon") ?? 1e-5,
      node, &importer)
  }

  /// A constant as one number for each element of a line; nil where it is no constant or differs from line to line.
  private static func numbers(_ value: ImportedValue, _ line: TensorShape) throws -> [Float]? {
    guard let constant = value.constant else { return nil }
    let own = Array(constant.shape.dimensions.drop { $0 == 1 })
    guard own.count <= line.rank else { return nil }
    return try constant.asFloats.reshaped(to: TensorShape(own)).expanded(to: line)
  }

  private static func add(
    _ input: ImportedValue, _ lines: NormalizationProblem.Lines, _ statistic: NormalizationProblem.Statistic,
    scale: (value: ImportedValue, numbers: [Float]?), bias: (value: ImportedValue, numbers: [Float]?)?, epsilon: Float,
    _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    // A bias comes last, so one that is no parameter's only follows a scale that is one.
    let hasScale = scale.numbers != nil
    let hasBias = hasScale && bias?.numbers != nil
    let problem = try NormalizationProblem(
      shape: input.shape, over: lines, statistic: statistic,
      affine: hasBias ? .scaleAndBias : hasScale ? .scale : .none, epsilon: epsilon)
    var result = try importer.add(
      problem,
      parameters: NormalizationParameters(
        scale: scale.numbers, bias: hasBias ? bias?.numbers : nil, for: problem), [input], for: node)
    func follow(_ function: ElementwiseProblem.Binary, _ operand: ImportedValue) throws {
      var operand = operand
      if case .channelGroups = lines, operand.shape.rank < 2, operand.shape.elementCount > 1 {
        operand = try importer.move(
          .reshape, [operand], to: [operand.shape.elementCount] + Array(repeating: 1, count: input.shape.rank - 2),
          for: node)
      }
      result = try importer.add(
        ElementwiseProblem(function, input.shape, operand.shape), [result, operand], for: node)
    }
    if !hasScale { try follow(.multiply, scale.value) }
    if let bias, !hasBias { try follow(.add, bias.value) }
    return result
  }
}

extension Tensor {
  /// The elements broadcast to a shape.
  ///
  /// - Throws: `OperatorError` when they cannot be.
  fileprivate func expanded(to shape: TensorShape) throws -> [Float] {
    try Movement.expand.evaluated([self], requested: shape).elements
  }
}

/// How normalizations are written.
enum NormalizationExport {
  static func exported(
    _ problem: NormalizationProblem, _ parameters: NormalizationParameters
  ) throws -> ONNXOperator {
    let count = problem.affineCount
    let scale = parameters.scale ?? [Float](repeating: 1, count: count)
    let bias = parameters.bias ?? [Float](repeating: 0, count: count)
    func constants(_ shape: [Int], _ numbers: [Float]...) throws -> [Tensor] {
      try numbers.map { try Tensor(shape: TensorShape(shape), elements: $0) }
    }
    switch (problem.lines, problem.statistic) {
    case (.lastAxes(let axis), .variance):
      let line = Array(problem.outputShape.dimensions[axis...])
      return ONNXOperator(
        "LayerNormalization", attributes: ["axis": .integer(axis), "epsilon": .float(problem.epsilon)],
        constants: try constants(line, scale, bias))
    case (.lastAxes(let axis), .meanSquare) where problem.affine != .scaleAndBias:
      // The standard's own name is younger than the opset; this one other engines know, too.
      let line = Array(problem.outputShape.dimensions[axis...])
      return ONNXOperator(
        "SimplifiedLayerNormalization", domain: "com.microsoft",
        attributes: ["axis": .integer(axis), "epsilon": .float(problem.epsilon)], constants: try constants(line, scale))
    case (.lastAxes(let axis), .length)
    where problem.affine == .none && problem.epsilon == 0 && axis == problem.outputShape.rank - 1:
      return ONNXOperator("LpNormalization", attributes: ["axis": .integer(axis), "p": .integer(2)])
    case (.channelGroups(let groups), .variance) where groups == problem.outputShape[1]:
      return ONNXOperator(
        "InstanceNormalization", attributes: ["epsilon": .float(problem.epsilon)],
        constants: try constants([count], scale, bias))
    default:
      throw ONNXError.unsupported(
        node: "", operatorName: "normalization", opset: ONNXModel.writtenOpset,
        reason: "the opset has no operator for '\(problem.key)'")
    }
  }
}
