import Luthier
import Testing

@Suite("Element-wise layers that only each other read become one")
struct ElementwiseChainTests {
  /// A graph of one input `x` and one constant a channel, which the body extends.
  func graph(_ body: (inout Graph, ValueID, ValueID) throws -> [ValueID]) throws -> Graph {
    var graph = Graph(name: "chain")
    let x = try graph.addInput("x", shape: TensorShape([1, 6, 9, 7]))
    let scale = try graph.addConstant(
      "scale", Tensor(shape: TensorShape([6, 1, 1]), elements: [1, -2, 0.5, 3, -1, 0.25]))
    for output in try body(&graph, x, scale) { graph.addOutput(output) }
    return graph
  }

  func add(
    _ graph: inout Graph, _ name: String, _ function: ElementwiseProblem.Binary, _ left: ValueID, _ right: ValueID
  ) throws -> ValueID {
    try graph.addLayer(
      name, ElementwiseProblem(function, graph[left].shape, graph[right].shape), inputs: [left, right])
  }

  func add(_ graph: inout Graph, _ name: String, _ function: Activation, _ value: ValueID) throws -> ValueID {
    try graph.addLayer(name, ElementwiseProblem(function, shape: graph[value].shape), inputs: [value])
  }

  /// What is left after the passes, and that it gives what the graph gave.
  func steps(_ graph: Graph) throws -> [Int] {
    let registry = KernelRegistry.standardForTests
    var random = RandomSource(seed: 3)
    let inputs = graph.inputs.map { random.tensor(shape: graph[$0].shape) }
    let plain = CompilationOptions(choosers: [FamilyChooser(family: "reference")], passes: [])
    let expected = try CompiledNetwork(graph, registry: registry, options: plain).run(inputs)
    for threads in [1, 2] {
      let found = try CompiledNetwork(graph, registry: registry, options: CompilationOptions(threads: threads)).run(
        inputs)
      for (found, expected) in zip(found, expected) { #expect(found.relativeDifference(from: expected) < 1e-6) }
    }
    return try graph.applying(GraphPass.standard).nodes.map { node in
      guard case .layer(let problem, _) = node.operation else { return 0 }
      return (problem as? ElementwiseChainProblem)?.steps.count ?? 1
    }
  }

  @Test("A scale, a shift and an activation are one layer")
  func normalization() throws {
    let graph = try graph { graph, x, scale in
      let scaled = try add(&graph, "scaled", .multiply, x, scale)
      let shifted = try add(&graph, "shifted", .subtract, scale, scaled)
      return [try add(&graph, "active", .hardSwish, add(&graph, "doubled", .add, shifted, shifted))]
    }
    // The activation goes into the addition before, as it always has.
    #expect(try steps(graph) == [3])
  }

  @Test(
    "A value that two members read is computed once; one that callers or another layer read stays a layer of its own")
  func sharedValues() throws {
    let diamond = try graph { graph, x, scale in
      let scaled = try add(&graph, "scaled", .multiply, x, scale)
      let left = try add(&graph, "left", .softplus, scaled)
      return [try add(&graph, "product", .multiply, left, scaled)]
    }
    #expect(try steps(diamond) == [3])
    let output = try graph { graph, x, scale in
      let scaled = try add(&graph, "scaled", .multiply, x, scale)
      return [scaled, try add(&graph, "sum", .add, scaled, x)]
    }
    #expect(try steps(output) == [1, 1])
    let pooled = try graph { graph, x, scale in
      let scaled = try add(&graph, "scaled", .multiply, x, scale)
      let mean = try graph.addLayer(
        "mean", PoolingProblem(global: .average, channels: 6, input: .init(height: 9, width: 7)), inputs: [scaled])
      return [try add(&graph, "gated", .multiply, scaled, mean)]
    }
    #expect(try steps(pooled) == [1, 1, 1])
  }

  @Test("A gate's activation, on one number a channel, is not computed again for every element")
  func gates() throws {
    let graph = try graph { graph, x, scale in
      let gate = try add(&graph, "gate", .sigmoid, scale)
      let gated = try add(&graph, "gated", .multiply, x, gate)
      return [try add(&graph, "sum", .add, gated, x)]
    }
    #expect(try steps(graph) == [1, 2])
  }

  @Test("No chain has more steps than a problem may have; what is left over is a chain of its own")
  func length() throws {
    let graph = try graph { graph, x, scale in
      var value = x
      for index in 0..<40 { value = try add(&graph, "step\(index)", index % 2 == 0 ? .maximum : .add, value, scale) }
      return [value]
    }
    let found = try steps(graph)
    #expect(found.reduce(0, +) == 40)
    #expect(found.allSatisfy { $0 <= ElementwiseChainProblem.maximumStepCount })
    #expect(found.count == 3)
  }

  @Test("A chain's key is read back; keys of chains that cannot be are refused")
  func keys() throws {
    for item in try ElementwiseChainProblem.representatives() {
      #expect(try ElementwiseChainProblem(key: item.problem.key).key == item.problem.key)
    }
    let key =
      "elementwise-chain inputs=1x2,2,scalar steps=multiply:i0:i1:clip:-1.0:1.0,unary:s0:swish,subtract:i2:s1:identity"
    let problem = try ElementwiseChainProblem(key: ProblemKey(parsing: key))
    #expect(problem.key.description == key)
    #expect(problem.steps.count == 3)
    for steps in [
      "", "add:i0:i1", "add:i0:i1:identity:", "add:i0:i9:identity", "add:i0:s0:identity", "unary:i0:i1:relu",
      "add:i0:i-1:relu",
      "unary:i0:relu", "add:i0:i1:relu,unary:i0:relu,unary:s1:relu", "unary:i0:relu,add:i1:i1:relu,unary:s1:relu",
    ] {
      let key = try ProblemKey(parsing: "elementwise-chain inputs=1x2,2 steps=\(steps)")
      #expect(throws: ProblemError.self, "\(steps)") { try ElementwiseChainProblem(key: key) }
    }
  }
}
