import LayerKernels
import Network

extension GraphExporter {
  /// A recurrent network as ONNX's operator, whose outputs are put one after the other again.
  mutating func exportRecurrent(
    _ node: GraphNode, _ problem: RecurrentProblem, _ parameters: RecurrentParameters, _ inputs: [String]
  ) throws(ONNXError) {
    let name = node.name
    var attributes: [Onnx_AttributeProto] = [
      .text("direction", problem.direction.rawValue), .integer("hidden_size", problem.hidden),
    ]
    let operatorName: String
    switch problem.kind {
    case .simple: operatorName = "RNN"
    case .longShortTerm: operatorName = "LSTM"
    case .gatedUnit, .gatedUnitAfterProduct:
      operatorName = "GRU"
      attributes.append(.integer("linear_before_reset", problem.kind == .gatedUnit ? 0 : 1))
    }
    let bias: Tensor
    do {
      bias = try Tensor(shape: TensorShape([problem.directions, 2 * problem.gateCount]), elements: parameters.bias)
    } catch { throw .tensor(name: "\(name).bias", reason: "\(error)") }
    let constants = [
      weights(parameters.weights, "\(name).weight"), weights(parameters.recurrence, "\(name).recurrence"),
      weights(bias, "\(name).bias"),
    ]
    // Lengths, which are left out, are between the bias and the states.
    let states = inputs.count > 1 ? [""] + inputs.dropFirst() : []
    let whole = self.name(of: node.output)
    let wanted: [(RecurrentProblem.Outputs, String)] = [(.sequence, "sequence"), (.hidden, "hidden"), (.cell, "cell")]
      .filter { problem.outputs.contains($0.0) }
    let isSequence = problem.outputs == .sequence
    let parts = wanted.map { isSequence ? whole : unique("\(name).\($0.1)") }
    var outputs = ["", "", ""]
    for ((output, _), part) in zip(wanted, parts) {
      outputs[output == .sequence ? 0 : output == .hidden ? 1 : 2] = part
    }
    while outputs.last == "" { outputs.removeLast() }
    add(operatorName, [inputs[0]] + constants + states, outputs: outputs, attributes, name: name)
    guard !isSequence else { return }
    let row = integers([1] + problem.outputShape.dimensions.dropFirst(), "\(name).row")
    var rows: [String] = []
    for ((output, _), part) in zip(wanted, parts) {
      guard output != .sequence else {
        rows.append(part)
        continue
      }
      let state = wanted.count == 1 ? whole : unique("\(part).row")
      add("Reshape", [part, row], state, name: "\(part) row")
      rows.append(state)
    }
    if rows.count > 1 { add("Concat", rows, whole, [.integer("axis", 0)], name: "\(name) rows") }
  }
}
