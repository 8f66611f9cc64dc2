import LayerKernels

/// Writes a graph: inputs, the constants that are read, nodes with references to what stands before them, outputs.
struct GraphEncoder {
  var writer = ByteWriter()
  var blocks: CompiledFileBlocks
  private var places: [ValueID: Int] = [:]

  init(blocks: CompiledFileBlocks) { self.blocks = blocks }

  /// - Parameter withheld: the names of the nodes whose weights are left out, because their packed weights are there.
  /// - Throws: ``CompiledFileError/notCompilable(model:reason:)``.
  mutating func encode(_ graph: Graph, withheld: Set<String>) throws(CompiledFileError) {
    func refusal(_ node: GraphNode, _ reason: String) -> CompiledFileError {
      .notCompilable(model: graph.name, reason: "node '\(node.name)' \(reason)")
    }
    writer.write(graph.name)
    writer.write(count: graph.inputs.count)
    for input in graph.inputs {
      writer.write(graph[input].name)
      writer.write(counts: graph[input].shape.dimensions)
      places[input] = places.count
    }
    var constants: [(ValueID, Tensor)] = []
    for value in graph.nodes.flatMap(\.inputs) + graph.outputs where places[value] == nil {
      guard let constant = graph[value].constant else { continue }
      places[value] = places.count
      constants.append((value, constant))
    }
    writer.write(count: constants.count)
    for (value, constant) in constants {
      writer.write(graph[value].name)
      writer.write(counts: constant.shape.dimensions)
      writer.write(count: blocks.index(of: constant))
    }
    writer.write(count: graph.nodes.count)
    for node in graph.nodes {
      writer.write(node.name)
      writer.write(graph[node.output].name)
      var inputs: [Int] = []
      for input in node.inputs {
        guard let place = places[input] else { throw refusal(node, "reads what is not written before it") }
        inputs.append(place)
      }
      writer.write(counts: inputs)
      places[node.output] = places.count
      switch node.operation {
      case .movement(let movement): write(movement, to: graph[node.output].shape)
      case .layer(let problem, let parameters):
        guard let constants = LayerConstants(parameters) else {
          throw refusal(node, "has parameters of another package, which a file cannot hold")
        }
        let key = problem.key.description
        guard key.utf8.count <= ProblemKey.maximumLength else { throw refusal(node, "has too long a key") }
        writer.write(0 as UInt8)
        writer.write(key)
        writer.write(constants.kind.rawValue)
        writer.write(withheld.contains(node.name) ? 1 : 0 as UInt8)
        if !withheld.contains(node.name) { writer.write(counts: constants.tensors.map { blocks.index(of: $0) }) }
        writer.write(count: constants.lists.count)
        for list in constants.lists { writer.write(list) }
      }
    }
    var outputs: [Int] = []
    for output in graph.outputs {
      guard let place = places[output] else {
        throw .notCompilable(model: graph.name, reason: "output '\(graph[output].name)' is not written")
      }
      outputs.append(place)
    }
    writer.write(counts: outputs)
  }

  private mutating func write(_ movement: Movement, to shape: TensorShape) {
    switch movement {
    case .reshape:
      writer.write(1 as UInt8)
      writer.write(counts: shape.dimensions)
    case .transpose(let permutation):
      writer.write(2 as UInt8)
      writer.write(counts: permutation)
    case .gather(let axis, let indices):
      writer.write(3 as UInt8)
      writer.write(count: axis)
      writer.write(counts: indices)
    case .concatenate(let axis):
      writer.write(4 as UInt8)
      writer.write(count: axis)
    case .pad(let before, let after, let value):
      writer.write(5 as UInt8)
      writer.write(counts: before)
      writer.write(counts: after)
      writer.write(value)
    case .expand:
      writer.write(6 as UInt8)
      writer.write(counts: shape.dimensions)
    }
  }
}

/// Reads a graph as ``GraphEncoder`` writes it, by the calls that importers make: what does not fit together is refused by them.
struct GraphDecoder {
  private var reader: ByteReader
  private let blocks: MappedBlocks
  private let steps: [CompiledFileStep.Name: CompiledFileStep]
  private let registry: KernelRegistry
  private let withheld: [String: WithheldElements]
  private var places: [ValueID] = []

  /// - Parameter withheld: for each node what is told when somebody asks for weights that the file leaves out.
  init(
    _ bytes: UnsafeRawBufferPointer, blocks: MappedBlocks, steps: [CompiledFileStep.Name: CompiledFileStep],
    registry: KernelRegistry, withheld: [String: WithheldElements]
  ) {
    reader = ByteReader(bytes)
    self.blocks = blocks
    self.steps = steps
    self.registry = registry
    self.withheld = withheld
  }

