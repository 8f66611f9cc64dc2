import Luthier
import Testing

@Suite("Recurrent networks of ONNX as layers")
struct RecurrentImportTests {
  /// A node of small sizes.
  struct Network: Sendable, CustomTestStringConvertible {
    var kind = "LSTM"
    var direction = "forward"
    var layout = 0
    var resetsProduct = false
    var steps = 4
    var batch = 2
    let inputs = 3
    let hidden = 5
    var states = States.none
    /// Which of its outputs have names.
    var outputs = ["y", "h", "c"]
    var attributes: [String: WrittenModel.Attribute] = [:]
    var peepholes: [Float]?
    var weightsAreInputs = false
    /// Whether the sizes of the input are open.
    var isOpen = false

    /// Where the first states come from.
    enum States: CaseIterable { case none, zeros, hiddenOnly, inputs }

    var testDescription: String { "\(kind)\(resetsProduct ? " after product" : "") \(direction) layout \(layout)" }

    var directions: Int { direction == "bidirectional" ? 2 : 1 }
    private var gates: Int { (kind == "LSTM" ? 4 : kind == "GRU" ? 3 : 1) * hidden }
    private var inputSizes: [Int] { layout == 0 ? [steps, batch, inputs] : [batch, steps, inputs] }
    private var stateSizes: [Int] { layout == 0 ? [directions, batch, hidden] : [batch, directions, hidden] }

    static func tensor(_ sizes: [Int], seed: UInt64) throws -> TypedTensor {
      var random = RandomSource(seed: seed)
      return TypedTensor(random.tensor(shape: try TensorShape(sizes)))
    }

    /// What the model reads, in order.
    ///
    /// - Parameter lengths: whether it reads the lengths of sequences, as no layer does.
    func values(lengths: Bool) throws -> [TypedTensor] {
      var values = [try Self.tensor(inputSizes, seed: 1)]
      if states == .hiddenOnly || states == .inputs { values.append(try Self.tensor(stateSizes, seed: 2)) }
      if states == .inputs, kind == "LSTM" { values.append(try Self.tensor(stateSizes, seed: 3)) }
      if weightsAreInputs { values.append(try Self.tensor([directions, gates, inputs], seed: 4)) }
      if lengths {
        values.append(
          try TypedTensor(
            .s32, shape: TensorShape([batch]), integers: Array(repeating: steps, count: batch)))
      }
      return values
    }

    func model(lengths: Bool) throws -> WrittenModel {
      var constants = [
        "r": try Self.tensor([directions, gates, hidden], seed: 5),
        "b": try Self.tensor([directions, 2 * gates], seed: 6),
      ]
      var ports = [WrittenGraph.Port(name: "x", sizes: isOpen ? [nil, nil, inputs] : inputSizes)]
      var operands = ["x", "w", "r", "b", lengths ? "lengths" : ""]
      let zeros = TypedTensor(Tensor(shape: try TensorShape(stateSizes), repeating: 0))
      for name in kind == "LSTM" ? ["h0", "c0"] : ["h0"] {
        switch states {
        case .zeros: constants[name] = zeros
        case .inputs: ports.append(.init(name: name, sizes: stateSizes))
        case .hiddenOnly where name == "h0": ports.append(.init(name: name, sizes: stateSizes))
        case .none, .hiddenOnly:
          operands.append("")
          continue
        }
        operands.append(name)
      }
      if let peepholes {
        operands.append("p")
        constants["p"] = try TypedTensor(shape: TensorShape([directions, 3 * hidden]), elements: peepholes)
      }
      if weightsAreInputs {
        ports.append(.init(name: "w", sizes: [directions, gates, inputs]))
      } else {
        constants["w"] = try Self.tensor([directions, gates, inputs], seed: 4)
      }
      if lengths { ports.append(.init(name: "lengths", type: .s32, sizes: [batch])) }
      var all: [String: WrittenModel.Attribute] = [
        "direction": .text(direction), "layout": .integer(layout), "hidden_size": .integer(hidden),
      ]
      if kind == "GRU" { all["linear_before_reset"] = .integer(resetsProduct ? 1 : 0) }
      all.merge(attributes) { $1 }
      return WrittenModel(
        graph: WrittenGraph(
          nodes: [.init(operatorName: kind, inputs: operands, outputs: outputs, attributes: all)], inputs: ports,
          outputs: outputs.filter { !$0.isEmpty }, constants: constants))
    }

    /// The graph of layers; fails where there are other steps.
    func graph() throws -> Graph { try ONNXModel(bytes: model(lengths: false).bytes, name: kind).graph() }
  }

  static let networks = [("LSTM", false), ("GRU", false), ("GRU", true), ("RNN", false)].flatMap { kind, after in
    ["forward", "reverse", "bidirectional"].flatMap { direction in
      [0, 1].map { Network(kind: kind, direction: direction, layout: $0, resetsProduct: after) }
    }
  }

  private func expectEqual(_ found: [TypedTensor], _ expected: [TypedTensor], _ comment: Comment) throws {
    try #require(found.count == expected.count)
    for (ours, theirs) in zip(found, expected) {
      #expect(ours.shape == theirs.shape, comment)
      #expect(zip(ours.doubles, theirs.doubles).allSatisfy { ($0 - $1).magnitude <= 1e-5 }, comment)
    }
  }

