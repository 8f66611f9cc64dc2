import LayerKernels
import TensorOperators

/// An operator on whole numbers with scales as the nodes that it stands for: its operands read back, the operator on real numbers,
/// and the rounding of its result. Layers do all of these; the operator itself, computed as it stands, is no layer.
struct QuantizedExpansion {
  private let message: Onnx_NodeProto
  private let core: Core

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
    var dropped: Set<String> = []
  }

  /// The nodes of an operator; nil where it is none of these, or its scales are known only when it runs.
  init?(_ message: Onnx_NodeProto, constant: (String) -> TypedTensor?) {
    guard let core = Self.core(of: message) else { return nil }
    self.message = message
    self.core = core
    let operands = core.operands
    var parameters = [core.result.scale, core.result.zeroPoint]
    for operand in operands { parameters += [operand.scale, operand.zeroPoint] }
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
    let isStandard = message.isStandard
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
    var nodes = ExpandedNodes(for: message, prefix: prefix)
    var inputs = core.operands.map { operand in
      nodes.add(
        "DequantizeLinear", [name(operand.value), name(operand.scale), name(operand.zeroPoint)],
        operand.axis.map { [.integer("axis", $0)] } ?? [])
    }
    if let bias = core.bias, !name(bias).isEmpty {
      let scale = nodes.add("Mul", core.operands.map { name($0.scale) })
      inputs.append(nodes.add("DequantizeLinear", [name(bias), scale], [.integer("axis", -1)]))
    }
    let attributes = message.attribute.filter { !core.dropped.contains($0.name) }
    let result = nodes.add(core.name, inputs, isMain: true, attributes)
    nodes.add(
      "QuantizeLinear", [result, name(core.result.scale), name(core.result.zeroPoint)], to: message.output[0])
    return nodes.inlining
  }
}
