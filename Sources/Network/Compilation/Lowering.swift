import LayerKernels

/// Turns a graph into steps: asks the choosers for each layer's candidate, carries channel movements as lists of planes, and
/// puts conversions where layouts disagree.
struct Lowering {
  let graph: Graph
  let registry: KernelRegistry
  let choosers: [any KernelChooser]
  let threads: Int
  /// How callers lay out the inputs of rank 4.
  let inputLayout: TensorLayout

  private(set) var plan = NetworkPlan()
  /// What the static cost model answered: a network asks the same of many layers, and every kernel lists its candidates for each answer.
  private var heuristics: [HeuristicQuestion: LayerChoice] = [:]
  private var placements: [ValueID: [TensorLayout: NetworkPlan.Placement]] = [:]
  /// The multiples of steps that values are: what bytes stand for.
  private let known: KnownSteps

  init(
    _ graph: Graph, registry: KernelRegistry, choosers: [any KernelChooser], threads: Int,
    inputLayout: TensorLayout
  ) {
    self.graph = graph
    self.registry = registry
    self.choosers = choosers
    self.threads = threads
    self.inputLayout = inputLayout
    known = KnownSteps(graph)
  }

  /// A graph's plan, which alone keeps the graph's weights.
  static func plan(
    _ graph: consuming Graph, registry: KernelRegistry, choosers: [any KernelChooser], threads: Int,
    inputLayout: TensorLayout
  ) throws -> NetworkPlan {
    var lowering = Lowering(
      graph, registry: registry, choosers: choosers, threads: threads, inputLayout: inputLayout)
    return try lowering.lower()
  }

  /// The whole graph's plan.
  private mutating func lower() throws -> NetworkPlan {
    for (index, input) in graph.inputs.enumerated() {
      let shape = graph[input].shape
      let layout = shape.rank == 4 && inputLayout == .channelsLast ? TensorLayout.channelsLast : .rowMajor
      placements[input] = [layout: plan.addStorage(shape, layout, place: .input(index), writtenBy: -1)]
    }
    for node in graph.nodes {
      switch node.operation {
      case .layer(let problem, let parameters): try lower(node, problem, parameters)
      case .movement(let movement): try lower(node, movement)
      }
    }
    try bindOutputs()
    return plan
  }

  // MARK: Layers

  private mutating func lower(_ node: GraphNode, _ problem: any LayerProblem, _ parameters: any Sendable) throws {
    for input in node.inputs { try placeConstant(input) }
    let choice = try choose(node.name, problem, available: node.inputs.map { Set(placements[$0, default: [:]].keys) })
    var inputs: [NetworkPlan.Placement] = []
    for (index, (value, layout)) in zip(node.inputs, choice.candidate.layouts.inputs).enumerated() {
      // A byte means what whoever wrote it meant.
      guard layout != .bytes || known[value] == problem.quantisation(ofInput: index) else {
        throw CompilationError.otherSteps(node: node.name, value: graph[value].name)
      }
      inputs.append(try placement(of: value, as: layout))
    }
    let output = appendStep(
      node.name, choice, parameters, inputs: inputs, output: problem.outputShape, isConversion: false)
    placements[node.output] = [output.layout: output]
  }

  private mutating func choose(
    _ node: String, _ problem: any LayerProblem, available: [Set<TensorLayout>]
  ) throws -> LayerChoice {
    let context = LayerContext(node: node, problem: problem, availableLayouts: available, threads: threads)
    for chooser in choosers {
      if let choice = try chooser.choice(for: context, in: registry) { return choice }
    }
    let question = HeuristicQuestion(problem: AnyHashable(problem), availableLayouts: available)
    if let known = heuristics[question] { return known }
    guard let choice = try HeuristicChooser().choice(for: context, in: registry) else {
      throw KernelError.noKernel(problem: problem.key, reasons: [])
    }
    heuristics[question] = choice
    return choice
  }

  private mutating func appendStep(
    _ name: String, _ choice: LayerChoice, _ parameters: any Sendable, inputs: [NetworkPlan.Placement],
    output shape: TensorShape, isConversion: Bool
  ) -> NetworkPlan.Placement {
    let step = plan.steps.count
    for input in inputs { plan.read(input, by: step) }
    let output = plan.addStorage(shape, choice.candidate.layouts.output, place: .arena, writtenBy: step)
    plan.steps.append(
      NetworkPlan.Step(
        name: name, choice: choice, parameters: parameters, inputs: inputs, output: output, isConversion: isConversion))
    return output
  }

  // MARK: Layouts

  /// A value in the given layout, converted and remembered if it is not there yet.
  private mutating func placement(of value: ValueID, as layout: TensorLayout) throws -> NetworkPlan.Placement {
    try placeConstant(value)
    let present = placements[value, default: [:]]
    if let placement = present[layout] { return placement }
    let shape = graph[value].shape
    // The order of preference is fixed, so that two compilations give the same steps.
    guard
      let source = [TensorLayout.rowMajor, .planeList, .channelsLast, .bytes].lazy.compactMap({ present[$0] }).first
    else {
      throw CompilationError.unwrittenValue(name: graph[value].name)
    }
    let problem = try LayoutConversionProblem(shape: shape, from: source.layout, to: layout, steps: known[value])
    let name = "\(graph[value].name) to \(layout.rawValue)"
    let choice = try choose(name, problem, available: [[source.layout]])
    let output = appendStep(
      name, choice, NoParameters(), inputs: [source], output: shape, isConversion: true)
    placements[value, default: [:]][layout] = output
    return output
  }

