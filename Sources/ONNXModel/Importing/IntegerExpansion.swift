import LayerKernels
import TensorOperators

/// Integer arithmetic whose scales come with the data, as nodes on real numbers: what ONNX Runtime's tool writes for "dynamic"
/// quantization. Layers do all of these nodes.
///
/// Rounding to the range of the data gives the same bits. A matrix product of whole numbers is exact in 32-bit floats as long as its
/// sums stay below 2²⁴; where weights could make longer ones they are split into sixteens and the rest, and the two sums are added,
/// which rounds once, as a cast to floats does. A convolution's kernel may compute with other numbers (Winograd's), and its sums
/// are as near as those of any convolution of floats.
struct IntegerExpansion {
  private var nodes: ExpandedNodes

  /// Numbers below this are exact in 32-bit floats.
  private static let exactLimit = 1 << 24

  var inlining: Inlining { nodes.inlining }

  // MARK: Rounding to the range of the data

  /// The nodes of `DynamicQuantizeLinear`; nil for any other operator.
  ///
  /// - Parameter shape: the sizes of the input, which is not constant.
  init?(dynamic message: Onnx_NodeProto, shape: TensorShape, prefix: String) throws {
    guard message.opType == "DynamicQuantizeLinear", message.isStandard,
      message.input.count == 1, message.output.count == 3, !message.output[0].isEmpty, shape.elementCount > 0
    else { return nil }
    nodes = ExpandedNodes(for: message, prefix: prefix)
    let x = message.input[0]
    let one = nodes.constant(TypedTensor(scalar: Float(1)), "one")
    let scaleName = message.output[1].isEmpty ? "\(prefix)scale" : message.output[1]
    let zeroName = message.output[2].isEmpty ? "\(prefix)zero" : message.output[2]
    // The range of the data and 0.
    let above = nodes.add("Relu", [try maximum(of: x, shape, "greatest")])
    let negative = nodes.add("Mul", [x, nodes.constant(TypedTensor(scalar: Float(-1)), "minus one")])
    let below = nodes.add("Relu", [try maximum(of: negative, shape, "least")])
    let range = nodes.add("Add", [above, below])
    let whole = nodes.constant(TypedTensor(scalar: Float(255)), "255")
    // Of zeros alone the scale is 1: what is not 0, times the largest float, is at least 1.
    let nothing = nodes.constant(TypedTensor(scalar: Float(0)), "0")
    let huge = nodes.add("Mul", [range, nodes.constant(TypedTensor(scalar: Float.greatestFiniteMagnitude), "huge")])
    let isRange = nodes.add("Min", [huge, one])
    let scale = nodes.add("Div", [range, whole])
    nodes.add("Add", [scale, nodes.add("Sub", [one, isRange])], to: scaleName)
    let zero = nodes.add("Min", [nodes.add("Max", [nodes.add("Div", [below, scaleName]), nothing]), whole])
    let byteZero = nodes.constant(TypedTensor(scalar: UInt8(0)), "byte zero")
    nodes.add("QuantizeLinear", [zero, one, byteZero], to: zeroName)
    // Rounded before the zero point is added, as the standard says: it may be odd.
    let shortZero = nodes.constant(TypedTensor(scalar: Int16(0)), "short zero")
    let steps = nodes.add("QuantizeLinear", [nodes.add("Div", [x, scaleName]), one, shortZero])
    let rounded = nodes.add("DequantizeLinear", [steps, one, shortZero])
    let shift = nodes.add("DequantizeLinear", [zeroName, one, byteZero])
    nodes.add(
      "QuantizeLinear", [nodes.add("Add", [rounded, shift]), one, byteZero], to: message.output[0], isMain: true)
  }

  /// The greatest element, as a scalar.
  private mutating func maximum(of value: String, _ shape: TensorShape, _ word: String) throws -> String {
    let planes = shape.rank > 2 ? shape[0] * shape[1] : 1
    let positions = shape.elementCount / planes
    let image = try reshape(value, to: [1, planes, 1, positions], "\(word) image")
    let line = try reshape(nodes.add("GlobalMaxPool", [image]), to: [1, 1, 1, planes], "\(word) line")
    return try reshape(nodes.add("GlobalMaxPool", [line]), to: [], "\(word) scalar")
  }

