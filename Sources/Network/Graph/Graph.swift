public import LayerKernels

/// A network as a directed acyclic graph of layers and movements over values of known shape.
///
/// Nodes are kept in an order in which every value is written before it is read, so a graph that exists has no cycle.
/// Every node has one output. A layer is a problem with its parameters; a movement moves elements without arithmetic and
/// often costs nothing, because the compiled network carries it as data.
public struct Graph: Sendable {
  /// The network's name, for tables and profiles.
  public var name: String

  /// The nodes, each after those whose outputs it reads.
  public private(set) var nodes: [GraphNode] = []

  /// The values, in the order in which they were added; ``ValueID`` indexes them.
  public private(set) var values: [GraphValue] = []

  /// The values that a caller provides.
  public private(set) var inputs: [ValueID] = []

  /// The values that a caller receives.
  public private(set) var outputs: [ValueID] = []

  /// The most nodes or values a graph may have.
  public static let maximumCount = 1_000_000

  /// An empty graph.
  public init(name: String) { self.name = name }

  private var nodeNames: Set<String> = []

  /// What is known of a value.
  public subscript(_ value: ValueID) -> GraphValue { values[value.index] }
}

/// The name of a value within one graph.
public struct ValueID: Hashable, Sendable, Comparable {
  let index: Int

  init(index: Int) { self.index = index }

  /// The order in which the values were added.
  public static func < (left: ValueID, right: ValueID) -> Bool { left.index < right.index }
}

/// An activation or a constant.
public struct GraphValue: Sendable {
  /// The name that files and messages use.
  public var name: String
  /// The sizes, `[N, C, H, W]` for activations.
  public let shape: TensorShape
  /// The elements, if they never change.
  public let constant: Tensor?
}

/// A step of a network.
public struct GraphNode: Sendable {
  /// The name that files, tables and messages use; unique within its graph.
  public let name: String
  /// What the node does.
  public let operation: GraphOperation
  /// The values that it reads, in the problem's order of inputs.
  public let inputs: [ValueID]
  /// The value that it writes.
  public let output: ValueID
}

/// What a node does.
public enum GraphOperation: Sendable {
  /// Arithmetic, for a kernel to solve. The parameters are of the problem's `Parameters` type.
  case layer(any LayerProblem, parameters: any Sendable)
  /// Elements moved without arithmetic.
  case movement(Movement)
}

/// Elements moved without arithmetic. Shapes are those of the node's values.
public enum Movement: Hashable, Sendable {
  /// The same row-major elements under the output's shape.
  case reshape
  /// Output axis `i` is input axis `permutation[i]`.
  case transpose(permutation: [Int])
  /// Position `i` along `axis` of the output is position `indices[i]` of the input: slices, splits and shuffles are this.
  case gather(axis: Int, indices: [Int])
  /// The inputs one after the other along `axis`.
  case concatenate(axis: Int)
  /// The input with `before` and `after` positions of `value` around each axis.
  case pad(before: [Int], after: [Int], value: Float)
  /// The input repeated along axes where its size is one, aligned at the last axis.
  case expand
}

