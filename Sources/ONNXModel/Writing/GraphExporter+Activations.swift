import LayerKernels
import Network

/// An input of an operator in a chain that is the output of an earlier one of it, rather than of the one before.
enum EarlierOutput {
  /// A number that no file knows, so that none can hold a name that begins so.
  private static let mark = "\u{1}\(UInt64.random(in: 0 ... .max)) "

  /// The output of the operator so many places before.
  static func back(_ distance: Int) -> String { "\(mark)\(distance)" }

  /// How many places before; nil for any other name.
  static func distance(_ name: String) -> Int? {
    name.hasPrefix(mark) ? Int(name.dropFirst(mark.count)) : nil
  }
}

extension GraphExporter {
  /// The operators of an activation; `first` is its input where it begins a chain.
  ///
  /// What is younger than the written opset is written by its formula, as exporters of that opset do.
  mutating func activationSteps(
    _ activation: Activation, first: String?, _ node: GraphNode
  ) -> [(operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto])] {
    let start = first.map { [$0] } ?? []
    // The activation's input, for its operator number `step`.
    func value(_ step: Int) -> String { first ?? EarlierOutput.back(step + 1) }
    let previous = EarlierOutput.back(1)
    func number(_ value: Float, _ name: String) -> String {
      weights(Tensor(shape: .scalar, repeating: value), "\(node.name).\(name)")
    }
    func bound(_ value: Float, _ name: String) -> String { value.isInfinite ? "" : number(value, name) }
    switch activation {
    case .identity: return [("Identity", start, [])]
    case .relu: return [("Relu", start, [])]
    case .relu6: return [("Clip", start + [bound(0, "lower"), bound(6, "upper")], [])]
    case .clip(let lower, let upper): return [("Clip", start + [bound(lower, "lower"), bound(upper, "upper")], [])]
    case .leakyRelu(let slope): return [("LeakyRelu", start, [.float("alpha", slope)])]
    case .hardSwish: return [("HardSwish", start, [])]
    case .hardSigmoid(let alpha, let beta):
      return [("HardSigmoid", start, [.float("alpha", alpha), .float("beta", beta)])]
    case .sigmoid: return [("Sigmoid", start, [])]
    case .tanh: return [("Tanh", start, [])]
    case .elu(let alpha): return [("Elu", start, [.float("alpha", alpha)])]
    case .celu(let alpha): return [("Celu", start, [.float("alpha", alpha)])]
    case .selu(let alpha, let gamma): return [("Selu", start, [.float("alpha", alpha), .float("gamma", gamma)])]
    case .softplus: return [("Softplus", start, [])]
    case .softsign: return [("Softsign", start, [])]
    case .erf: return [("Erf", start, [])]
    case .quantized(let step, let lower, let upper):
      let scale = number(step, "scale")
      guard (-255...0).contains(lower), upper <= lower + 255 else {
        // No whole numbers of 8 bits have these bounds.
        return [
          ("Div", start + [scale], []), ("Clip", [number(lower, "lower"), number(upper, "upper")], []),
          ("Round", [], []),
          ("Mul", [scale], []),
        ]
      }
      let zero = weights(TypedTensor(scalar: UInt8(clamping: Int(-lower))), "\(node.name).zero")
      let clip = upper < lower + 255 ? [("Clip", start + ["", number(upper * step, "upper")], [])] : [Step]()
      return clip + [
        ("QuantizeLinear", (clip.isEmpty ? start : []) + [scale, zero], []), ("DequantizeLinear", [scale, zero], []),
      ]
    case .swish: return [("Sigmoid", start, []), ("Mul", [value(1), previous], [])]
    case .scaledSwish(let alpha):
      return [
        ("Mul", start + [number(alpha, "alpha")], []), ("Sigmoid", [], []), ("Mul", [value(2), previous], []),
      ]
    case .mish: return [("Softplus", start, []), ("Tanh", [], []), ("Mul", [value(2), previous], [])]
    case .gelu:
      return [
        ("Div", start + [number(Float(2).squareRoot(), "root")], []), ("Erf", [], []),
        ("Add", [number(1, "one")], []), ("Mul", [value(3), previous], []), ("Mul", [number(0.5, "half")], []),
      ]
    case .geluTanh:
      let factor = Float((2 / Double.pi).squareRoot())
      return [
        ("Mul", [value(0), value(0)], []), ("Mul", [value(1), previous], []),
        ("Mul", [number(0.044715, "cubic")], []), ("Add", [value(3), previous], []),
        ("Mul", [number(factor, "factor")], []), ("Tanh", [], []), ("Add", [number(1, "one")], []),
        ("Mul", [value(7), previous], []), ("Mul", [number(0.5, "half")], []),
      ]
    }
  }
}
