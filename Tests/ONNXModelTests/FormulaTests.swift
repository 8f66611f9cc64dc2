import Luthier
import Testing

/// What exporters write in several nodes, and layers do in one.
@Suite("Formulas of older opsets")
struct FormulaTests {
  private typealias Node = WrittenModel.Node

  /// How a normalization is spelt.
  enum Spelling: String, CaseIterable, Sendable {
    case power, product, twiceSubtracted, reciprocal, withoutMean, withoutConstants, scaleOnly, biasFirst
  }

  /// The nodes of a normalization of `x` over the axes, to `y`.
  private func model(_ spelling: Spelling, shape: [Int], axes: [Int]) throws -> WrittenModel {
    let mean = WrittenModel.Attribute.integers(axes)
    let line = shape.indices.dropFirst(axes[0]).map { axes.contains($0) ? shape[$0] : 1 }
    let hasMean = spelling != .withoutMean
    let centred = hasMean ? "d" : "x"
    var nodes: [Node] = []
    if hasMean {
      nodes = [
        Node(operatorName: "ReduceMean", inputs: ["x"], outputs: ["m"], attributes: ["axes": mean]),
        Node(operatorName: "Sub", inputs: ["x", "m"], outputs: ["d"]),
      ]
    }
    var other = centred
    if spelling == .twiceSubtracted {
      nodes.append(Node(operatorName: "Sub", inputs: ["x", "m"], outputs: ["d2"]))
      other = "d2"
    }
    nodes += [
      spelling == .product || spelling == .twiceSubtracted
        ? Node(operatorName: "Mul", inputs: [other, other], outputs: ["p"])
        : Node(operatorName: "Pow", inputs: [other, "two"], outputs: ["p"]),
      Node(operatorName: "ReduceMean", inputs: ["p"], outputs: ["v"], attributes: ["axes": mean]),
      Node(operatorName: "Add", inputs: spelling == .biasFirst ? ["eps", "v"] : ["v", "eps"], outputs: ["e"]),
      Node(operatorName: "Sqrt", inputs: ["e"], outputs: ["s"]),
    ]
    let plain = spelling == .withoutConstants ? "y" : "n"
    if spelling == .reciprocal || spelling == .withoutMean {
      nodes += [
        Node(operatorName: "Reciprocal", inputs: ["s"], outputs: ["r"]),
        Node(
          operatorName: "Mul", inputs: spelling == .reciprocal ? ["r", centred] : [centred, "r"], outputs: [plain]),
      ]
    } else {
      nodes.append(Node(operatorName: "Div", inputs: [centred, "s"], outputs: [plain]))
    }
    switch spelling {
    case .withoutConstants: break
    case .scaleOnly: nodes.append(Node(operatorName: "Mul", inputs: ["n", "scale"], outputs: ["y"]))
    case .biasFirst:
      nodes += [
        Node(operatorName: "Mul", inputs: ["scale", "n"], outputs: ["ns"]),
        Node(operatorName: "Add", inputs: ["bias", "ns"], outputs: ["y"]),
      ]
    default:
      nodes += [
        Node(operatorName: "Mul", inputs: ["n", "scale"], outputs: ["ns"]),
        Node(operatorName: "Add", inputs: ["ns", "bias"], outputs: ["y"]),
      ]
    }
    func constant(_ seed: UInt64) throws -> TypedTensor {
      var random = RandomSource(seed: seed)
      return TypedTensor(random.tensor(shape: try TensorShape(line)))
    }
    return WrittenModel(
      graph: WrittenGraph(
        nodes: nodes, inputs: [.init(name: "x", sizes: shape)], outputs: ["y"],
        constants: [
          "two": TypedTensor(scalar: Float(2)), "eps": TypedTensor(scalar: Float(1e-5)), "scale": try constant(1),
          "bias": try constant(2),
        ]), opset: 13)
  }

  private func problems(_ graph: Graph) -> [any LayerProblem] {
    graph.nodes.compactMap { node in
      if case .layer(let problem, _) = node.operation { problem } else { nil }
    }
  }

