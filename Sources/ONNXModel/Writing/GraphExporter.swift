import FoundationEssentials
import LayerKernels
public import Network

extension ONNXModel {
  /// The version of the standard operators that is written.
  public static let writtenOpset = 17

  /// A graph as an ONNX file's bytes: any network of ours opens in other engines with equal outputs.
  ///
  /// - Parameter operators: says what operations of other packages are written as.
  /// - Throws: ``ONNXError`` when the graph holds an operation that ONNX has no operator for.
  public static func encode(
    _ graph: Graph, operators: ONNXOperatorRegistry = .standard
  ) throws(ONNXError) -> [UInt8] {
    var exporter = GraphExporter(graph, operators: operators)
    var model = Onnx_ModelProto()
    model.irVersion = 8
    model.producerName = "luthier"
    model.graph = try exporter.run()
    let versions = exporter.domains.merging(["": writtenOpset]) { $1 }
    model.opsetImport = versions.sorted { $0.key < $1.key }.map { domain, number in
      var version = Onnx_OperatorSetIdProto()
      version.domain = domain
      version.version = Int64(number)
      return version
    }
    try model.alignWeights()
    return try bytes(of: model)
  }

  /// Writes a graph as an ONNX file, which appears as a whole or not at all.
  ///
  /// - Throws: ``ONNXError``.
  public static func write(
    _ graph: Graph, to path: String, operators: ONNXOperatorRegistry = .standard
  ) throws(ONNXError) {
    try replaceFile(path, with: encode(graph, operators: operators))
  }
}

/// Writes a graph's nodes as ONNX operators; an epilogue becomes operators of its own.
struct GraphExporter {
  private let graph: Graph
  private let operators: ONNXOperatorRegistry
  /// The versions of the domains that are used beside the standard one.
  private(set) var domains: [String: Int] = [:]
  private var message = Onnx_GraphProto()
  private var names: [ValueID: String] = [:]
  private var usedNames: Set<String> = []
  /// Nodes and values have name spaces of their own.
  private var usedNodeNames: Set<String> = []

  init(_ graph: Graph, operators: ONNXOperatorRegistry) {
    self.graph = graph
    self.operators = operators
  }

  mutating func run() throws(ONNXError) -> Onnx_GraphProto {
    message.name = graph.name
    // Outputs first: theirs are the names that callers know.
    for value in graph.outputs + graph.inputs { _ = name(of: value) }
    message.input = graph.inputs.map { port($0) }
    for node in graph.nodes {
      for value in node.inputs where graph[value].constant != nil { define(value) }
      switch node.operation {
      case .layer(let problem, let parameters): try export(node, problem, parameters)
      case .movement(let movement): try export(node, movement)
      }
    }
    for value in graph.outputs where graph[value].constant != nil { define(value) }
    message.output = graph.outputs.map { port($0) }
    return message
  }

  // MARK: Names and constants

  mutating func name(of value: ValueID) -> String {
    if let name = names[value] { return name }
    let name = unique(graph[value].name)
    names[value] = name
    return name
  }

  mutating func unique(_ name: String) -> String { Self.unique(name.isEmpty ? "value" : name, in: &usedNames) }

  private static func unique(_ name: String, in used: inout Set<String>) -> String {
    var candidate = name
    var number = 2
    while !used.insert(candidate).inserted {
      candidate = "\(name)_\(number)"
      number += 1
    }
    return candidate
  }

  private mutating func define(_ value: ValueID) {
    let name = name(of: value)
    guard let constant = graph[value].constant, !message.initializer.contains(where: { $0.name == name }) else {
      return
    }
    message.initializer.append(Onnx_TensorProto(constant, name: name))
  }

  mutating func weights(_ tensor: Tensor, _ name: String) -> String { weights(TypedTensor(tensor), name) }

  mutating func weights(_ tensor: TypedTensor, _ name: String) -> String {
    let name = unique(name)
    message.initializer.append(Onnx_TensorProto(tensor, name: name))
    return name
  }

  mutating func weights(_ values: [Float], _ name: String) throws(ONNXError) -> String {
    do {
      return weights(try Tensor(shape: TensorShape([values.count]), elements: values), name)
    } catch { throw .tensor(name: name, reason: "\(error)") }
  }

  mutating func integers(_ values: [Int], _ name: String) -> String {
    let name = unique(name)
    message.initializer.append(Onnx_TensorProto(integers: values, name: name))
    return name
  }

  private mutating func port(_ value: ValueID) -> Onnx_ValueInfoProto {
    var port = Onnx_ValueInfoProto()
    port.name = name(of: value)
    var type = Onnx_TypeProto.Tensor()
    type.elemType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    type.shape.dim = graph[value].shape.dimensions.map { size in
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = Int64(size)
      return dimension
    }
    port.type.tensorType = type
    return port
  }

