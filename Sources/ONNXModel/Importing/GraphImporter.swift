public import LayerKernels
public import Network

/// Builds a graph from a model, node by node: constants are folded as they come, the rest becomes layers and movements.
///
/// An operator's importer sees this as its context: it looks up inputs, adds layers and movements, and defines outputs.
public struct GraphImporter {
  /// The graph so far.
  public var graph: Graph
  /// The version of the standard operators.
  public let opset: Int

  let model: ONNXModel
  let operators: ONNXOperatorRegistry
  private var values: [String: ImportedValue] = [:]
  /// How many more elements constants and lists of indices may have that are computed here rather than read from the file.
  private var remainingElements: Int

  /// What a model of any size may compute while it is read, in elements.
  private static let computedElementLimit = 1 << 22

  init(_ model: ONNXModel, operators: ONNXOperatorRegistry) {
    self.model = model
    self.operators = operators
    opset = model.opset
    graph = Graph(name: model.name)
    values = model.constants.mapValues { ImportedValue(constant: $0) }
    // Weights may be turned over and handed through several times; what the file does not hold may not.
    remainingElements = model.constants.values.reduce(Self.computedElementLimit) { $0 + 16 * $1.shape.elementCount }
  }

  /// Notes that a node makes constants or indices of so many elements, before it makes them.
  ///
  /// A file of a few hundred bytes can ask for constants of any size, and for many of them.
  ///
  /// - Throws: ``ONNXError/node(name:operatorName:reason:)`` when the model has asked for too many.
  mutating func reserve(_ count: Int, for node: ONNXNode) throws(ONNXError) {
    guard count <= remainingElements else {
      throw node.error(
        "it computes constants or indices of \(count) elements, but a model of this size may have \(remainingElements)"
          + " more: fold its constants and store them in the file")
    }
    remainingElements -= max(count, 0)
  }

  mutating func define(_ name: String, constant: ConstantTensor) { values[name] = ImportedValue(constant: constant) }

  mutating func addInput(_ name: String, sizes: [Int]) throws(ONNXError) {
    do {
      values[name] = ImportedValue(activation: try graph.addInput(name, shape: TensorShape(sizes)), in: graph)
    } catch { throw .graph(reason: "input '\(name)': \(error)") }
  }

  /// The whole graph.
  mutating func run() throws(ONNXError) -> Graph {
    for node in try sorted(model.graph.node) { try importNode(node) }
    for output in model.graph.output {
      guard let value = values[output.name] else {
        throw .graph(reason: "output '\(output.name)' is written by no node")
      }
      do {
        graph.addOutput(try value.asOutput(named: output.name, in: &graph))
      } catch { throw .graph(reason: "output '\(output.name)': \(error)") }
    }
    return graph
  }

  private mutating func importNode(_ message: Onnx_NodeProto) throws(ONNXError) {
    let node = ONNXNode(message, opset: opset)
    guard let importer = operators.importer(domain: message.domain, operatorName: message.opType) else {
      let domain = message.domain.isEmpty ? "" : " of domain '\(message.domain)'"
      throw node.unsupported("nobody imports the operator\(domain)")
    }
    let outputs: [ImportedValue]
    do {
      outputs = try importer(node, &self)
    } catch let error as ONNXError {
      throw error
    } catch {
      // Sizes that do not fit together show in the problem's, the graph's or the shape's own words.
      throw .node(name: node.name, operatorName: node.operatorName, reason: "\(error)")
    }
    try reserve(outputs.reduce(0) { $0 + ($1.constant?.shape.elementCount ?? 0) }, for: node)
    for (name, value) in zip(message.output, outputs) where !name.isEmpty {
      guard values[name] == nil else { throw .graph(reason: "value '\(name)' is written twice") }
      values[name] = value
    }
    if let missing = message.output.dropFirst(outputs.count).first(where: { !$0.isEmpty }) {
      throw node.unsupported("its output '\(missing)' is not computed")
    }
  }