extension Graph {
  /// Adds a value that callers provide.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  public mutating func addInput(_ name: String, shape: TensorShape) throws(GraphError) -> ValueID {
    let value = try add(GraphValue(name: name, shape: shape, constant: nil))
    inputs.append(value)
    return value
  }

  /// Adds a value that never changes.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  public mutating func addConstant(_ name: String, _ tensor: Tensor) throws(GraphError) -> ValueID {
    try add(GraphValue(name: name, shape: tensor.shape, constant: tensor))
  }

  /// Adds a layer; its inputs must have the shapes that the problem names.
  ///
  /// - Throws: ``GraphError/inputShapes(node:expected:found:)`` when they have not.
  @discardableResult
  public mutating func addLayer<Problem: LayerProblem>(
    _ name: String, _ problem: Problem, parameters: Problem.Parameters, inputs: [ValueID], outputName: String? = nil
  ) throws(GraphError) -> ValueID {
    try addLayer(name, problem, uncheckedParameters: parameters, inputs: inputs, outputName: outputName)
  }

  /// Adds a layer without parameters.
  ///
  /// - Throws: ``GraphError/inputShapes(node:expected:found:)`` when the inputs have not the problem's shapes,
  ///   ``GraphError/duplicateName(node:)`` when there is a node of that name.
  @discardableResult
  public mutating func addLayer<Problem: LayerProblem>(
    _ name: String, _ problem: Problem, inputs: [ValueID], outputName: String? = nil
  ) throws(GraphError) -> ValueID where Problem.Parameters == NoParameters {
    try addLayer(name, problem, uncheckedParameters: NoParameters(), inputs: inputs, outputName: outputName)
  }

  /// Adds a layer whose parameters' type is not known here; preparing its kernel checks it.
  ///
  /// - Throws: ``GraphError/inputShapes(node:expected:found:)`` when the inputs have not the problem's shapes,
  ///   ``GraphError/duplicateName(node:)`` when there is a node of that name.
  public mutating func addLayer(
    _ name: String, _ problem: any LayerProblem, uncheckedParameters parameters: any Sendable, inputs: [ValueID],
    outputName: String? = nil
  ) throws(GraphError) -> ValueID {
    let found = inputs.map { self[$0].shape }
    guard found == problem.inputShapes else {
      throw .inputShapes(node: name, expected: problem.inputShapes, found: found)
    }
    return try add(
      name, .layer(problem, parameters: parameters), inputs, shape: problem.outputShape, outputName: outputName)
  }

  /// Adds a movement. `outputShape` is needed for ``Movement/reshape`` and ``Movement/expand`` only.
  ///
  /// - Throws: ``GraphError/movement(node:reason:)`` when the movement does not fit its inputs,
  ///   ``GraphError/duplicateName(node:)`` when there is a node of that name.
  @discardableResult
  public mutating func addMovement(
    _ name: String, _ movement: Movement, inputs: [ValueID], outputShape: TensorShape? = nil, outputName: String? = nil
  ) throws(GraphError) -> ValueID {
    let shape: TensorShape
    do {
      shape = try movement.outputShape(of: inputs.map { self[$0].shape }, requested: outputShape)
    } catch { throw .movement(node: name, reason: error.description) }
    return try add(name, .movement(movement), inputs, shape: shape, outputName: outputName)
  }

  /// Makes a value one that callers receive.
  public mutating func addOutput(_ value: ValueID) { outputs.append(value) }

  /// Renames a value: outputs carry the names of the file they came from.
  public mutating func rename(_ value: ValueID, to name: String) { values[value.index].name = name }

  /// Takes away what was added last, so that the given counts are left.
  mutating func remove(nodes nodeCount: Int, values valueCount: Int, inputs inputCount: Int, outputs outputCount: Int) {
    nodes.removeLast(max(nodes.count - nodeCount, 0))
    values.removeLast(max(values.count - valueCount, 0))
    inputs.removeLast(max(inputs.count - inputCount, 0))
    outputs.removeLast(max(outputs.count - outputCount, 0))
  }

  private mutating func add(_ value: GraphValue) throws(GraphError) -> ValueID {
    guard values.count < Self.maximumCount else { throw .tooLarge(limit: Self.maximumCount) }
    values.append(value)
    return ValueID(index: values.count - 1)
  }

  private mutating func add(
    _ name: String, _ operation: GraphOperation, _ inputs: [ValueID], shape: TensorShape, outputName: String?
  ) throws(GraphError) -> ValueID {
    guard !nodeNames.contains(name) else { throw .duplicateName(node: name) }
    let output = try add(GraphValue(name: outputName ?? name, shape: shape, constant: nil))
    nodeNames.insert(name)
    nodes.append(GraphNode(name: name, operation: operation, inputs: inputs, output: output))
    return output
  }
}

/// Why a graph cannot be built as asked.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  /// A layer's inputs have other shapes than its problem.
  case inputShapes(node: String, expected: [TensorShape], found: [TensorShape])
  /// A movement does not fit its inputs.
  case movement(node: String, reason: String)
  /// A node of that name is there already; profiles and choosers know nodes by their names.
  case duplicateName(node: String)
  /// There are too many nodes or values.
  case tooLarge(limit: Int)

  /// One line that names the node and the reason.
  public var description: String {
    switch self {
    case .inputShapes(let node, let expected, let found):
      "node '\(node)' needs inputs of shape \(expected.map(\.description).joined(separator: ", ")), "
        + "not \(found.map(\.description).joined(separator: ", "))"
    case .movement(let node, let reason): "node '\(node)': \(reason)"
    case .duplicateName(let node): "there is a node '\(node)' already: give each node a name of its own"
    case .tooLarge(let limit): "the graph has more than \(limit) values"
    }
  }
}