  private mutating func reshape(_ value: String, to sizes: [Int], _ word: String) throws -> String {
    let shape = try TypedTensor(.s64, shape: TensorShape([sizes.count]), integers: sizes)
    return nodes.add("Reshape", [value, nodes.constant(shape, "\(word) shape")])
  }

  // MARK: Sums of products

  /// Whether a node is `ConvInteger` or `MatMulInteger`.
  static func isProduct(_ message: Onnx_NodeProto) -> Bool {
    ["ConvInteger", "MatMulInteger"].contains(message.opType) && message.isStandard && message.output.count == 1
  }

  /// The nodes of `ConvInteger` and `MatMulInteger` where only casts to floats read the sums; nil for any other operator, or where
  /// nobody can tell that floats hold a product's sums.
  ///
  /// - Parameter constant: a value that is known.
  init?(
    product message: Onnx_NodeProto, prefix: String, constant known: (String) -> TypedTensor?
  ) throws {
    guard Self.isProduct(message), (2...4).contains(message.input.count), known(message.input[0]) == nil,
      let weights = known(message.input[1]), weights.shape.rank >= 2
    else { return nil }
    let isConvolution = message.opType == "ConvInteger"
    func zeroPoint(_ index: Int) -> String? {
      message.input.indices.contains(index) && !message.input[index].isEmpty ? message.input[index] : nil
    }
    let zero = zeroPoint(3)
    guard zero == nil || known(zero ?? "") != nil,
      let numbers = Self.centred(weights, zero.flatMap { known($0) }, axis: isConvolution ? 0 : weights.shape.rank - 1)
    else { return nil }
    let shape = weights.shape
    let columns = shape[shape.rank - 1]
    func isExact(_ numbers: [Int]) -> Bool {
      var sums = [Int](repeating: 0, count: columns)
      for (index, number) in numbers.enumerated() { sums[index % columns] += 255 * abs(number) }
      return sums.allSatisfy { $0 < Self.exactLimit }
    }
    var parts = [numbers]
    if !isConvolution {
      if !isExact(numbers) { parts = [numbers.map { $0 / 16 }, numbers.map { $0 % 16 }] }
      guard parts.allSatisfy(isExact) else { return nil }
    }
    nodes = ExpandedNodes(for: message, prefix: prefix)
    let one = nodes.constant(TypedTensor(scalar: Float(1)), "one")
    var input = nodes.add("DequantizeLinear", [message.input[0], one])
    if let shift = zeroPoint(2) {
      guard known(shift).map({ $0.shape.elementCount == 1 }) ?? true else { return nil }
      input = nodes.add("Sub", [input, nodes.add("DequantizeLinear", [shift, one])])
    }
    var sums: [String] = []
    for (index, part) in parts.enumerated() {
      let floats = try TypedTensor(.f32, shape: shape, doubles: part.map { Double($0) })
      let operands = [input, nodes.constant(floats, "weights \(index)")]
      let isLast = parts.count == 1
      sums.append(
        nodes.add(
          isConvolution ? "Conv" : "MatMul", operands, to: isLast ? message.output[0] : nil, isMain: index == 0,
          message.attribute))
    }
    guard sums.count > 1 else { return }
    let sixteens = nodes.add("Mul", [sums[0], nodes.constant(TypedTensor(scalar: Float(16)), "16")])
    nodes.add("Add", [sixteens, sums[1]], to: message.output[0])
  }

  /// Whole numbers less their zero points, one for all or one for each position along an axis.
  private static func centred(_ tensor: TypedTensor, _ zeroPoint: TypedTensor?, axis: Int) -> [Int]? {
    guard tensor.type == .u8 || tensor.type == .s8 else { return nil }
    let numbers = tensor.integers
    guard let zeroPoint else { return numbers }
    let zeros = zeroPoint.integers
    guard zeroPoint.type == tensor.type, zeros.count == 1 || zeros.count == tensor.shape[axis] else { return nil }
    let stride = tensor.shape.dimensions[(axis + 1)...].reduce(1, *)
    return numbers.indices.map { numbers[$0] - (zeros.count == 1 ? zeros[0] : zeros[$0 / stride % zeros.count]) }
  }
}
