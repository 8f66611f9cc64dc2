import LayerKernels
import Network

extension GraphExporter {
  static func attributes(of window: WindowGeometry) -> [Onnx_AttributeProto] {
    let pads = window.pads
    return [
      .integers("kernel_shape", [window.kernel.height, window.kernel.width]),
      .integers("strides", [window.stride.height, window.stride.width]),
      .integers("dilations", [window.dilation.height, window.dilation.width]),
      .integers("pads", [pads.top, pads.left, pads.bottom, pads.right]),
    ]
  }

  static func pooling(
    _ problem: PoolingProblem, _ inputs: [String]
  ) -> (operatorName: String, inputs: [String], attributes: [Onnx_AttributeProto]) {
    if problem.isGlobal {
      return (problem.reduction == .maximum ? "GlobalMaxPool" : "GlobalAveragePool", inputs, [])
    }
    var attributes = attributes(of: problem.window)
    if problem.roundsUp { attributes.append(.integer("ceil_mode", 1)) }
    guard problem.reduction != .maximum else { return ("MaxPool", inputs, attributes) }
    // AveragePool has dilations since opset 19 only.
    attributes.removeAll { $0.name == "dilations" }
    attributes.append(.integer("count_include_pad", problem.reduction == .averageIncludingPadding ? 1 : 0))
    return ("AveragePool", inputs, attributes)
  }

  static func operatorName(of function: ElementwiseProblem.Binary) -> String {
    switch function {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .maximum: "Max"
    case .minimum: "Min"
    }
  }
}

extension Onnx_AttributeProto {
  static func integer(_ name: String, _ value: Int) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .int
    attribute.i = Int64(value)
    return attribute
  }

  static func integers(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .ints
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  static func float(_ name: String, _ value: Float) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .float
    attribute.f = value
    return attribute
  }

  static func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .string
    attribute.s = .init(value.utf8)
    return attribute
  }
}