  // MARK: Nodes

  mutating func add(
    _ operatorName: String, domain: String = "", _ inputs: [String], _ output: String,
    _ attributes: [Onnx_AttributeProto] = [], name: String
  ) {
    add(operatorName, domain: domain, inputs, outputs: [output], attributes, name: name)
  }

  /// The same with any number of outputs; those left out are empty.
  mutating func add(
    _ operatorName: String, domain: String = "", _ inputs: [String], outputs: [String],
    _ attributes: [Onnx_AttributeProto] = [], name: String
  ) {
    var node = Onnx_NodeProto()
    node.opType = operatorName
    node.domain = domain
    node.name = Self.unique(name, in: &usedNodeNames)
    node.input = inputs
    node.output = outputs
    node.attribute = attributes
    message.node.append(node)
  }

  /// Adds operators one after the other; the last writes the node's own output, unless another is given.
  private mutating func addChain(
    _ node: GraphNode, named nodeName: String? = nil,
    _ steps: [(operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])], to target: String? = nil
  ) {
    let nodeName = nodeName ?? node.name
    var current = ""
    // The operator that does the node's work has the node's name, so that a profile of the one fits the other.
    let work = steps.firstIndex { $0.operatorName != "Reshape" } ?? 0
    var outputs: [String] = []
    for (index, step) in steps.enumerated() {
      let output =
        index == steps.count - 1 ? target ?? name(of: node.output) : unique("\(nodeName).\(step.operatorName)")
      let places = step.inputs.map { EarlierOutput.distance($0) }
      let inputs = zip(step.inputs, places).map { input, distance in distance.map { outputs[index - $0] } ?? input }
      let isExplicit = index == 0 || places.contains { $0 != nil }
      add(
        step.operatorName, isExplicit ? inputs : [current] + inputs, output, step.attributes,
        name: index == work ? nodeName : "\(nodeName).\(step.operatorName)")
      outputs.append(output)
      current = output
    }
  }

  private mutating func export(
    _ node: GraphNode, _ problem: any LayerProblem, _ parameters: any Sendable
  ) throws(ONNXError) {
    var inputs: [String] = []
    for value in node.inputs { inputs.append(name(of: value)) }
    var steps: [(operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])] = []
    switch problem {
    case let problem as ConvolutionProblem:
      guard let parameters = parameters as? ConvolutionParameters else { throw mismatch(node) }
      steps = try convolution(problem, parameters, first: inputs[0], residual: inputs.last, node)
    case let problem as PointwiseDepthwiseProblem:
      guard let parameters = parameters as? PointwiseDepthwiseParameters else { throw mismatch(node) }
      steps = try convolution(problem.pointwise, parameters.pointwise, first: inputs[0], residual: nil, node)
      steps += try convolution(problem.depthwise, parameters.depthwise, first: nil, residual: nil, node)
    case let problem as ConvolutionPoolingProblem:
      guard let parameters = parameters as? ConvolutionParameters else { throw mismatch(node) }
      steps = try convolution(problem.first, parameters, first: inputs[0], residual: nil, node)
      steps.append(Self.pooling(problem.second, []))
    case let problem as MatrixMultiplyProblem:
      guard let parameters = parameters as? MatrixMultiplyParameters else { throw mismatch(node) }
      if let matrix = parameters.weights, problem.batch == 1 {
        // The form in which the weights are kept, here and by most trainers: nobody has to turn them round.
        let matrices = [[problem.rows, problem.depth], problem.outputShape.dimensions].map {
          integers($0, "\(node.name).shape")
        }
        var operands = [weights(matrix, "\(node.name).weight")]
        if let bias = parameters.bias { operands.append(try weights(bias, "\(node.name).bias")) }
        steps.append(("Reshape", [inputs[0], matrices[0]], []))
        steps.append(("Gemm", operands, [.integer("transB", 1)]))
        steps.append(("Reshape", [matrices[1]], []))
        steps += epilogueSteps(problem.epilogue, residual: inputs.last, node)
        break
      }
      if let matrix = parameters.weights {
        steps.append(("MatMul", [inputs[0], weights(matrix.transposed(), "\(node.name).weight")], []))
      } else {
        steps.append(("MatMul", [inputs[0], inputs[1]], []))
      }
      if let bias = parameters.bias { steps.append(("Add", [try weights(bias, "\(node.name).bias")], [])) }
      steps += epilogueSteps(problem.epilogue, residual: inputs.last, node)
    case let problem as PoolingProblem: steps.append(Self.pooling(problem, inputs))
    case let problem as ElementwiseProblem: steps = elementwise(problem.function, inputs, node)
    case let problem as ElementwiseChainProblem: return export(node, problem, inputs)
    case let problem as SoftmaxProblem: steps = softmax(problem, inputs, node)
    case let problem as ResizeProblem: steps.append(try resize(problem, inputs, node))
    case let problem as ReductionProblem:
      steps.append(("ReduceMean", inputs, [.integers("axes", problem.axes), .integer("keepdims", 1)]))
    case let problem as RecurrentProblem:
      guard let parameters = parameters as? RecurrentParameters else { throw mismatch(node) }
      return try exportRecurrent(node, problem, parameters, inputs)
    default: return try exportForeign(node, problem, parameters, inputs)
    }
    addChain(node, steps)
  }

  private mutating func elementwise(
    _ function: ElementwiseProblem.Function, _ inputs: [String], _ node: GraphNode
  ) -> [(operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])] {
    switch function {
    case .unary(let activation): return activationSteps(activation, first: inputs[0], node)
    case .squareRoot: return [("Sqrt", inputs, [])]
    case .binary(let function, let activation):
      let after = activation == .identity ? [] : activationSteps(activation, first: nil, node)
      return [(Self.operatorName(of: function), inputs, [])] + after
    }
  }

  /// The operators of a chain, each under a name of its own.
  private mutating func export(_ node: GraphNode, _ problem: ElementwiseChainProblem, _ inputs: [String]) {
    var values: [String] = []
    for (index, step) in problem.steps.enumerated() {
      let isLast = index == problem.steps.count - 1
      let operands = step.operands.map { operand in
        switch operand {
        case .input(let input): inputs[input]
        case .step(let earlier): values[earlier]
        }
      }
      let target = isLast ? name(of: node.output) : unique("\(node.name).\(index)")
      addChain(
        node, named: isLast ? node.name : "\(node.name).\(index)", elementwise(step.function, operands, node),
        to: target)
      values.append(target)
    }
  }

  /// An operation that the registry alone knows.
  private mutating func exportForeign(
    _ node: GraphNode, _ problem: any LayerProblem, _ parameters: any Sendable, _ inputs: [String]
  ) throws(ONNXError) {
    let exported: ONNXOperator?
    do { exported = try operators.exported(problem, parameters) } catch {
      throw .node(name: node.name, operatorName: type(of: problem).operation, reason: "\(error)")
    }
    guard let foreign = exported else {
      throw .unsupported(
        node: node.name, operatorName: type(of: problem).operation, opset: ONNXModel.writtenOpset,
        reason: "ONNX has no operator for it, or nobody has registered how it is exported")
    }
    var operands = inputs
    for (index, constant) in foreign.constants.enumerated() {
      operands.append(weights(constant, "\(node.name).constant\(index)"))
    }
    if !foreign.domain.isEmpty { domains[foreign.domain] = max(foreign.version, domains[foreign.domain] ?? 1) }
    add(
      foreign.name, domain: foreign.domain, operands, name(of: node.output), foreign.messages, name: node.name)
  }

  private func mismatch(_ node: GraphNode) -> ONNXError {
    .node(name: node.name, operatorName: "layer", reason: "its parameters are of another operation")
  }

  typealias Step = (operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])

  /// A convolution and its epilogue; `first` is its input where it begins a chain.
  private mutating func convolution(
    _ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, first: String?, residual: String?,
    _ node: GraphNode
  ) throws(ONNXError) -> [(operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])] {
    var operands = (first.map { [$0] } ?? []) + [weights(parameters.filter, "\(node.name).weight")]
    if let bias = parameters.bias { operands.append(try weights(bias, "\(node.name).bias")) }
    let attributes = Self.attributes(of: problem.window) + [.integer("group", problem.groups)]
    return [("Conv", operands, attributes)] + epilogueSteps(problem.epilogue, residual: residual, node)
  }

  private mutating func epilogueSteps(
    _ epilogue: Epilogue, residual: String?, _ node: GraphNode
  ) -> [(operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])] {
    var steps: [Step] = []
    if epilogue.hasResidual, let residual { steps.append(("Add", [residual], [])) }
    if epilogue.activation != .identity { steps += activationSteps(epilogue.activation, first: nil, node) }
    return steps
  }

  private mutating func softmax(
    _ problem: SoftmaxProblem, _ inputs: [String], _ node: GraphNode
  ) -> [(operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])] {
    if problem.axisCount == 1 { return [("Softmax", inputs, [.integer("axis", problem.axis)])] }
    // Several axes together: flattened into one and back.
    let extents = problem.extents
    let flat = integers([extents.outer, extents.length, extents.inner], "\(node.name).flat")
    let whole = integers(problem.outputShape.dimensions, "\(node.name).shape")
    return [
      ("Reshape", [inputs[0], flat], []), ("Softmax", [], [.integer("axis", 1)]), ("Reshape", [whole], []),
    ]
  }

  private mutating func resize(
    _ problem: ResizeProblem, _ inputs: [String], _ node: GraphNode
  ) throws(ONNXError) -> (operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto]) {
    let (input, output, scale) = (problem.inputShape, problem.outputShape, problem.scale)
    let isRatio =
      scale.height == Float(output[2]) / Float(input[2]) && scale.width == Float(output[3]) / Float(input[3])
    let modes: [ResizeProblem.Interpolation: String] = [
      .nearestPreferFloor: "round_prefer_floor", .nearestPreferCeiling: "round_prefer_ceil", .floor: "floor",
      .ceiling: "ceil",
    ]
    var transforms: [ResizeProblem.CoordinateTransform: String] = [
      .halfPixel: "half_pixel", .pyTorchHalfPixel: "pytorch_half_pixel", .alignCorners: "align_corners",
      .asymmetric: "asymmetric",
    ]
    // Nothing is lost where the scale is the ratio of the sizes, and the name is younger than the opset.
    if isRatio { transforms[.halfPixelSymmetric] = "half_pixel" }
    guard let transform = transforms[problem.coordinates] else {
      throw .unsupported(
        node: node.name, operatorName: "Resize", opset: ONNXModel.writtenOpset,
        reason: "the opset has no coordinates '\(problem.coordinates.rawValue)'")
    }
    var attributes: [Onnx_AttributeProto] = [
      .text("coordinate_transformation_mode", transform),
      .text("mode", problem.interpolation == .linear ? "linear" : "nearest"),
    ]
    if let mode = modes[problem.interpolation] { attributes.append(.text("nearest_mode", mode)) }
    // Sizes where they say all: 7 · (31 / 7) is less than 31 in 32 bits, and a reader rounds down.
    if isRatio {
      return ("Resize", [inputs[0], "", "", integers(output.dimensions, "\(node.name).sizes")], attributes)
    }
    let scales = try weights([1, 1, scale.height, scale.width], "\(node.name).scales")
    return ("Resize", [inputs[0], "", scales], attributes)
  }

  private mutating func export(_ node: GraphNode, _ movement: Movement) throws(ONNXError) {
    var inputs: [String] = []
    for value in node.inputs { inputs.append(name(of: value)) }
    let sizes = graph[node.output].shape.dimensions
    switch movement {
    case .reshape: addChain(node, [("Reshape", inputs + [integers(sizes, "\(node.name).shape")], [])])
    case .transpose(let permutation): addChain(node, [("Transpose", inputs, [.integers("perm", permutation)])])
    case .concatenate(let axis): addChain(node, [("Concat", inputs, [.integer("axis", axis)])])
    case .expand: addChain(node, [("Expand", inputs + [integers(sizes, "\(node.name).shape")], [])])
    case .pad(let before, let after, let value):
      let pads = integers(before + after, "\(node.name).pads")
      let number = weights(Tensor(shape: .scalar, repeating: value), "\(node.name).value")
      addChain(node, [("Pad", inputs + [pads, number], [])])
    case .gather(let axis, let indices): exportGather(node, inputs[0], axis: axis, indices: indices)
    }
  }

  /// A run of neighbours is a Slice, a channel shuffle is Reshape, Transpose, Reshape, as other engines know them; anything
  /// else is a Gather.
  private mutating func exportGather(_ node: GraphNode, _ input: String, axis: Int, indices: [Int]) {
    let shape = graph[node.inputs[0]].shape
    if let first = indices.first, indices.elementsEqual(first..<(first + indices.count)) {
      let bounds = [[first], [first + indices.count], [axis]].enumerated().map {
        integers($1, "\(node.name).slice\($0)")
      }
      addChain(node, [("Slice", [input] + bounds, [])])
      return
    }
    if axis == 1, shape.rank == 4, indices.count == shape[1], let groups = Self.shuffleGroups(indices) {
      let split = integers([shape[0], groups, shape[1] / groups, shape[2], shape[3]], "\(node.name).split")
      let joined = integers(shape.dimensions, "\(node.name).shape")
      addChain(
        node,
        [
          ("Reshape", [input, split], []), ("Transpose", [], [.integers("perm", [0, 2, 1, 3, 4])]),
          ("Reshape", [joined], []),
        ])
      return
    }
    addChain(node, [("Gather", [input, integers(indices, "\(node.name).indices")], [.integer("axis", axis)])])
  }

  /// The number of groups if the indices are a channel shuffle.
  private static func shuffleGroups(_ indices: [Int]) -> Int? {
    let count = indices.count
    return (2..<max(count, 2)).first { groups in
      count % groups == 0
        && indices.indices.allSatisfy { indices[$0] == ($0 % groups) * (count / groups) + $0 / groups }
    }
  }
}
