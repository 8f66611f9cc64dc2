import LayerKernels

/// Builds a rewritten graph node by node while it remembers where each value of the source went.
struct GraphRewriter {
  let source: Graph
  private(set) var result: Graph
  private var places: [ValueID: ValueID] = [:]

  /// The nodes of the source that read each value.
  let readers: [ValueID: [Int]]
  /// The node of the source that writes each value.
  let writers: [ValueID: Int]
  private let outputs: Set<ValueID>
  /// The names of the source's nodes and those that were made up.
  private var names: Set<String>

  init(_ source: Graph) throws(GraphError) {
    self.source = source
    result = Graph(name: source.name)
    var readers: [ValueID: [Int]] = [:]
    var writers: [ValueID: Int] = [:]
    for (index, node) in source.nodes.enumerated() {
      for value in node.inputs { readers[value, default: []].append(index) }
      writers[node.output] = index
    }
    self.readers = readers
    self.writers = writers
    outputs = Set(source.outputs)
    names = Set(source.nodes.map(\.name))
    for input in source.inputs {
      places[input] = try result.addInput(source[input].name, shape: source[input].shape)
    }
  }

  /// The node that alone reads a value, if callers do not receive the value.
  func onlyReader(of value: ValueID) -> Int? {
    guard !outputs.contains(value), let nodes = readers[value], nodes.count == 1 else { return nil }
    return nodes[0]
  }

  /// The nodes that read a value, none if callers receive it.
  func innerReaders(of value: ValueID) -> [Int] { outputs.contains(value) ? [] : readers[value, default: []] }

  /// Where a value of the source is in the result; constants are copied when they are first asked for.
  mutating func place(_ value: ValueID) throws(GraphError) -> ValueID {
    if let place = places[value] { return place }
    guard let constant = source[value].constant else {
      throw .movement(node: source[value].name, reason: "the value is read before it is written")
    }
    let place = try result.addConstant(source[value].name, constant)
    places[value] = place
    return place
  }

  /// Says that a value of the source is now another value of the result.
  mutating func replace(_ value: ValueID, by place: ValueID) { places[value] = place }

  /// Copies a node as it is.
  mutating func copy(_ node: GraphNode) throws(GraphError) {
    var inputs: [ValueID] = []
    for value in node.inputs { inputs.append(try place(value)) }
    let name = source[node.output].name
    switch node.operation {
    case .layer(let problem, let parameters):
      places[node.output] = try result.addLayer(
        node.name, problem, uncheckedParameters: parameters, inputs: inputs, outputName: name)
    case .movement(let movement):
      places[node.output] = try result.addMovement(
        node.name, movement, inputs: inputs, outputShape: source[node.output].shape, outputName: name)
    }
  }

  /// Adds a layer to the result whose output stands for a value of the source.
  mutating func emit(
    _ name: String, _ problem: any LayerProblem, parameters: any Sendable, inputs: [ValueID], for value: ValueID
  ) throws(GraphError) {
    places[value] = try result.addLayer(
      name, problem, uncheckedParameters: parameters, inputs: inputs, outputName: source[value].name)
  }

  /// Adds a movement to the result whose output stands for a value of the source.
  mutating func emit(
    _ name: String, _ movement: Movement, inputs: [ValueID], for value: ValueID
  ) throws(GraphError) {
    places[value] = try result.addMovement(
      name, movement, inputs: inputs, outputShape: source[value].shape, outputName: source[value].name)
  }

  /// A name that no node has, the given one with a number where need be.
  mutating func freeName(_ name: String) -> String {
    var (candidate, number) = (name, 1)
    while !names.insert(candidate).inserted {
      number += 1
      candidate = "\(name)#\(number)"
    }
    return candidate
  }

  /// Adds a layer to the result that stands for no value of the source; its output is called as the layer where no name is given.
  mutating func add(
    _ name: String, _ problem: some LayerProblem, parameters: any Sendable = NoParameters(), inputs: [ValueID],
    outputName: String? = nil
  ) throws(GraphError) -> ValueID {
    try result.addLayer(name, problem, uncheckedParameters: parameters, inputs: inputs, outputName: outputName ?? name)
  }

  /// Adds a movement to the result that stands for no value of the source.
  mutating func add(
    _ name: String, _ movement: Movement, inputs: [ValueID], shape: TensorShape
  ) throws(GraphError) -> ValueID {
    try result.addMovement(name, movement, inputs: inputs, outputShape: shape, outputName: name)
  }

  /// Adds a constant to the result.
  mutating func addConstant(_ name: String, _ constant: Tensor) throws(GraphError) -> ValueID {
    try result.addConstant(name, constant)
  }

  /// The finished graph.
  mutating func finish() throws(GraphError) -> Graph {
    for output in source.outputs { result.addOutput(try place(output)) }
    return result
  }
}