  /// The nodes in an order in which every value is written before it is read.
  private func sorted(_ nodes: [Onnx_NodeProto]) throws(ONNXError) -> [Onnx_NodeProto] {
    guard nodes.count <= Graph.maximumCount else {
      throw .graph(reason: "it has more than \(Graph.maximumCount) nodes")
    }
    var writer: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.output where !output.isEmpty {
        guard writer.updateValue(index, forKey: output) == nil else {
          throw .graph(reason: "value '\(output)' is written twice")
        }
      }
    }
    var waiting = [Int](repeating: 0, count: nodes.count)
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.input where !input.isEmpty {
        if let source = writer[input] {
          waiting[index] += 1
          readers[source].append(index)
        } else if values[input] == nil {
          throw .graph(reason: "node '\(node.name)' (\(node.opType)) reads '\(input)', which nobody writes")
        }
      }
    }
    // Those ready first in the file's order, so that a file in order stays in order.
    var ready = nodes.indices.filter { waiting[$0] == 0 }
    var order: [Int] = []
    var next = 0
    while next < ready.count {
      let index = ready[next]
      next += 1
      order.append(index)
      for reader in readers[index] {
        waiting[reader] -= 1
        if waiting[reader] == 0 { ready.append(reader) }
      }
    }
    guard order.count == nodes.count else {
      let stuck = nodes.indices.first { waiting[$0] > 0 } ?? 0
      throw .graph(reason: "node '\(nodes[stuck].name)' (\(nodes[stuck].opType)) is part of a cycle")
    }
    return order.map { nodes[$0] }
  }

  // MARK: What operators' importers use

  /// A node's input; nil when it is left out.
  public func input(_ index: Int, of node: ONNXNode) -> ImportedValue? {
    guard node.inputs.indices.contains(index), !node.inputs[index].isEmpty else { return nil }
    return values[node.inputs[index]]
  }

  /// A node's input that has to be there.
  ///
  /// - Throws: ``ONNXError/node(name:operatorName:reason:)``.
  public func required(_ index: Int, of node: ONNXNode) throws(ONNXError) -> ImportedValue {
    guard let value = input(index, of: node) else { throw node.error("input \(index) is missing") }
    return value
  }

  /// A node's input that has to be known when the model is read, such as weights; integers become floats. Nil when it is left
  /// out.
  ///
  /// - Throws: ``ONNXError/unsupported(node:operatorName:opset:reason:)`` when it is computed at run time.
  public func constantTensor(_ index: Int, of node: ONNXNode) throws(ONNXError) -> Tensor? {
    try constant(index, of: node)?.tensor
  }

  /// A node's input that has to be known when the model is read, such as axes or sizes, as whole numbers. Nil when it is left
  /// out.
  ///
  /// - Throws: ``ONNXError/unsupported(node:operatorName:opset:reason:)`` when it is computed at run time.
  public func constantIntegers(_ index: Int, of node: ONNXNode) throws(ONNXError) -> [Int]? {
    try constant(index, of: node)?.integers
  }

  /// As ``constantTensor(_:of:)``, integers as they are.
  func constant(_ index: Int, of node: ONNXNode) throws(ONNXError) -> ConstantTensor? {
    guard let value = input(index, of: node) else { return nil }
    guard let constant = value.constant else { throw node.unsupported("its input \(index) is not constant") }
    return constant
  }

  /// A value as one of the graph.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  public mutating func activation(_ value: ImportedValue, of node: ONNXNode) throws -> ValueID {
    if let activation = value.activation { return activation }
    return try graph.addConstant("\(node.name) constant", value.constant?.tensor ?? Tensor(shape: value.shape))
  }

  /// Adds a layer without parameters.
  ///
  /// - Throws: ``GraphError``.
  public mutating func add<Problem: LayerProblem>(
    _ problem: Problem, _ inputs: [ImportedValue], for node: ONNXNode
  ) throws -> ImportedValue where Problem.Parameters == NoParameters {
    try add(problem, parameters: NoParameters(), inputs, for: node)
  }

  /// Adds a layer.
  ///
  /// - Throws: ``GraphError``.
  public mutating func add<Problem: LayerProblem>(
    _ problem: Problem, parameters: Problem.Parameters, _ inputs: [ImportedValue], for node: ONNXNode
  ) throws -> ImportedValue {
    let values = try inputs.map { try activation($0, of: node) }
    let name = uniqueName(node.name)
    return ImportedValue(
      activation: try graph.addLayer(
        name, problem, parameters: parameters, inputs: values, outputName: node.outputs.first ?? name), in: graph)
  }

  /// Moves a value's elements: at once if it is constant, else as a node of the graph.
  ///
  /// - Parameter shape: the output's sizes; needed for ``Movement/reshape`` and ``Movement/expand`` only.
  /// - Throws: ``GraphError`` or ``ProblemError`` when the movement does not fit.
  public mutating func move(
    _ movement: Movement, _ inputs: [ImportedValue], to shape: [Int]? = nil, for node: ONNXNode
  ) throws -> ImportedValue {
    let requested = try shape.map { try TensorShape($0) }
    if !inputs.contains(where: { $0.constant == nil }) {
      return ImportedValue(constant: try evaluate(movement, inputs.compactMap(\.constant), requested, for: node))
    }
    let values = try inputs.map { try activation($0, of: node) }
    // The node's own name is left to the layer that does its work, where there is one.
    let name = uniqueName(Self.layerOperators.contains(node.operatorName) ? "\(node.name) movement" : node.name)
    return ImportedValue(
      activation: try graph.addMovement(
        name, movement, inputs: values, outputShape: requested, outputName: node.outputs.first ?? name), in: graph)
  }

  /// A movement of constants, done at once.
  ///
  /// - Throws: ``ONNXError`` when its result is too large, or ``ProblemError`` when it does not fit.
  mutating func evaluate(
    _ movement: Movement, _ inputs: [ConstantTensor], _ requested: TensorShape?, for node: ONNXNode
  ) throws -> ConstantTensor {
    if movement != .reshape {
      try reserve(try movement.outputShape(of: inputs.map(\.shape), requested: requested).elementCount, for: node)
    }
    return try movement.evaluated(inputs, requested: requested)
  }

  /// Operators that become a layer with movements around it.
  private static let layerOperators: Set<String> = ["Gemm", "MatMul", "ReduceMean", "Softmax"]

  private var usedNames: Set<String> = []
  /// The last number behind each name, so that a file of many equal names is not counted through again for each.
  private var lastNumbers: [String: Int] = [:]

  /// The node's name, with a number where an operator becomes several nodes or a file repeats itself.
  private mutating func uniqueName(_ name: String) -> String {
    var candidate = name
    var number = lastNumbers[name] ?? 1
    while !usedNames.insert(candidate).inserted {
      number += 1
      candidate = "\(name)#\(number)"
    }
    lastNumbers[name] = number
    return candidate
  }
}

/// A value of a model while it is imported.
public struct ImportedValue {
  /// The sizes.
  public let shape: TensorShape
  /// The value in the graph; nil while it is only a constant.
  public let activation: ValueID?
  let constant: ConstantTensor?

  init(constant: ConstantTensor) {
    self.constant = constant
    activation = nil
    shape = constant.shape
  }

  /// A constant that the importer has computed.
  public init(_ constant: Tensor) { self.init(constant: ConstantTensor(constant)) }

  /// A value of the graph.
  public init(activation: ValueID, in graph: Graph) {
    self.activation = activation
    constant = nil
    shape = graph[activation].shape
  }

  func asOutput(named name: String, in graph: inout Graph) throws -> ValueID {
    guard let activation else {
      return try graph.addConstant(name, constant?.tensor ?? Tensor(shape: shape))
    }
    // An input that is handed through, or a value that is an output already, keeps its name.
    if !graph.inputs.contains(activation), !graph.outputs.contains(activation) { graph.rename(activation, to: name) }
    return activation
  }
}