  private mutating func placeConstant(_ value: ValueID) throws {
    guard let constant = graph[value].constant, placements[value] == nil else { return }
    placements[value] = [
      .rowMajor: plan.addStorage(constant.shape, .rowMajor, place: .constant(constant), writtenBy: -1)
    ]
  }

  // MARK: Movements

  private mutating func lower(_ node: GraphNode, _ movement: Movement) throws {
    for input in node.inputs { try placeConstant(input) }
    let shapes = node.inputs.map { graph[$0].shape }
    switch movement {
    case .reshape:
      let dense = try placement(of: node.inputs[0], as: .rowMajor)
      placements[node.output] = [.rowMajor: dense]
      return
    case .gather(1, let indices) where shapes[0].rank == 4:
      plan.freeMovements.append(node.name)
      let planes = try placement(of: node.inputs[0], as: .planeList).planes
      let channels = shapes[0][1]
      placements[node.output] = [
        .planeList: NetworkPlan.Placement(
          layout: .planeList,
          planes: (0..<shapes[0][0]).flatMap { picture in indices.map { planes[picture * channels + $0] } })
      ]
      return
    case .concatenate(1) where shapes[0].rank == 4:
      plan.freeMovements.append(node.name)
      var lists: [[NetworkPlan.PlaneReference]] = []
      for input in node.inputs { lists.append(try placement(of: input, as: .planeList).planes) }
      let planes = (0..<shapes[0][0]).flatMap { picture in
        zip(lists, shapes).flatMap { list, shape in list[(picture * shape[1])..<((picture + 1) * shape[1])] }
      }
      placements[node.output] = [.planeList: NetworkPlan.Placement(layout: .planeList, planes: planes)]
      return
    default: break
    }
    let problem = try movement.rearrangement(of: shapes, to: graph[node.output].shape)
    try lower(node, problem, NoParameters())
  }

  // MARK: Outputs

  /// Lets the last steps write into the caller's memory, or copies where that cannot be.
  private mutating func bindOutputs() throws {
    for (index, output) in graph.outputs.enumerated() {
      let dense = try placement(of: output, as: .rowMajor)
      let storage = dense.planes[0].storage
      if case .arena = plan.storages[storage].place {
        plan.storages[storage].place = .output(index)
        continue
      }
      let shape = graph[output].shape
      let copy = try RearrangementProblem(
        inputShapes: [shape], outputShape: shape, fill: nil,
        copies: [
          .init(
            input: 0, inputOffset: 0, outputOffset: 0, sizes: [shape.elementCount], inputStrides: [1],
            outputStrides: [1])
        ])
      let choice = try choose("\(graph[output].name) to output", copy, available: [[.rowMajor]])
      let copied = appendStep(
        "\(graph[output].name) to output", choice, NoParameters(), inputs: [dense], output: shape, isConversion: true)
      plan.storages[copied.planes[0].storage].place = .output(index)
    }
  }
}

/// Why a graph cannot be compiled.
public enum CompilationError: Error, Equatable, CustomStringConvertible {
  /// A value is read that no node, input or constant gives.
  case unwrittenValue(name: String)
  /// A layer takes a value for other multiples of a step than it is.
  case otherSteps(node: String, value: String)
  /// The network's activations need more memory than 32-bit element offsets can address.
  case tooMuchMemory(elements: Int)
  /// A run of the network needs more bytes than it may have.
  case memoryLimit(needed: Int, limit: Int)
  /// Packing a layer's weights may need more bytes than the process's limit on address space leaves.
  case weightsMemory(needed: Int, limit: Int)
  /// The number of threads is outside its range.
  case threads(Int, allowed: ClosedRange<Int>)
  /// Two networks that are to answer the same requests have other inputs or outputs.
  case ports

  /// One line that names the value or the limit.
  public var description: String {
    switch self {
    case .unwrittenValue(let name): "value '\(name)' is read before it is written"
    case .otherSteps(let node, let value):
      "layer '\(node)' takes value '\(value)' for other multiples of a step than it is rounded to"
    case .tooMuchMemory(let elements):
      "the activations need \(elements) elements at once; at most \(Int32.max) can be addressed: use a smaller input or batch"
    case .memoryLimit(let needed, let limit):
      "a run needs \(needed >> 20) MiB, and \(limit >> 20) MiB is the limit here: use a smaller input or batch"
    case .weightsMemory(let needed, let limit):
      "packing a layer's weights may need \(needed >> 20) MiB, and the process's limit on address space (ulimit -v) leaves "
        + "\(limit >> 20) MiB: raise it, or use a smaller network"
    case .ports: "the two networks differ in the shapes of their inputs or outputs"
    case .threads(let threads, let allowed):
      "\(threads) threads were asked for; allowed are \(allowed.lowerBound) to \(allowed.upperBound)"
    }
  }
}

/// All of a layer that the static cost model looks at.
private struct HeuristicQuestion: Hashable {
  let problem: AnyHashable
  let availableLayouts: [Set<TensorLayout>]
}
