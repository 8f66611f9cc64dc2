import Luthier
import Testing

@Suite("Normalizations of ONNX as layers")
struct NormalizationImportTests {
  /// A node, the shape it is for, and which elements it brings to a common scale.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let opset: Int
    let shape: [Int]
    var attributes: [String: NodeModel.Attribute] = [:]
    /// The elements of a line, and how many neighbours share a scale and a bias.
    let line: Int
    let inner: Int
    /// How many numbers scale and bias have.
    let numbers: Int
    /// How many of the layer's parameters one of them is for.
    var repeats = 1
    var hasBias = true
    var key: String

    var testDescription: String { "\(name)-\(opset) of \(shape)" }

    var scale: [Float] { (0..<numbers).map { 0.5 + Float($0) / 8 } }
    var bias: [Float] { (0..<numbers).map { 1 - Float($0) / 4 } }
    var input: [Float] { (0..<shape.reduce(1, *)).map { Float($0 * 7 % 11) / 4 + Float($0 % 3) } }

    /// The standard's formula in 64 bits.
    var expected: [Double] {
      let input = input.map(Double.init)
      return input.indices.map { index in
        let start = index / line * line
        let elements = input[start..<(start + line)]
        let mean = hasBias ? elements.reduce(0, +) / Double(line) : 0
        let variance = elements.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(line)
        let parameter = index / inner / repeats % numbers
        let value = (input[index] - mean) / (variance + 1e-5).squareRoot() * Double(scale[parameter])
        return hasBias ? value + Double(bias[parameter]) : value
      }
    }

    func graph() throws -> Graph {
      try NodeModel(
        name: name, opset: opset, attributes: attributes, constants: hasBias ? [scale, bias] : [scale]
      ).graph(input: shape)
    }
  }

  static let cases = [
    Case(
      name: "LayerNormalization", opset: 17, shape: [2, 3, 19], line: 19, inner: 1, numbers: 19,
      key: "shape=2x3x19 over=axes axis=2 by=variance parameters=scale+bias"),
    Case(
      name: "RMSNormalization", opset: 23, shape: [3, 5], line: 5, inner: 1, numbers: 5, hasBias: false,
      key: "shape=3x5 over=axes axis=1 by=mean-square parameters=scale"),
    Case(
      name: "InstanceNormalization", opset: 6, shape: [2, 3, 3, 5], line: 15, inner: 15, numbers: 3,
      key: "shape=2x3x3x5 over=groups groups=3 by=variance parameters=scale+bias"),
    Case(
      name: "GroupNormalization", opset: 21, shape: [2, 4, 3, 3], attributes: ["num_groups": .integer(2)], line: 18,
      inner: 9, numbers: 4, key: "shape=2x4x3x3 over=groups groups=2 by=variance parameters=scale+bias"),
    Case(
      name: "GroupNormalization", opset: 18, shape: [2, 4, 3, 3], attributes: ["num_groups": .integer(2)], line: 18,
      inner: 9, numbers: 2, repeats: 2,
      key: "shape=2x4x3x3 over=groups groups=2 by=variance parameters=scale+bias"),
  ]

  @Test("One layer gives the standard's numbers", arguments: cases, ["reference", "direct"])
  func numbers(of test: Case, family: String) throws {
    let graph = try test.graph()
    let keys = graph.nodes.compactMap { node in
      if case .layer(let problem, _) = node.operation { problem.key.description } else { nil }
    }
    #expect(graph.nodes.count == 1)
    #expect(keys.allSatisfy { $0.hasPrefix("normalization \(test.key) ") } && keys.count == 1, "\(keys)")
    try expectNumbers(of: test, graph, family: family)
  }

  @Test("What is written and read is the same", arguments: cases.prefix(3))
  func roundTrip(of test: Case) throws {
    try expectNumbers(
      of: test, ONNXModel(bytes: ONNXModel.encode(test.graph()), name: test.name).graph(), family: "direct")
  }

  private func expectNumbers(of test: Case, _ graph: Graph, family: String) throws {
    let options = CompilationOptions(choosers: [FamilyChooser(family: family)])
    let input = try Tensor(shape: TensorShape(test.shape), elements: test.input)
    let found = try CompiledNetwork(graph, registry: .standard(), options: options).run([input])[0].elements
    try #require(found.count == test.expected.count)
    #expect(zip(found, test.expected).allSatisfy { (Double($0) - $1).magnitude < 2e-5 })
  }
}
