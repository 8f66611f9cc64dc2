import LayerKernels

extension GraphPass {
  /// Joins element-wise layers that only each other read to one pass over memory: a batch normalisation and the activation before a
  /// convolution, gates and sums, the cells of a recurrent network that was unrolled.
  ///
  /// Layers of one shape only: a gate's own activation on one number a channel stays apart, where it is computed once.
  public static let fuseElementwiseChains = GraphPass("fuse-elementwise-chains") { graph in
    var rewriter = try GraphRewriter(graph)
    let chains = ChainGrouping(graph, rewriter).chains
    let absorbed = Set(chains.values.flatMap { $0.dropLast() })
    for (index, node) in graph.nodes.enumerated() {
      guard let members = chains[index] else {
        // What a chain computes on its way is emitted with its last node.
        if !absorbed.contains(index) { try rewriter.copy(node) }
        continue
      }
      let (problem, values) = try chain(members, in: graph)
      var inputs: [ValueID] = []
      for value in values { inputs.append(try rewriter.place(value)) }
      try rewriter.emit(
        members.map { graph.nodes[$0].name }.joined(separator: "+"), problem, parameters: NoParameters(),
        inputs: inputs,
        for: node.output)
    }
    return try rewriter.finish()
  }

  /// The problem of some nodes, in the order of the graph, and the values that it reads.
  private static func chain(
    _ members: [Int], in graph: Graph
  ) throws -> (problem: ElementwiseChainProblem, inputs: [ValueID]) {
    var steps: [ElementwiseChainProblem.Step] = []
    var inputs: [ValueID] = []
    var computed: [ValueID: Int] = [:]
    for member in members {
      let node = graph.nodes[member]
      guard let problem = node.elementwise else { continue }
      let operands = node.inputs.map { value -> ElementwiseChainProblem.Operand in
        if let step = computed[value] { return .step(step) }
        if let known = inputs.firstIndex(of: value) { return .input(known) }
        inputs.append(value)
        return .input(inputs.count - 1)
      }
      computed[node.output] = steps.count
      steps.append(ElementwiseChainProblem.Step(problem.function, operands))
    }
    return (try ElementwiseChainProblem(steps, inputs: inputs.map { graph[$0].shape }), inputs)
  }
}

/// Which element-wise nodes go together.
private struct ChainGrouping {
  /// The members of each chain in the order of the graph, under the last one's index.
  private(set) var chains: [Int: [Int]] = [:]

  init(_ graph: Graph, _ rewriter: GraphRewriter) {
    // From the end: a node joins the chain of its readers when all of them are in one, and shapes agree.
    var chainOf: [Int: Int] = [:]
    for index in graph.nodes.indices.reversed() {
      let node = graph.nodes[index]
      guard let problem = node.elementwise else { continue }
      let readers = rewriter.innerReaders(of: node.output)
      let owners = Set(readers.map { chainOf[$0] })
      if !readers.isEmpty, owners.count == 1, case .some(.some(let last)) = owners.first,
        graph.nodes[last].elementwise?.outputShape == problem.outputShape, problem.outputStep == 0,
        let members = chains[last], Self.fits(members + [index], graph)
      {
        chains[last] = [index] + members
        chainOf[index] = last
      } else {
        chains[index] = [index]
        chainOf[index] = index
      }
    }
    chains = chains.filter { $0.value.count > 1 }
  }

  /// Whether a problem can have so many steps and inputs.
  private static func fits(_ members: [Int], _ graph: Graph) -> Bool {
    let outputs = Set(members.map { graph.nodes[$0].output })
    let inputs = Set(members.flatMap { graph.nodes[$0].inputs }).subtracting(outputs)
    return members.count <= ElementwiseChainProblem.maximumStepCount
      && inputs.count <= ElementwiseChainProblem.maximumInputCount
  }
}

extension GraphNode {
  fileprivate var elementwise: ElementwiseProblem? {
    // A root stays apart: the rounding of what comes before it would grow beyond all bounds near zero.
    if case .layer(let problem as ElementwiseProblem, _) = operation, problem.function != .squareRoot {
      problem
    } else {
      nil
    }
  }
}
