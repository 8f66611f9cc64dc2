import Luthier

/// Small sound models: one for each operator that is imported, in the forms that its importer tells apart, and a network.
enum ModelSeeds {
  /// An attribute of a node, by the fields of AttributeProto in onnx.proto.
  enum Attribute {
    case integer(String, Int)
    case integers(String, [Int])
    case float(String, Float)
    case floats(String, [Float])
    case text(String, String)
    case tensor(String, [WireField])

    var fields: [WireField] {
      switch self {
      case .integer(let name, let value): [.text(1, name), .number(3, value), .number(20, 2)]
      case .integers(let name, let values): [.text(1, name)] + values.map { .number(8, $0) } + [.number(20, 7)]
      case .float(let name, let value): [.text(1, name), .float(2, value), .number(20, 1)]
      case .floats(let name, let values): [.text(1, name)] + values.map { .float(7, $0) } + [.number(20, 6)]
      case .text(let name, let value): [.text(1, name), .text(4, value), .number(20, 3)]
      case .tensor(let name, let value): [.text(1, name), .message(5, value), .number(20, 4)]
      }
    }
  }

  /// A constant of a model: its sizes, and its elements in one of the ways that files keep them.
  enum Constant {
    case floats([Int], [Float])
    case integers([Int])

    func fields(_ name: String) -> [WireField] {
      switch self {
      case .floats(let sizes, let values):
        let raw = values.flatMap { WireField.littleEndian($0.bitPattern) }
        return sizes.map { .number(1, $0) } + [
          .number(2, 1), .text(8, name), WireField(number: 9, content: .bytes(raw)),
        ]
      case .integers(let values):
        return [.number(1, values.count), .number(2, 7)] + values.map { .number(7, $0) } + [.text(8, name)]
      }
    }
  }

  /// A model of one node over an input `x` and constants `c0`, `c1`, ….
  static func model(
    _ operatorName: String, opset: Int = 17, input: [Int] = [1, 4, 6, 6], outputs: Int = 1,
    constants: [Constant?] = [], _ attributes: [Attribute] = [], takesInput: Bool = true
  ) -> [UInt8] {
    let names = (takesInput ? ["x"] : []) + constants.enumerated().map { $1 == nil ? "" : "c\($0)" }
    let results = (0..<outputs).map { "y\($0)" }
    let node =
      names.map { WireField.text(1, $0) } + results.map { .text(2, $0) } + [.text(3, "n"), .text(4, operatorName)]
      + attributes.map { .message(5, $0.fields) }
    func port(_ name: String, _ sizes: [Int]) -> [WireField] {
      let shape = sizes.map { WireField.message(1, [.number(1, $0)]) }
      return [.text(1, name), .message(2, [.message(1, [.number(1, 1), .message(2, shape)])])]
    }
    let initializers = constants.enumerated().compactMap { index, constant in
      constant.map { WireField.message(5, $0.fields("c\(index)")) }
    }
    let graph =
      [.message(1, node), .text(2, "g")] + initializers + [.message(11, port("x", input))]
      + results.map { .message(12, port($0, [1])) }
    return WireField.encode([
      .number(1, 8), .message(7, graph), .message(8, [.text(1, ""), .number(2, opset)]),
    ])
  }

  /// All models.
  static func all() throws -> [[UInt8]] { try [network()] + layers + movements + selections + constants }

  private static let layers: [[UInt8]] = [
    model(
      "Conv", constants: [.floats([2, 4, 3, 3], Array(repeating: 0.5, count: 72)), .floats([2], [1, 2])],
      [.integers("pads", [1, 1, 1, 1]), .integers("strides", [2, 2]), .integers("dilations", [1, 1])]),
    model(
      "Conv", constants: [.floats([4, 1, 3, 3], Array(repeating: 0.5, count: 36))],
      [.integer("group", 4), .text("auto_pad", "SAME_UPPER")]),
    model("BatchNormalization", constants: (0..<4).map { _ in .floats([4], [1, 2, 3, 4]) }, [.float("epsilon", 1e-5)]),
    model("MaxPool", [.integers("kernel_shape", [3, 3]), .integers("strides", [2, 2]), .integer("ceil_mode", 1)]),
    model(
      "AveragePool",
      [
        .integers("kernel_shape", [2, 2]), .integers("pads", [0, 0, 1, 1]), .integer("count_include_pad", 1),
      ]),
    model("GlobalAveragePool"), model("GlobalMaxPool"),
    model("ReduceMean", [.integers("axes", [2, -1]), .integer("keepdims", 0)]),
    model(
      "Gemm", input: [2, 3],
      constants: [.floats([4, 3], Array(repeating: 1, count: 12)), .floats([4], [1, 2, 3, 4])],
      [.integer("transB", 1), .float("alpha", 0.5), .float("beta", 2)]),
    model("MatMul", input: [2, 3], constants: [.floats([3, 2], [1, 2, 3, 4, 5, 6])]),
    model("Softmax", [.integer("axis", -1)]), model("LeakyRelu", [.float("alpha", 0.1)]), model("HardSwish"),
    model("HardSigmoid", [.float("alpha", 0.1), .float("beta", 0.4)]),
    model("Clip", constants: [.floats([], [0]), .floats([], [6])]),
    model("Clip", opset: 9, [.float("min", 0), .float("max", 1)]),
    model("Add", constants: [.floats([4, 1, 1], [1, 2, 3, 4])]), model("Div", constants: [.floats([1], [3])]),
    model(
      "Resize", constants: [nil, .floats([4], [1, 1, 2, 2])],
      [.text("mode", "linear"), .text("coordinate_transformation_mode", "half_pixel")]),
    model("Resize", constants: [nil, nil, .integers([1, 4, 3, 9])], [.text("nearest_mode", "floor")]),
    model("Upsample", opset: 9, constants: [.floats([4], [1, 1, 2, 2])], [.text("mode", "nearest")]),
  ]

