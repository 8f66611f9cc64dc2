public import LayerKernels
import ModelExecution
public import Network
import TensorOperators

/// What an operator's importer sees as its context: it looks up inputs, adds layers and movements to the graph that is being built,
/// and gives the values of its outputs.
public struct GraphImporter {
  /// The graph so far.
  public var graph: Graph
  /// The version of the standard operators.
  public let opset: Int

  /// The values that are known by name.
  var values: [String: ImportedValue] = [:]
  /// The earlier steps' values that the graph reads, in the order of its inputs.
  private(set) var graphInputs: [(slot: Slot, type: ElementType)] = []
  /// How many more elements constants and lists of indices may have that are computed here rather than read from the file.
  private var remainingElements: Int
  private var usedNames: Set<String> = []
  /// The names in the order in which they were used, so that a failed attempt can give its own back.
  private var nameLog: [String] = []
  /// The last number after each name, so that a file of many equal names is not counted through again for each.
  private var lastNumbers: [String: Int] = [:]

  /// What a model of any size may compute while it is read, in elements.
  private static let computedElementLimit = 1 << 22

  init(name: String, opset: Int, constants: [String: TypedTensor]) {
    self.opset = opset
    graph = Graph(name: name)
    values = constants.mapValues { ImportedValue(constant: $0) }
    // Weights may be turned over and handed through several times; what the file does not hold may not.
    remainingElements = constants.values.reduce(Self.computedElementLimit) { $0 + 16 * $1.shape.elementCount }
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

  // MARK: The graph in hand

  /// A point to go back to when an operator turns out to be no layer.
  struct Mark {
    fileprivate let graph: Graph.Mark
    fileprivate let inputCount: Int
    fileprivate let nameCount: Int
    fileprivate let remainingElements: Int
  }

  func mark() -> Mark {
    Mark(
      graph: graph.mark, inputCount: graphInputs.count, nameCount: nameLog.count, remainingElements: remainingElements)
  }

  mutating func goBack(to mark: Mark) {
    graph.removeEverything(after: mark.graph)
    graphInputs.removeLast(graphInputs.count - mark.inputCount)
    for name in nameLog[mark.nameCount...] { usedNames.remove(name) }
    nameLog.removeLast(nameLog.count - mark.nameCount)
    remainingElements = mark.remainingElements
  }

  /// Begins another graph; the values of the one in hand have to be elsewhere by now.
  mutating func beginGraph(name: String) {
    graph = Graph(name: name)
    graphInputs = []
    usedNames = []
    nameLog = []
    lastNumbers = [:]
  }

  /// An earlier step's value as an input of the graph in hand.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  mutating func graphInput(_ slot: Slot, _ type: TensorType, name: String) throws(GraphError) -> ValueID {
    if let position = graphInputs.firstIndex(where: { $0.slot == slot }) { return graph.inputs[position] }
    let value = try graph.addInput(name, shape: type.shape)
    graphInputs.append((slot, type.type))
    return value
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
    try constant(index, of: node)?.asFloats
  }

  /// A node's input that has to be known when the model is read, such as axes or sizes, as whole numbers. Nil when it is left
  /// out.
  ///
  /// - Throws: ``ONNXError/unsupported(node:operatorName:opset:reason:)`` when it is computed at run time.
  public func constantIntegers(_ index: Int, of node: ONNXNode) throws(ONNXError) -> [Int]? {
    try constant(index, of: node)?.integers
  }

  /// As ``constantTensor(_:of:)``, with the elements that it has.
  func constant(_ index: Int, of node: ONNXNode) throws(ONNXError) -> TypedTensor? {
    guard let value = input(index, of: node) else { return nil }
    guard let constant = value.constant else { throw node.unsupported("its input \(index) is not constant") }
    return constant
  }

  /// A value as one of the graph.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  public mutating func activation(_ value: ImportedValue, of node: ONNXNode) throws -> ValueID {
    switch value.place {
    case .graph(let value): return value
    case .constant(let tensor): return try graph.addConstant("\(node.name) constant", tensor.asFloats)
    case .slot(let slot):
      let name = node.inputs.first { values[$0]?.slot == slot }
      return try graphInput(slot, value.tensorType, name: name ?? "\(node.name) input")
    }
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
        name, problem, parameters: parameters, inputs: values, outputName: node.outputs.first { !$0.isEmpty } ?? name),
      in: graph)
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
      return ImportedValue(
        constant: TypedTensor(try evaluate(movement, inputs.compactMap { $0.constant?.asFloats }, requested, for: node))
      )
    }
    let values = try inputs.map { try activation($0, of: node) }
    // The node's own name is left to the layer that does its work, where there is one.
    let name = uniqueName(Self.layerOperators.contains(node.operatorName) ? "\(node.name) movement" : node.name)
    return ImportedValue(
      activation: try graph.addMovement(
        name, movement, inputs: values, outputShape: requested, outputName: node.outputs.first { !$0.isEmpty } ?? name),
      in: graph)
  }

  /// A movement of constants, done at once.
  ///
  /// - Throws: ``ONNXError`` when its result is too large, or ``ProblemError`` when it does not fit.
  private mutating func evaluate(
    _ movement: Movement, _ inputs: [Tensor], _ requested: TensorShape?, for node: ONNXNode
  ) throws -> Tensor {
    if movement != .reshape {
      try reserve(try movement.outputShape(of: inputs.map(\.shape), requested: requested).elementCount, for: node)
    }
    return try movement.evaluated(inputs, requested: requested)
  }

  /// Operators that become a layer with movements around it.
  private static let layerOperators: Set<String> = ["GRU", "Gemm", "LSTM", "MatMul", "RNN", "ReduceMean", "Softmax"]

  /// The node's name, with a number where an operator becomes several nodes or a file repeats itself.
  private mutating func uniqueName(_ name: String) -> String {
    var candidate = name
    var number = lastNumbers[name] ?? 1
    while !usedNames.insert(candidate).inserted {
      number += 1
      candidate = "\(name)#\(number)"
    }
    lastNumbers[name] = number
    nameLog.append(candidate)
    return candidate
  }
}