  /// - Throws: ``FileDamage``, ``ProblemError``, ``GraphError``.
  mutating func decode() throws -> Graph {
    var graph = Graph(name: try reader.text())
    for _ in 0..<(try reader.entries(ofAtLeast: 2)) {
      let name = try reader.text()
      places.append(try graph.addInput(name, shape: reader.shape()))
    }
    for _ in 0..<(try reader.entries(ofAtLeast: 3)) {
      let name = try reader.text()
      let shape = try reader.shape()
      places.append(try graph.addConstant(name, blocks.tensor(reader.count(), shape: shape)))
    }
    for _ in 0..<(try reader.entries(ofAtLeast: 4)) {
      let (name, outputName) = (try reader.text(), try reader.text())
      let inputs = try reader.counts().map(value)
      let kind = try reader.byte()
      guard kind == 0 else {
        let (movement, shape) = try movement(kind)
        guard inputs.count == 1 || kind == 4 && !inputs.isEmpty else {
          throw FileDamage("node '\(name)' moves \(inputs.count) values")
        }
        places.append(
          try graph.addMovement(name, movement, inputs: inputs, outputShape: shape, outputName: outputName))
        continue
      }
      let problem = try registry.problem(for: ProblemKey(parsing: reader.text()))
      let constants = try constants(of: problem, node: name)
      places.append(
        try graph.addLayer(
          name, problem, uncheckedParameters: constants.parameters(for: problem), inputs: inputs,
          outputName: outputName))
    }
    for place in try reader.counts() { graph.addOutput(try value(place)) }
    try reader.end()
    guard !graph.outputs.isEmpty else { throw FileDamage("it has no output") }
    return graph
  }

  private func value(_ place: Int) throws(FileDamage) -> ValueID {
    guard places.indices.contains(place) else { throw FileDamage("there is no value \(place) yet") }
    return places[place]
  }

  private mutating func constants(of problem: any LayerProblem, node: String) throws -> LayerConstants {
    let kind = try reader.byte()
    guard let wanted = try LayerConstants.wanted(by: problem), wanted.kind.rawValue == kind else {
      throw FileDamage("node '\(node)' has constants of kind \(kind)")
    }
    let isWithheld = try reader.flag()
    var tensors: [Tensor] = []
    if isWithheld {
      let step = steps[.init(name: node, operation: type(of: problem).operation)]
      var packed = 0
      for block in step?.blocks ?? [] { packed += try blocks[block].count * MemoryLayout<Float>.stride }
      // Of each weight there is a byte at least, so that nobody who asks for weights all the same gets more than the file has.
      guard wanted.shapes.reduce(0, { $0 + $1.elementCount }) <= packed, let elements = withheld[node] else {
        throw FileDamage("the weights of node '\(node)' are not there")
      }
      tensors = wanted.shapes.map { Tensor(shape: $0, withholding: elements) }
    } else {
      let indices = try reader.counts()
      guard indices.count == wanted.shapes.count else {
        throw FileDamage("node '\(node)' has \(indices.count) tensors of weights instead of \(wanted.shapes.count)")
      }
      for (index, shape) in zip(indices, wanted.shapes) { tensors.append(try blocks.tensor(index, shape: shape)) }
    }
    let count = try reader.entries()
    guard count == wanted.lists else { throw FileDamage("node '\(node)' has \(count) lists of constants") }
    var lists: [[Float]?] = []
    for _ in 0..<count { lists.append(try reader.optionalFloats()) }
    return LayerConstants(kind: wanted.kind, tensors: tensors, lists: lists)
  }

  private mutating func movement(_ kind: UInt8) throws(FileDamage) -> (Movement, TensorShape?) {
    let limit = TensorShape.maximumElementCount
    switch kind {
    case 1: return (.reshape, try reader.shape())
    case 2: return (.transpose(permutation: try reader.counts(upTo: limit)), nil)
    case 3: return (.gather(axis: try reader.count(upTo: limit), indices: try reader.counts(upTo: limit)), nil)
    case 4: return (.concatenate(axis: try reader.count(upTo: limit)), nil)
    case 5:
      let (before, after) = (try reader.counts(upTo: limit), try reader.counts(upTo: limit))
      return (.pad(before: before, after: after, value: try reader.float()), nil)
    case 6: return (.expand, try reader.shape())
    default: throw FileDamage("a node is of kind \(kind)")
    }
  }
}
