import Foundation
import Luthier
import Testing

@Suite("Models that are more than one graph of layers")
struct PlanningTests {
  private typealias Node = WrittenModel.Node

  private func floats(_ shape: [Int], _ values: [Float]? = nil) throws -> TypedTensor {
    let shape = try TensorShape(shape)
    return try TypedTensor(shape: shape, elements: values ?? (0..<shape.elementCount).map { Float($0 % 7) - 3 })
  }

  @Test("A picture of bytes is cast and computed on; classes come out as 64-bit integers")
  func types() throws {
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(operatorName: "Cast", inputs: ["x"], outputs: ["f"], attributes: ["to": .integer(1)]),
          Node(operatorName: "Relu", inputs: ["f"], outputs: ["r"]),
          Node(operatorName: "ArgMax", inputs: ["r"], outputs: ["y"], attributes: ["axis": .integer(1)]),
        ], inputs: [.init(name: "x", type: .u8, sizes: [1, 4])], outputs: ["y"]))
    let result = try model.run([TypedTensor(shape: TensorShape([1, 4]), elements: [3, 250, 7, 0] as [UInt8])])
    #expect(result[0].type == .s64)
    #expect(result[0].integers == [1])
    #expect(throws: ModelInputError.self) { try model.run([floats([1, 4])]) }
  }

  @Test("One loaded model takes inputs of different sizes", arguments: [[1, 2, 5, 3], [3, 2, 8, 8], [1, 2, 5, 3]])
  func openSizes(shape: [Int]) throws {
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(
            operatorName: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: ["pads": .integers([1, 1, 1, 1])]),
          Node(operatorName: "Shape", inputs: ["c"], outputs: ["s"]),
          Node(operatorName: "ReduceSum", inputs: ["c"], outputs: ["y"], attributes: ["keepdims": .integer(0)]),
        ], inputs: [.init(name: "x", sizes: [nil, 2, nil, nil])], outputs: ["y", "s"],
        constants: ["w": try floats([4, 2, 3, 3], [Float](repeating: 1, count: 72))]))
    let loaded = try model.loaded()
    for sizes in [[2, 2, 4, 4], shape] {
      let results = try loaded.run([TypedTensor(Tensor(shape: TensorShape(sizes), repeating: 1))])
      #expect(results[1].integers == [sizes[0], 4, sizes[2], sizes[3]])
      // Each row of windows sees 3·W − 2 columns, as each column sees rows.
      let sum = Double(sizes[0] * 4 * 2 * (3 * sizes[2] - 2) * (3 * sizes[3] - 2))
      #expect(results[0].doubles == [sum])
    }
    #expect(throws: ModelInputError.self) { try loaded.run([floats([1, 3, 4, 4])]) }
  }

  @Test("Outputs have the sizes that are computed, where the file says others")
  func wrongSizes() throws {
    let attributes: [String: WrittenModel.Attribute] = [
      "kernel_shape": .integers([2]), "strides": .integers([2]), "ceil_mode": .integer(1),
    ]
    for sizes in [[1, 1, 7], [1, 1, nil]] as [[Int?]] {
      let model = WrittenModel(
        graph: WrittenGraph(
          nodes: [
            Node(operatorName: "MaxPool", inputs: ["x"], outputs: ["y"], attributes: attributes),
            Node(operatorName: "NonZero", inputs: ["x"], outputs: ["n"]),
          ],
          inputs: [.init(name: "x", sizes: sizes)], outputs: ["y", "n"], outputSizes: ["y": [1, 1, 3]]))
      let loaded = try model.loaded()
      // Where inputs are open, nobody knows before the run.
      #expect(loaded.outputs[0].sizes == (sizes[2] == nil ? [1, 1, 3] : [1, 1, 4]))
      #expect(try loaded.run([floats([1, 1, 7])])[0].shape.dimensions == [1, 1, 4])
    }
  }

  @Test("The branch of a known condition is part of the graph, that of an unknown one runs", arguments: [true, false])
  func branches(isTrue: Bool) throws {
    func branch(_ operatorName: String) -> WrittenGraph {
      WrittenGraph(nodes: [Node(operatorName: operatorName, inputs: ["x"], outputs: ["inner"])], outputs: ["inner"])
    }
    let choice = Node(
      operatorName: "If", inputs: ["c"], outputs: ["y"],
      attributes: ["then_branch": .graph(branch("Relu")), "else_branch": .graph(branch("Neg"))])
    let condition = TypedTensor(scalar: isTrue)
    let expected: [Double] = isTrue ? [0, 2] : [1, -2]
    var graph = WrittenGraph(
      nodes: [choice], inputs: [.init(name: "x", sizes: [2])], outputs: ["y"], constants: ["c": condition])
    #expect(try WrittenModel(graph: graph).run([floats([2], [-1, 2])])[0].doubles == expected)
    graph.constants = [:]
    graph.inputs.append(.init(name: "c", type: .bool, sizes: []))
    #expect(try WrittenModel(graph: graph).run([floats([2], [-1, 2]), condition])[0].doubles == expected)
  }

  @Test("A loop runs as often as its input says and stacks what it scans", arguments: [0, 1, 5])
  func loop(trips: Int) throws {
    let body = WrittenGraph(
      nodes: [
        Node(operatorName: "Identity", inputs: ["go"], outputs: ["on"]),
        Node(operatorName: "Add", inputs: ["sum", "step"], outputs: ["next"]),
        Node(operatorName: "Identity", inputs: ["next"], outputs: ["seen"]),
      ],
      inputs: [
        .init(name: "i", type: .s64, sizes: []), .init(name: "go", type: .bool, sizes: []),
        .init(name: "sum", sizes: [2]),
      ], outputs: ["on", "next", "seen"])
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(
            operatorName: "Loop", inputs: ["n", "", "start"], outputs: ["y", "all"],
            attributes: ["body": .graph(body)])
        ],
        inputs: [
          .init(name: "n", type: .s64, sizes: []), .init(name: "start", sizes: [2]), .init(name: "step", sizes: [2]),
        ], outputs: ["y", "all"]))
    let results = try model.run([TypedTensor(scalar: Int64(trips)), floats([2], [1, 2]), floats([2], [10, 20])])
    #expect(results[0].doubles == [1 + 10 * Double(trips), 2 + 20 * Double(trips)])
    #expect(results[1].shape[0] == trips)
  }

  @Test("Layers after a value whose size depends on data are planned when it is there")
  func sizesOfData() throws {
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(operatorName: "NonZero", inputs: ["x"], outputs: ["places"]),
          Node(operatorName: "Transpose", inputs: ["places"], outputs: ["rows"]),
          Node(operatorName: "GatherND", inputs: ["x", "rows"], outputs: ["values"]),
          Node(operatorName: "Relu", inputs: ["values"], outputs: ["kept"]),
          Node(operatorName: "Add", inputs: ["kept", "kept"], outputs: ["y"]),
        ], inputs: [.init(name: "x", sizes: [2, 2])], outputs: ["y"]))
    let loaded = try model.loaded()
    #expect(try loaded.run([floats([2, 2], [0, 3, -4, 5])])[0].doubles == [6, 0, 10])
    #expect(try loaded.run([floats([2, 2], [0, 0, 0, 5])])[0].doubles == [10])
    #expect(try loaded.run([floats([2, 2], [0, 0, 0, 0])])[0].shape.dimensions == [0])
  }

  @Test("A model's own functions are inlined, one in another, with the caller's attributes")
  func functions() throws {
    let inner = WrittenModel.Function(
      name: "Leak", inputs: ["a"], outputs: ["b"], attributes: ["slope"],
      nodes: [
        Node(operatorName: "LeakyRelu", inputs: ["a"], outputs: ["b"], attributes: ["alpha": .reference("slope")])
      ])
    let outer = WrittenModel.Function(
      name: "Twice", inputs: ["a"], outputs: ["d"],
      nodes: [
        Node(operatorName: "Leak", inputs: ["a"], outputs: ["b"], attributes: ["slope": .float(0.5)], domain: "test"),
        Node(operatorName: "Add", inputs: ["b", "b"], outputs: ["d"]),
      ])
    var model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(operatorName: "Twice", inputs: ["x"], outputs: ["b"], domain: "test"),
          Node(operatorName: "Twice", inputs: ["b"], outputs: ["y"], domain: "test"),
        ], inputs: [.init(name: "x", sizes: [2])], outputs: ["y"]), functions: [inner, outer])
    #expect(try model.run([floats([2], [-8, 3])])[0].doubles == [-8, 12])
    model.functions[0].nodes = [Node(operatorName: "Twice", inputs: ["a"], outputs: ["b"], domain: "test")]
    let error = #expect(throws: ONNXError.self) { try model.run([floats([2])]) }
    #expect(error?.description.contains("nested") ?? false)
  }

  @Test("Before opset 7 an operand is aligned where 'axis' says", arguments: ["Add", "Sub", "Mul", "Div", "Pow"])
  func legacyBroadcast(operatorName: String) throws {
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [
          Node(
            operatorName: operatorName, inputs: ["x", "b"], outputs: ["y"],
            attributes: ["broadcast": .integer(1), "axis": .integer(1)])
        ], inputs: [.init(name: "x", sizes: [1, 2, 2, 2])], outputs: ["y"], constants: ["b": try floats([2], [2, 4])]),
      opset: 6)
    let input = try floats([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    let functions: [String: (Double, Double) -> Double] = [
      "Add": { $0 + $1 }, "Sub": { $0 - $1 }, "Mul": { $0 * $1 }, "Div": { $0 / $1 },
    ]
    let function = functions[operatorName] ?? { pow($0, $1) }
    let expected = input.doubles.enumerated().map { function($1, $0 < 4 ? 2 : 4) }
    #expect(try model.run([input])[0].doubles == expected)
  }

  @Test("A Gemm whose C is wider than the product is refused")
  func wideGemm() throws {
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [Node(operatorName: "Gemm", inputs: ["x", "w", "c"], outputs: ["y"])],
        inputs: [.init(name: "x", sizes: [2, 3])], outputs: ["y"],
        constants: ["w": try floats([3, 1]), "c": try floats([1, 4])]))
    #expect(throws: (any Error).self) { try model.run([floats([2, 3])]) }
  }

  @Test(
    "Transposed convolutions as layers are what their definition says",
    arguments: [
      (3, [1, 2, 5, 4], [2, 3, 3, 3], [2, 2], [1, 1, 1, 1], 1, [1, 1]),
      (3, [2, 4, 3, 5], [4, 2, 2, 2], [2, 2], [0, 0, 0, 0], 2, [0, 0]),
      (3, [1, 3, 4, 4], [3, 2, 4, 5], [3, 2], [1, 0, 2, 1], 1, [0, 1]),
      (3, [1, 2, 4, 4], [2, 2, 3, 1], [1, 1], [1, 0, 1, 0], 1, [0, 0]),
      (2, [1, 2, 7], [2, 3, 4], [2], [1, 1], 1, [0]),
      (3, [1, 2, 3, 3], [2, 1, 1, 1], [2, 2], [0, 0, 0, 0], 1, [0, 0]),
    ] as [(Int, [Int], [Int], [Int], [Int], Int, [Int])])
  func transposedConvolution(
    _: Int, input: [Int], weights: [Int], strides: [Int], pads: [Int], groups: Int, extra: [Int]
  ) throws {
    var random = RandomSource(seed: 7)
    let x = TypedTensor(random.tensor(shape: try TensorShape(input)))
    let w = TypedTensor(random.tensor(shape: try TensorShape(weights)))
    let bias = TypedTensor(random.tensor(shape: try TensorShape([weights[1] * groups])))
    let attributes = [
      "strides": strides, "pads": pads, "output_padding": extra,
    ]
    var node = Node(operatorName: "ConvTranspose", inputs: ["x", "w", "b"], outputs: ["y"])
    for (name, list) in attributes { node.attributes[name] = .integers(list) }
    node.attributes["group"] = .integer(groups)
    let model = WrittenModel(
      graph: WrittenGraph(
        nodes: [node], inputs: [.init(name: "x", sizes: input)], outputs: ["y"], constants: ["w": w, "b": bias]))
    var values = attributes.mapValues { OperatorAttributes.Value.integers($0) }
    values["group"] = .integer(groups)
    let definition = try #require(
      TensorOperatorRegistry.standard.definition(domain: "", name: "ConvTranspose", opset: 17))
    let expected = try definition(
      OperatorCall("ConvTranspose", opset: 17, attributes: OperatorAttributes(values), inputs: [x, w, bias]))[0]
    let found = try model.run([x])[0]
    #expect(found.shape == expected.shape)
    let largest = expected.doubles.map(\.magnitude).max() ?? 1
    #expect(zip(found.doubles, expected.doubles).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
  }
}