  private func run(_ graph: Graph, _ inputs: [TypedTensor], family: String) throws -> [TypedTensor] {
    let options = CompilationOptions(choosers: [FamilyChooser(family: family)])
    return try CompiledNetwork(graph, registry: .standard(), options: options).run(inputs.map(\.asFloats))
      .map { TypedTensor($0) }
  }

  private func recurrentCount(_ graph: Graph) -> Int {
    graph.nodes.count { node in
      if case .layer(let problem, _) = node.operation { problem is RecurrentProblem } else { false }
    }
  }

  @Test("One layer gives the operator's numbers, whatever states and outputs it has", arguments: networks)
  func numbers(of base: Network) throws {
    let named = [
      ["y", "h", "c"], ["y", "h", ""], ["y", "", "c"], ["y"], ["", "h", "c"], ["", "h"], ["", "", "c"],
    ]
    for states in Network.States.allCases {
      var network = base
      network.states = states
      network.outputs = network.kind == "LSTM" ? named[0] : ["y", "h"]
      let expected = try network.model(lengths: true).run(network.values(lengths: true))
      for outputs in base.kind == "LSTM" ? named : [["y", "h"], ["y"], ["", "h"]] {
        network.outputs = outputs
        let graph = try network.graph()
        #expect(recurrentCount(graph) == 1)
        let wanted = outputs.indices.filter { !outputs[$0].isEmpty }.map { expected[$0] }
        for family in ["reference", "direct"] {
          let found = try run(graph, network.values(lengths: false), family: family)
          try expectEqual(found, wanted, "\(states) \(outputs) \(family)")
        }
      }
    }
  }

  @Test("A model of open sizes runs sequences of all lengths and batches", arguments: networks)
  func openSizes(of base: Network) throws {
    var network = base
    network.isOpen = true
    if network.kind != "LSTM" { network.outputs = ["y", "h"] }
    let loaded = try network.model(lengths: false).loaded()
    for (steps, batch) in [(7, 1), (1, 3), (4, 2), (0, 2), (7, 1)] {
      network.steps = steps
      network.batch = batch
      let expected = try network.model(lengths: true).run(network.values(lengths: true))
      try expectEqual(loaded.run(network.values(lengths: false)), expected, "\(steps) steps of \(batch)")
    }
  }

  @Test("What no layer does keeps the operator's definition")
  func remaining() throws {
    var clipped = Network(attributes: ["clip": .float(0.5)])
    clipped.outputs = ["y"]
    let others = [
      clipped, Network(attributes: ["input_forget": .integer(1)]),
      Network(attributes: ["activations": .texts(["Sigmoid", "Relu", "Tanh"])]),
      Network(peepholes: (0..<15).map { Float($0) / 8 }), Network(weightsAreInputs: true),
    ]
    let plain = try Network().model(lengths: false).run(Network().values(lengths: false))
    for network in others {
      #expect(throws: ONNXError.self) { try network.graph() }
      let found = try network.model(lengths: false).run(network.values(lengths: false))
      let differs = zip(found[0].doubles, plain[0].doubles).contains { ($0 - $1).magnitude > 1e-3 }
      #expect(differs != network.weightsAreInputs)
    }
  }

  @Test("The usual functions by name and zero peepholes are what a layer does")
  func usualForms() throws {
    let forms = [
      Network(attributes: ["activations": .texts(["Sigmoid", "tanh", "Tanh"])]),
      Network(peepholes: [Float](repeating: 0, count: 15)),
      Network(
        kind: "RNN", direction: "bidirectional", outputs: ["y"], attributes: ["activations": .texts(["Tanh", "Tanh"])]),
      Network(kind: "GRU", outputs: ["y"], attributes: ["activations": .texts(["Sigmoid", "Tanh"])]),
    ]
    for network in forms { #expect(recurrentCount(try network.graph()) == 1) }
  }

  @Test("What is written and read is the same", arguments: networks)
  func roundTrip(of base: Network) throws {
    for states in [Network.States.none, .inputs] {
      for outputs in base.kind == "LSTM"
        ? [["y", "h", "c"], ["y"], ["", "", "c"], ["", "h", "c"]] : [["y", "h"], ["", "h"]]
      {
        var network = base
        network.states = states
        network.outputs = outputs
        let graph = try network.graph()
        let again = try ONNXModel(bytes: ONNXModel.encode(graph), name: "again").graph()
        #expect(recurrentCount(again) == 1)
        let inputs = try network.values(lengths: false)
        try expectEqual(run(again, inputs, family: "direct"), run(graph, inputs, family: "direct"), "\(outputs)")
      }
    }
  }

  @Test("Weights of other sizes are refused and named")
  func wrongSizes() throws {
    let network = Network(attributes: ["hidden_size": .integer(4)])
    let error = #expect(throws: ONNXError.self) { try network.model(lengths: false).loaded() }
    #expect(error?.description.contains("hidden_size") ?? false)
  }
}