  private func run(_ graph: Graph, passes: [GraphPass], _ input: Tensor) throws -> [Float] {
    let options = CompilationOptions(choosers: [FamilyChooser(family: "direct")], passes: passes)
    return try CompiledNetwork(graph, registry: .standard(), options: options).run([input])[0].elements
  }

  @Test(
    "A normalization in any spelling is one layer of the same numbers", arguments: Spelling.allCases,
    [([2, 3, 19], [-1]), ([2, 4, 3, 5], [2, 3])])
  func normalization(_ spelling: Spelling, of test: (shape: [Int], axes: [Int])) throws {
    let axes = test.axes.map { $0 < 0 ? $0 + test.shape.count : $0 }
    let model = try model(spelling, shape: test.shape, axes: axes)
    let graph = try ONNXModel(bytes: model.bytes, name: "normalization").graph()
    let passed = try graph.applying(GraphPass.standard)
    let problem = try #require(problems(passed).first as? NormalizationProblem)
    #expect(passed.nodes.count == 1)
    #expect(problem.lines == .lastAxes(from: axes[0]))
    #expect(problem.statistic == (spelling == .withoutMean ? .meanSquare : .variance))
    #expect(problem.epsilon == 1e-5)
    #expect(
      problem.affine == (spelling == .withoutConstants ? .none : spelling == .scaleOnly ? .scale : .scaleAndBias))
    var random = RandomSource(seed: 3)
    let input = random.tensor(shape: try TensorShape(test.shape), magnitude: 3)
    let expected = try run(graph, passes: [], input)
    let found = try run(graph, passes: GraphPass.standard, input)
    #expect(zip(found, expected).allSatisfy { ($0 - $1).magnitude < 1e-5 })
  }

  @Test(
    "A normalization over the channels of images is one layer between movements", arguments: Spelling.allCases,
    [([2, 24, 3, 5], [1]), ([1, 4, 5, 3], [1, 2])])
  func channels(_ spelling: Spelling, of test: (shape: [Int], axes: [Int])) throws {
    let graph = try ONNXModel(
      bytes: model(spelling, shape: test.shape, axes: test.axes).bytes, name: "channels"
    ).graph()
    let passed = try graph.applying(GraphPass.standard)
    #expect(passed.nodes.count == 3)
    #expect(problems(passed).map { ($0 as? NormalizationProblem)?.lines } == [.lastAxes(from: 4 - test.axes.count)])
    var random = RandomSource(seed: 4)
    let input = random.tensor(shape: try TensorShape(test.shape), magnitude: 3)
    let expected = try run(graph, passes: [], input)
    let found = try run(graph, passes: GraphPass.standard, input)
    #expect(found.count == expected.count && zip(found, expected).allSatisfy { ($0 - $1).magnitude < 1e-5 })
  }

  @Test("What only looks like a normalization stays what it is", arguments: [[0], [0, 2], [0, 1], [1]])
  func otherAxes(axes: [Int]) throws {
    let graph = try ONNXModel(
      bytes: model(.withoutConstants, shape: [3, 4, 5], axes: axes).bytes, name: "other"
    ).graph().applying(GraphPass.standard)
    #expect(!problems(graph).contains { $0 is NormalizationProblem })
  }

  @Test("A square root is a layer, exact, and a NaN of what is negative", arguments: ["reference", "direct"])
  func squareRoot(family: String) throws {
    let graph = try NodeModel(name: "Sqrt", opset: 13).graph(input: [1, 7])
    let input = try Tensor(shape: TensorShape([1, 7]), elements: [0, 1, 2, 2e-38, 1e38, .infinity, -1])
    let options = CompilationOptions(choosers: [FamilyChooser(family: family)])
    let found = try CompiledNetwork(graph, registry: .standard(), options: options).run([input])[0].elements
    #expect(Array(found.dropLast()) == input.elements.dropLast().map { $0.squareRoot() })
    #expect(found[6].isNaN)
  }

  @Test("Dense layers of tokens take bias, activation and the tokens before into their epilogues", arguments: [1, 2])
  func tokens(batch: Int) throws {
    let shape = [batch, 5, 8]
    func floats(_ sizes: [Int], _ seed: UInt64) throws -> TypedTensor {
      var random = RandomSource(seed: seed)
      return TypedTensor(random.tensor(shape: try TensorShape(sizes)))
    }
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(operatorName: "MatMul", inputs: ["x", "w1"], outputs: ["p"]),
          Node(operatorName: "Add", inputs: ["b1", "p"], outputs: ["q"]),
          Node(operatorName: "Sigmoid", inputs: ["q"], outputs: ["g"]),
          Node(operatorName: "Mul", inputs: ["q", "g"], outputs: ["a"]),
          Node(operatorName: "MatMul", inputs: ["a", "w2"], outputs: ["r"]),
          Node(operatorName: "Add", inputs: ["r", "b2"], outputs: ["s"]),
          Node(operatorName: "Add", inputs: ["x", "s"], outputs: ["y"]),
        ], inputs: [.init(name: "x", sizes: shape)], outputs: ["y"],
        constants: [
          "w1": try floats([8, 12], 1), "b1": try floats([12], 2), "w2": try floats([12, 8], 3),
          "b2": try floats([8], 4),
        ]))
    let graph = try ONNXModel(bytes: model.bytes, name: "tokens").graph()
    let found = problems(try graph.applying(GraphPass.standard)).map { ($0 as? MatrixMultiplyProblem)?.epilogue }
    #expect(found == [Epilogue(bias: true, activation: .swish), Epilogue(bias: true, residual: true)])
    try expectEqual(graph, shape)
  }

  @Test("A convolution over lines takes normalisation and activation into its epilogue", arguments: [1, 2])
  func lines(batch: Int) throws {
    func floats(_ sizes: [Int], _ seed: UInt64) throws -> TypedTensor {
      var random = RandomSource(seed: seed)
      return TypedTensor(random.tensor(shape: try TensorShape(sizes)))
    }
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(operatorName: "Conv", inputs: ["x", "w1"], outputs: ["c"]),
          Node(operatorName: "Mul", inputs: ["c", "scale"], outputs: ["m"]),
          Node(operatorName: "Add", inputs: ["m", "shift"], outputs: ["n"]),
          Node(operatorName: "Relu", inputs: ["n"], outputs: ["r"]),
          Node(operatorName: "Conv", inputs: ["r", "w2"], outputs: ["d"]),
          Node(operatorName: "Add", inputs: ["d", "r"], outputs: ["y"]),
        ], inputs: [.init(name: "x", sizes: [batch, 3, 9])], outputs: ["y"],
        constants: [
          "w1": try floats([4, 3, 3], 1), "w2": try floats([4, 4, 1], 2), "scale": try floats([4, 1], 3),
          "shift": try floats([1, 4, 1], 4),
        ]))
    let graph = try ONNXModel(bytes: model.bytes, name: "lines").graph()
    let found = problems(try graph.applying(GraphPass.standard)).map { ($0 as? ConvolutionProblem)?.epilogue }
    #expect(found == [Epilogue(bias: true, activation: .relu), Epilogue(residual: true)])
    try expectEqual(graph, [batch, 3, 9])
  }

  @Test("A transposition of axes of one is no movement of bytes")
  func axesOfOne() throws {
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(
            operatorName: "Transpose", inputs: ["x"], outputs: ["t"], attributes: ["perm": .integers([0, 2, 1, 3])]),
          Node(operatorName: "Relu", inputs: ["t"], outputs: ["y"]),
        ], inputs: [.init(name: "x", sizes: [4, 1, 3, 5])], outputs: ["y"]))
    let graph = try ONNXModel(bytes: model.bytes, name: "axes").graph().applying(GraphPass.standard)
    let movements = graph.nodes.compactMap { node -> Movement? in
      guard case .movement(let movement) = node.operation else { return nil }
      return movement
    }
    #expect(movements == [.reshape])
  }

  private func expectEqual(_ graph: Graph, _ shape: [Int]) throws {
    var random = RandomSource(seed: 9)
    let input = random.tensor(shape: try TensorShape(shape))
    let expected = try run(graph, passes: [], input)
    let found = try run(graph, passes: GraphPass.standard, input)
    #expect(zip(found, expected).allSatisfy { ($0 - $1).magnitude < 1e-5 })
  }
}