  private static let movements: [[UInt8]] = [
    model("Reshape", constants: [.integers([1, 0, -1])]), model("Flatten", [.integer("axis", 2)]),
    model("Squeeze", constants: [.integers([0])]), model("Unsqueeze", constants: [.integers([0, -1])]),
    model("Transpose", [.integers("perm", [0, 2, 3, 1])]), model("Expand", constants: [.integers([2, 4, 6, 6])]),
    model("Pad", constants: [.integers([0, 0, 1, 2, 0, 0, -1, 2]), .floats([], [3])]),
    model("Pad", constants: [.integers([0, 0, 1, 2, 0, 0, 1, 2])], [.text("mode", "reflect")]),
    model("Pad", constants: [.integers([1, 2]), nil, .integers([3])], [.text("mode", "wrap")]),
  ]

  private static let selections: [[UInt8]] = [
    model("Concat", constants: [.floats([1, 2, 6, 6], Array(repeating: 1, count: 72))], [.integer("axis", 1)]),
    model("Concat", constants: [.integers([1, 2]), .integers([3])], [.integer("axis", 0)], takesInput: false),
    model("Split", outputs: 2, constants: [.integers([1, 3])], [.integer("axis", 1)]),
    model("Split", opset: 18, outputs: 3, [.integer("axis", -1), .integer("num_outputs", 3)]),
    model(
      "Slice",
      constants: [
        .integers([1, -1]), .integers([9_223_372_036_854_775_807, -100]), .integers([1, 2]), .integers([2, -1]),
      ]
    ),
    model("Slice", opset: 9, [.integers("starts", [1]), .integers("ends", [3]), .integers("axes", [1])]),
    model("Gather", constants: [.integers([0, -1])], [.integer("axis", 1)]),
  ]

  private static let constants: [[UInt8]] = [
    model("Constant", [.tensor("value", Constant.floats([2], [1, 2]).fields("t"))], takesInput: false),
    model("Constant", [.integers("value_ints", [1, 2])], takesInput: false),
    model("Constant", [.floats("value_floats", [1, 2])], takesInput: false),
    model(
      "ConstantOfShape", constants: [.integers([2, 3])],
      [.tensor("value", [.number(1, 1), .number(2, 7), .number(7, 5)])], takesInput: false),
    model("Shape", [.integer("start", 1), .integer("end", -1)]), model("Size"), model("Identity"), model("Dropout"),
    model("Cast", constants: [.integers([3, 4])], [.integer("to", 1)], takesInput: false),
    model("Range", constants: [.integers([0]), .integers([9]), .integers([2])], takesInput: false),
    model("Floor", constants: [.floats([2], [1.5, -1.5])], takesInput: false),
    model("Mul", constants: [.integers([3, 4]), .integers([5])], takesInput: false),
    model("Expand", constants: [.floats([1], [2]), .integers([3, 2])], takesInput: false),
    model("Transpose", constants: [.floats([2, 3], [1, 2, 3, 4, 5, 6])], takesInput: false),
    model("Pad", constants: [.floats([2], [1, 2]), .integers([1, 1])], takesInput: false),
  ]

  private static func network() throws -> [UInt8] {
    var builder = NetworkBuilder(name: "seed", seed: 1)
    var value = try builder.input(batch: 1, channels: 2, height: 6, width: 6)
    value = try builder.convolutionUnit(value, outputs: 4, kernel: 3)
    let left = try builder.channels(value, 0..<2)
    let right = try builder.activation(builder.channels(value, 2..<4), .hardSwish)
    value = try builder.shuffle(builder.concatenate([left, right]), groups: 2)
    let scores = try builder.dense(builder.globalAveragePooling(value), outputs: 3)
    return try ONNXModel.encode(builder.finish([("scores", scores)]))
  }

  /// Tensors of every element type that is read, in raw bytes and in typed fields.
  static func tensors() -> [[UInt8]] {
    let widths: [(type: Int, width: Int)] = [
      (1, 4), (2, 1), (3, 1), (4, 2), (5, 2), (6, 4), (7, 8), (9, 1), (10, 2), (11, 8), (16, 2),
    ]
    let raw = widths.map { type, width in
      WireField.encode([
        .number(1, 2), .number(1, 3), .number(2, type), .text(8, "t"),
        WireField(number: 9, content: .bytes((0..<(6 * width)).map { UInt8($0) })),
      ])
    }
    let typed: [[WireField]] = [
      [.number(1, 2), .number(2, 1), .float(4, 1), .float(4, -2)],
      [.number(1, 3), .number(2, 6), .number(5, 1), .number(5, -2), .number(5, 3)],
      [.number(1, 2), .number(2, 7), .number(7, 1 << 40), .number(7, -1)],
      [.number(1, 1), .number(2, 11), WireField(number: 10, content: .fixed(WireField.littleEndian(2.5.bitPattern)))],
      [.number(2, 1), .float(4, 1), .number(14, 1), .message(13, [.text(1, "location"), .text(2, "elsewhere")])],
    ]
    return raw + typed.map { WireField.encode($0) }
  }
}
