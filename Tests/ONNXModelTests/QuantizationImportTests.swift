import Luthier
import Testing

@Suite("Whole numbers with constant scales become layers")
struct QuantizationImportTests {
  typealias Node = WrittenModel.Node

  /// Nodes between the input `x` and the output `y`, and the constants that they read.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var input: (type: ElementType, sizes: [Int]) = (.f32, [1, 4, 6, 5])
    let nodes: [Node]
    var constants: [String: TypedTensor] = [:]
    /// How many steps of the program are no layers.
    var operators = 0

    var testDescription: String { name }
  }

  private static func tensor(_ sizes: [Int], _ elements: [some TensorElement]) -> TypedTensor? {
    try? TypedTensor(shape: TensorShape(sizes), elements: elements)
  }

  private static func node(
    _ name: String, _ inputs: [String], _ output: String, _ attributes: [String: WrittenModel.Attribute] = [:],
    domain: String = ""
  ) -> Node { Node(operatorName: name, inputs: inputs, outputs: [output], attributes: attributes, domain: domain) }

  /// Scales, zero points, weights and a bias that the cases read by name.
  static let parameters: [String: TypedTensor] = {
    var random = RandomSource(seed: 9)
    func bytes(_ count: Int) -> [Int8] {
      (0..<count).map { _ in Int8(clamping: Int(random.nextFloat(magnitude: 127))) }
    }
    let all: [String: TypedTensor?] = [
      "s": TypedTensor(scalar: Float(0.031)), "z": TypedTensor(scalar: UInt8(117)),
      "s2": TypedTensor(scalar: Float(0.11)), "z2": TypedTensor(scalar: UInt8(3)),
      "t": TypedTensor(scalar: Float(0.02)), "zt": TypedTensor(scalar: Int8(-7)),
      "w": tensor([5, 4, 3, 3], bytes(180)), "ws": tensor([5], [0.004, 0.01, 0.02, 0.003, 0.5] as [Float]),
      "wz": tensor([5], [0, 0, 3, 0, -2] as [Int8]), "b": tensor([5], [40, -900, 3, 7000, 12] as [Int32]),
      "m": tensor([5, 3], bytes(15)), "ms": tensor([3], [0.01, 0.2, 0.05] as [Float]),
      "mz": tensor([3], [0, 1, 0] as [Int8]), "mb": tensor([3], [10, -400, 77] as [Int32]),
      "same": tensor([2], [-1, 120] as [Int64]),
    ]
    return all.compactMapValues { $0 }
  }()

  static let cases: [Case] = [
    Case(name: "rounded to u8", nodes: [node("QuantizeLinear", ["x", "s", "z"], "y")]),
    Case(name: "rounded to u8 without a zero point", nodes: [node("QuantizeLinear", ["x", "s"], "y")]),
    Case(name: "rounded to s8", nodes: [node("QuantizeLinear", ["x", "t", "zt"], "y")]),
    Case(
      name: "there and back",
      nodes: [node("QuantizeLinear", ["x", "s", "z"], "q"), node("DequantizeLinear", ["q", "s", "z"], "y")]),
    Case(
      name: "read back by another scale",
      nodes: [node("QuantizeLinear", ["x", "s", "z"], "q"), node("DequantizeLinear", ["q", "s2", "z2"], "y")],
      operators: 1),
    Case(
      name: "moved and selected as whole numbers",
      nodes: [
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node("MaxPool", ["q"], "p", ["kernel_shape": .integers([2, 2]), "pads": .integers([1, 0, 0, 1])]),
        node("Transpose", ["p"], "r", ["perm": .integers([0, 2, 3, 1])]), node("Reshape", ["r", "same"], "y"),
      ]),
    Case(
      name: "counted as whole numbers by what is no layer",
      nodes: [
        node("QuantizeLinear", ["x", "s", "z"], "q"), node("ArgMax", ["q"], "y", ["axis": .integer(1)]),
      ], operators: 1),
    Case(
      name: "bytes in", input: (.u8, [1, 4, 6, 5]),
      nodes: [node("DequantizeLinear", ["x", "s2", "z2"], "f"), node("Relu", ["f"], "y")]),
    Case(
      name: "a convolution with scales a channel",
      nodes: [
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node(
          "QLinearConv", ["q", "s", "z", "w", "ws", "wz", "s2", "z2", "b"], "y",
          ["pads": .integers([1, 1, 1, 1]), "strides": .integers([2, 1])]),
      ]),
    Case(
      name: "a product", input: (.f32, [7, 5]),
      nodes: [
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node("QLinearMatMul", ["q", "s", "z", "m", "ms", "mz", "s2", "z2"], "y"),
      ]),
  ]

  static func model(_ item: Case, isConstant: Bool) -> (model: WrittenModel, given: [TypedTensor]) {
    let names = Set(item.nodes.flatMap(\.inputs)).intersection(parameters.keys).sorted()
    var graph = WrittenGraph(
      nodes: item.nodes, inputs: [.init(name: "x", type: item.input.type, sizes: item.input.sizes)], outputs: ["y"])
    var given: [TypedTensor] = []
    for name in names {
      guard let tensor = parameters[name] else { continue }
      if isConstant || name == "same" {
        graph.constants[name] = tensor
      } else {
        graph.inputs.append(.init(name: name, type: tensor.type, sizes: tensor.shape.dimensions))
        given.append(tensor)
      }
    }
    return (WrittenModel(graph: graph), given)
  }

  /// Sums of products that a cast to floats reads; the weights are constant, or come with the input.
  private static func product(
    _ name: String, _ attributes: [String: WrittenModel.Attribute], _ x: TypedTensor, _ weights: TypedTensor,
    zeroPoint: TypedTensor, isConstant: Bool
  ) -> WrittenModel {
    var graph = WrittenGraph(
      nodes: [
        node(name, ["x", "w", "xz", "wz"], "sums", attributes), node("Cast", ["sums"], "y", ["to": .integer(1)]),
      ], inputs: [.init(name: "x", type: .u8, sizes: x.shape.dimensions)], outputs: ["y"],
      constants: ["xz": TypedTensor(scalar: UInt8(2)), "wz": zeroPoint])
    if isConstant {
      graph.constants["w"] = weights
    } else {
      graph.inputs.append(.init(name: "w", type: .s8, sizes: weights.shape.dimensions))
    }
    return WrittenModel(graph: graph)
  }

  /// The steps of a model that are no layers.
  private static func operators(_ bytes: [UInt8]) throws -> [String] {
    let model = try ONNXModel(bytes: bytes, name: "quantized")
    return try model.plan(inputs: model.inputTypes()).operatorNames
  }

  @Test("and give what the operators give whose scales come with the input", arguments: cases)
  func equal(item: Case) throws {
    let shape = try TensorShape(item.input.sizes)
    var random = RandomSource(seed: 4)
    let input =
      item.input.type == .f32
      ? TypedTensor(random.tensor(shape: shape, magnitude: 5))
      : try TypedTensor(.u8, shape: shape, integers: (0..<shape.elementCount).map { $0 * 37 % 256 })
    let asLayers = Self.model(item, isConstant: true)
    let asOperators = Self.model(item, isConstant: false)
    let found = try asLayers.model.run([input])[0]
    let expected = try asOperators.model.run([input] + asOperators.given)[0]
    #expect(found.type == expected.type)
    #expect(found.shape == expected.shape)
    if found.type.isInteger {
      #expect(found.integers == expected.integers)
      #expect(Set(found.integers).count > 2)
    } else {
      #expect(found.doubles == expected.doubles)
    }
    let operators = try Self.operators(asLayers.model.bytes)
    #expect(operators.count == item.operators, "\(operators)")
  }

  @Test(
    "Numbers rounded to the range of the data are those of the operator",
    arguments: [[-3, -1, 0.5, 2, 9, 0], [1, 2, 3], [-4, -0.1], [0, 0, 0], [-127.5, 127.5, 0.5, -0.5, 63.2, 1.5]]
      as [[Float]])
  func dynamic(numbers: [Float]) throws {
    let x = try TypedTensor(shape: TensorShape([1, numbers.count]), elements: numbers)
    let graph = WrittenGraph(
      nodes: [Node(operatorName: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["y", "s", "z"])],
      inputs: [.init(name: "x", sizes: x.shape.dimensions)], outputs: ["y", "s", "z"])
    let operation = try #require(
      TensorOperatorRegistry.standard.definition(domain: "", name: "DynamicQuantizeLinear", opset: 17))
    let expected = try operation(OperatorCall("DynamicQuantizeLinear", opset: 17, inputs: [x]))
    let found = try WrittenModel(graph: graph).run([x])
    #expect(found[0].type == .u8 && found[0].integers == expected[0].integers)
    #expect(found[1].doubles == expected[1].doubles)
    #expect(found[2].type == .u8 && found[2].integers == expected[2].integers)
    let operators = try Self.operators(WrittenModel(graph: graph).bytes)
    #expect(operators.isEmpty)
  }

  @Test("Integer convolutions that only casts read are layers, as near as those of floats", arguments: [3, 700])
  func integerProducts(channels: Int) throws {
    var random = RandomSource(seed: 8)
    func integers(_ sizes: [Int], _ magnitude: Float) throws -> TypedTensor {
      let shape = try TensorShape(sizes)
      return try TypedTensor(
        .s8, shape: shape, integers: (0..<shape.elementCount).map { _ in Int(random.nextFloat(magnitude: magnitude)) })
    }
    // All of one sign, so that sums of 700 · 9 products pass 2²⁴.
    var weights = try integers([4, channels, 3, 3], 127)
    weights = try TypedTensor(.s8, shape: weights.shape, integers: weights.integers.map { min(abs($0) + 40, 127) })
    let zero = try TypedTensor(.s8, shape: TensorShape([4]), integers: [0, 3, -5, 0])
    let shape = try TensorShape([1, channels, 5, 4])
    let x = try TypedTensor(.u8, shape: shape, integers: (0..<shape.elementCount).map { 255 - $0 % 9 })
    func model(_ isConstant: Bool) -> WrittenModel {
      Self.product(
        "ConvInteger", ["pads": .integers([1, 0, 0, 1])], x, weights, zeroPoint: zero, isConstant: isConstant)
    }
    let found = try model(true).run([x])[0]
    let expected = try model(false).run([x, weights])[0]
    let largest = expected.doubles.max() ?? 0
    #expect((largest > 0x1p24) == (channels > 3))
    for (a, b) in zip(found.doubles, expected.doubles) { #expect(abs(a - b) <= 1e-5 * largest) }
    #expect(try Self.operators(model(true).bytes).isEmpty)
  }

  @Test("Integer matrix products that only casts read are exact as layers, long sums too", arguments: [5, 1500])
  func integerMatrixProducts(depth: Int) throws {
    let (columns, rows) = (6, 3)
    let weights = try TypedTensor(
      .s8, shape: TensorShape([depth, columns]), integers: (0..<depth * columns).map { 127 - $0 % 41 })
    let zero = try TypedTensor(.s8, shape: TensorShape([columns]), integers: [0, 3, -5, 0, 1, -1])
    let shape = try TensorShape([rows, depth])
    let x = try TypedTensor(.u8, shape: shape, integers: (0..<shape.elementCount).map { 255 - $0 % 9 })
    func model(_ isConstant: Bool) -> WrittenModel {
      Self.product("MatMulInteger", [:], x, weights, zeroPoint: zero, isConstant: isConstant)
    }
    let expected = try model(false).run([x, weights])[0].doubles
    #expect(try model(true).run([x])[0].doubles == expected)
    #expect((expected.max() ?? 0 > 0x1p24) == (depth > 5))
    #expect(try Self.operators(model(true).bytes).isEmpty)
  }

  @Test(
    "Scales that no layer rounds to are left to the operator",
    arguments: [0, -0.5, .infinity, .leastNonzeroMagnitude] as [Float])
  func oddScales(scale: Float) throws {
    let graph = WrittenGraph(
      nodes: [Self.node("QuantizeLinear", ["x", "scale"], "y")], inputs: [.init(name: "x", sizes: [3])],
      outputs: ["y"], constants: ["scale": TypedTensor(scalar: scale)])
    let operators = try Self.operators(WrittenModel(graph: graph).bytes)
    #expect(operators.count == 1)
    let x = try TypedTensor(shape: TensorShape([3]), elements: [-1, 0.25, 2] as [Float])
    #expect(try WrittenModel(graph: graph).run([x])[0].type == .u8)
  }

  @Test("A network of rounded layers is written with QuantizeLinear and DequantizeLinear, and read back the same")
  func roundTrip() throws {
    let functions: [Activation] = [
      .quantized(step: 0.031, lower: -117, upper: 138), .quantized(step: 0.05, lower: 0, upper: 120),
      .quantized(step: 0.001, lower: -32768, upper: 32767),
    ]
    for function in functions {
      var graph = Graph(name: "rounded")
      let problem = try ConvolutionProblem(
        inputChannels: 3, input: .init(6), outputChannels: 5, window: WindowGeometry(kernel: .init(3)),
        epilogue: Epilogue(bias: true, activation: function))
      var random = RandomSource(seed: 2)
      let x = try graph.addInput("x", shape: problem.inputShapes[0])
      graph.addOutput(
        try graph.addLayer("c", problem, parameters: problem.randomParameters(from: &random), inputs: [x]))
      let bytes = try ONNXModel.encode(graph)
      let input = random.tensor(shape: problem.inputShapes[0], magnitude: 3)
      let registry = try KernelRegistry.standard()
      let expected = try CompiledNetwork(graph, registry: registry).run([input])[0]
      let model = try ONNXModel(bytes: bytes, name: "again")
      let again = try WrittenModel.run(bytes, [TypedTensor(input)])[0]
      #expect(again.floats == expected)
      if let steps = Quantisation(function), steps.step > 0.01 {
        let nodes = try model.graph().applying(GraphPass.standard).nodes
        #expect(nodes.count == 1)
      }
    }
  }
}
