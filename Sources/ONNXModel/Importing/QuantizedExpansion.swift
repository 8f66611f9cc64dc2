import LayerKernels
import TensorOperators

/// An operator on whole numbers with scales as the nodes that it stands for: its operands read back, the operator on real numbers,
/// and the rounding of its result. Layers do all of these; the operator itself, computed as it stands, is no layer.
struct QuantizedExpansion {
  private let message: Onnx_NodeProto
  private let operands: [Operand]
  private let scalesBias: Bool
  private let core: Core
  private let constant: (String) -> TypedTensor?

  /// An operand by the positions of its elements, its scale and its zero point among the node's inputs.
  private struct Operand {
    let value: Int
    let scale: Int
    let zeroPoint: Int
    /// The axis of scales where there are several.
    var axis: Int? = nil
  }

  /// The operator on real numbers.
  private struct Core {
    let name: String
    let operands: [Operand]
    /// Whole numbers whose scale is the product of the operands' scales.
    var bias: Int? = nil
    /// The positions of the result's scale and zero point.
    let result: (scale: Int, zeroPoint: Int)
    var domain = ""
    var dropped: Set<String> = []
  }

  /// The nodes of an operator; nil where it is none of these, or its scales are known only when it runs.
  init?(_ message: Onnx_NodeProto, constant: @escaping (String) -> TypedTensor?) {
    guard let core = Self.core(of: message) else { return nil }
    self.message = message
    self.core = core
    self.constant = constant
    operands = core.operands
    scalesBias = core.bias.map { message.input.indices.contains($0) && !message.input[$0].isEmpty } ?? false
    var parameters = [core.result.scale, core.result.zeroPoint]
    for operand in core.operands { parameters += [operand.scale, operand.zeroPoint] }
    if let bias = core.bias { parameters.append(bias) }
    // Constants alone are folded as they stand, exactly.
    guard message.output.count == 1, !name(core.result.scale).isEmpty,
      operands.allSatisfy({ !name($0.value).isEmpty && !name($0.scale).isEmpty }),
      parameters.allSatisfy({ name($0).isEmpty || constant(name($0)) != nil }),
      operands.contains(where: { constant(name($0.value)) == nil }),
      operands.allSatisfy({ $0.axis != nil || constant(name($0.scale))?.shape.elementCount == 1 }),
      operands.allSatisfy({ constant(name($0.scale))?.type == .f32 })
    else { return nil }
  }

  private static func core(of message: Onnx_NodeProto) -> Core? {
    let pair = [
      Operand(value: 0, scale: 1, zeroPoint: 2), Operand(value: 3, scale: 4, zeroPoint: 5),
    ]
    let one = [Operand(value: 0, scale: 1, zeroPoint: 2)]
    let isStandard = message.domain.isEmpty || message.domain == "ai.onnx"
    guard isStandard || message.domain == "com.microsoft" else { return nil }
    func flag(_ name: String) -> Bool { message.attribute.contains { $0.name == name && $0.i != 0 } }
    switch (message.opType, isStandard) {
    case ("QLinearConv", _) where !flag("channels_last"):
      var operands = pair
      operands[1].axis = 0
      return Core(
        name: "Conv", operands: operands, bias: 8, result: (6, 7), dropped: ["channels_last"])
    case ("QLinearMatMul", true):
      var operands = pair
      operands[1].axis = -1
      return Core(name: "MatMul", operands: operands, result: (6, 7))
    case ("QGemm", false):
      // The scale of C is that of the products, alpha included; that is only said simply where alpha is 1.
      guard !message.attribute.contains(where: { $0.name == "alpha" && $0.f != 1 }) else { return nil }
      var operands = pair
      operands[1].axis = flag("transB") ? 0 : 1
      return Core(name: "Gemm", operands: operands, bias: 6, result: (7, 8))
    case ("QLinearAdd", false): return Core(name: "Add", operands: pair, result: (6, 7))
    case ("QLinearMul", false): return Core(name: "Mul", operands: pair, result: (6, 7))
    case ("QLinearSigmoid", false): return Core(name: "Sigmoid", operands: one, result: (3, 4))
    case ("QLinearLeakyRelu", false): return Core(name: "LeakyRelu", operands: one, result: (3, 4))
    case ("QLinearGlobalAveragePool", false) where !flag("channels_last"):
      return Core(name: "GlobalAveragePool", operands: one, result: (3, 4), dropped: ["channels_last"])
    case ("QLinearAveragePool", false) where !flag("channels_last"):
      return Core(name: "AveragePool", operands: one, result: (3, 4), dropped: ["channels_last"])
    case ("QLinearConcat", false) where message.input.count >= 5 && (message.input.count - 2) % 3 == 0:
      let operands = stride(from: 2, to: message.input.count, by: 3).map {
        Operand(value: $0, scale: $0 + 1, zeroPoint: $0 + 2)
      }
      return Core(name: "Concat", operands: operands, result: (0, 1))
    default: return nil
    }
  }

  private func name(_ position: Int) -> String {
    message.input.indices.contains(position) ? message.input[position] : ""
  }

  /// The nodes under names of their own.
  ///
  /// - Parameter prefix: what makes the names inside different from all others.
  func inlining(prefix: String) -> Inlining {
    var nodes: [Onnx_NodeProto] = []
    func node(_ name: String, _ inputs: [String], to output: String) -> Onnx_NodeProto {
      var node = Onnx_NodeProto()
      node.opType = name
      node.name = prefix + name
      node.input = inputs
      node.output = [output]
      return node
    }
    func dequantize(_ inputs: [String], axis: Int?, to output: String) {
      var read = node("DequantizeLinear", inputs, to: output)
      read.name = output
      if let axis { read.attribute = [.integer("axis", axis)] }
      nodes.append(read)
    }
    var inputs: [String] = []
    for (index, operand) in operands.enumerated() {
      let output = "\(prefix)operand \(index)"
      dequantize(
        [name(operand.value), name(operand.scale), name(operand.zeroPoint)], axis: operand.axis, to: output)
      inputs.append(output)
    }
    if scalesBias, let bias = core.bias {
      nodes.append(node("Mul", operands.map { name($0.scale) }, to: "\(prefix)bias scale"))
      dequantize([name(bias), "\(prefix)bias scale", ""], axis: -1, to: "\(prefix)bias")
      inputs.append("\(prefix)bias")
    }
    var main = node(core.name, inputs, to: "\(prefix)result")
    main.name = message.name.isEmpty ? "\(message.opType) \(message.output[0])" : message.name
    main.attribute = message.attribute.filter { !core.dropped.contains($0.name) }
    nodes.append(main)
    nodes.append(
      node(
        "QuantizeLinear", ["\(prefix)result", name(core.result.scale), name(core.result.zeroPoint)],
        to: message.output[0]))
    return Inlining(nodes: nodes, constants: [])
  }
}
