import LayerKernels
import TensorOperators
import Testing

// The right values are those of ONNX Runtime 1.32.
@Suite("Recurrent networks and attention on tensors")
struct SequenceOperatorTests {
  private static let lengths = [3.0, 1.0]

  private func operands(gates: Int, cell: Bool = false) throws -> [TypedTensor?] {
    let common = [
      try steps(3, 2, 2), try steps(1, gates * 2, 2), try steps(1, gates * 2, 2), try steps(1, gates * 4),
      try tensor(.s32, [2], Self.lengths), try steps(1, 2, 2),
    ]
    return common + (cell ? [try steps(1, 2, 2), try steps(1, 6)] : [])
  }

  @Test("a reversed network starts at each sequence's own end and leaves zeros after it")
  func reversedSequences() throws {
    let result = try run(
      "RNN", opset: 14, ["hidden_size": .integer(2), "direction": .text("reverse")], operands(gates: 1), outputs: 2)
    let last = [0.99876, 0.2449, -0.46212, -0.46212]
    expect(result[0], [3, 1, 2, 2], last + [-0.99997, -0.9412, 0, 0, 0.997, 0.24492, 0, 0])
    expect(result[1], [1, 2, 2], last)
  }

  @Test("a gated unit resets after the product where asked for")
  func gatedUnit() throws {
    let result = try run(
      "GRU", opset: 14,
      ["hidden_size": .integer(2), "direction": .text("reverse"), "linear_before_reset": .integer(1)],
      operands(gates: 3), outputs: 2)
    let last = [-0.80267, 0.55242, -0.26549, 0.69188]
    expect(result[0], [3, 1, 2, 2], last + [-0.8474, 0.83199, 0, 0, -1.48724, 0.271, 0, 0])
    expect(result[1], [1, 2, 2], last)
  }

  @Test("a long short-term memory has peepholes, a clip, and a forget gate that its input gate decides")
  func longShortTermMemory() throws {
    let result = try run(
      "LSTM", opset: 14,
      [
        "hidden_size": .integer(2), "direction": .text("reverse"), "input_forget": .integer(1), "clip": .float(0.75),
      ], operands(gates: 4, cell: true), outputs: 3)
    let last = [-0.16412, 0.05742, -0.16606, -0.06448]
    expect(result[0], [3, 1, 2, 2], last + [-0.26733, -0.04388, 0, 0, -0.23176, 0.03533, 0, 0])
    expect(result[1], [1, 2, 2], last)
    expect(result[2], [1, 2, 2], [-0.56486, 0.16192, -0.55917, -0.20377])
  }

  @Test("activations take the parameters that they have, in order")
  func activationParameters() throws {
    let result = try run(
      "RNN", opset: 14,
      [
        "hidden_size": .integer(1), "direction": .text("bidirectional"),
        "activations": .texts(["LeakyRelu", "Affine"]),
        "activation_alpha": .floats([0.5, 2]), "activation_beta": .floats([0.25]),
      ], [steps(2, 1, 1), steps(2, 1, 1), steps(2, 1, 1)])
    expect(result[0], [2, 2, 1, 1], [2.25, -1.25, -0.9375, 2.25])
  }

  @Test("batches come first where the layout says so", arguments: ["RNN", "GRU", "LSTM"])
  func layouts(_ name: String) throws {
    let gates = ["RNN": 1, "GRU": 3, "LSTM": 4][name] ?? 1
    let weights = [try steps(2, gates * 2, 3), try steps(2, gates * 2, 2)]
    let attributes: [String: OperatorAttributes.Value] = ["direction": .text("bidirectional")]
    // One sequence: only the axes' places differ.
    let stepsFirst = try run(name, opset: 14, attributes, [steps(4, 1, 3)] + weights, outputs: 2)
    let batchFirst = try run(
      name, opset: 14, attributes.merging(["layout": .integer(1)]) { $1 }, [steps(1, 4, 3)] + weights, outputs: 2)
    expect(batchFirst[0], [1, 4, 2, 2], stepsFirst[0].doubles)
    expect(batchFirst[1], [1, 2, 2], stepsFirst[1].doubles)
  }

  @Test("a query that may see nothing gives zeros, whatever the scores are")
  func nothingToSee() throws {
    let mask = try tensor(.bool, [2, 2], [1, 0, 0, 0])
    let query = try tensor(.f32, [1, 1, 2, 2], [1, 2, .infinity, .nan])
    let result = try run("Attention", opset: 23, [:], [query, steps(1, 1, 2, 2), steps(1, 1, 2, 2), mask])
    expect(result[0], [1, 1, 2, 2], [-1.5, -1, 0, 0])
  }

  @Test("causal queries see the past and themselves, and share heads of keys")
  func causalAttention() throws {
    let result = try run(
      "Attention", opset: 23,
      ["q_num_heads": .integer(2), "kv_num_heads": .integer(1), "is_causal": .integer(1)],
      [steps(1, 2, 4), steps(1, 2, 2), steps(1, 2, 2), nil, steps(1, 1, 1, 2), steps(1, 1, 1, 2)], outputs: 3)
    expect(result[1], [1, 1, 3, 2], [-1.5, -1, -1.5, -1, -0.5, 0])
    // The first query sees two keys with the same value.
    expect(try #require(result.first), [1, 2, 4], [-1.5, -1, -1.5, -1] + result[0].doubles.suffix(4))
    #expect(result[0].doubles[4] > -1.5)
  }

  @Test(
    "operands that do not fit are errors of one line",
    arguments: ["RNN", "GRU", "LSTM", "Attention", "DeformConv", "QLinearMatMul", "RotaryEmbedding", "LinearAttention"])
  func badOperands(_ name: String) throws {
    for operands in [
      [], [try steps(2, 3)], [try steps(2, 3, 4), try steps(5), nil], [try steps(1, 2, 3, 4), try steps(1, 2, 3, 4)],
    ] {
      let error = #expect(throws: (any Error).self) { try run(name, opset: 27, [:], operands) }
      #expect(error.map { !"\($0)".contains("\n") } ?? false)
    }
  }
}
