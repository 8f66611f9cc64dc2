import LayerKernels
import RealModule

/// Operators of ONNX Runtime's own domain that its optimizer and its quantizer write.
extension TensorOperatorRegistry {
  mutating func registerVendorProducts() {
    registerVendor("FusedGemm", types: { [try VendorProducts.generalType($0)] }, VendorProducts.fusedGeneral)
    registerVendor("MatMulInteger16", types: { [TensorType(.s32, try Matrices.productType($0).shape)] }) { call in
      let (left, right) = (try call.required(0), try call.required(1))
      let plan = try MatrixProduct(left.shape, right.shape)
      return [
        try TypedTensor(.s32, shape: plan.shape, integers: plan.integers(left.integers, right.integers))
      ]
    }
    let floats: TensorOperator.TypeRule = { [TensorType(.f32, try Matrices.productType($0).shape)] }
    registerVendor("DynamicQuantizeMatMul", types: floats, VendorProducts.dynamicProduct)
    registerVendor("MatMulIntegerToFloat", types: floats) { call in
      [
        try VendorProducts.scaled(
          try call.required(0), try call.required(1), zeroPoints: (call.input(4), call.input(5)),
          scales: (try call.required(2), try call.required(3)), bias: call.input(6))
      ]
    }
    registerVendor("QGemm", types: QuantizedGemm.types, QuantizedGemm.evaluate)
    registerVendor("QLinearConcat", types: { [try VendorProducts.joinedType($0).type] }, VendorProducts.join)
    registerVendor("NhwcMaxPool", types: { [try ChannelsLastPool($0).type] }) { call in
      [try ChannelsLastPool(call.known).pooled(call.required(0))]
    }
  }

  private mutating func registerVendor(
    _ name: String, types: @escaping TensorOperator.TypeRule, _ evaluate: @escaping TensorOperator.Evaluation
  ) {
    register(TensorOperator(name, domain: "com.microsoft", types: types, evaluate: evaluate))
  }
}

private enum VendorProducts {
  /// The version of `Gemm` that the vendor's is like; its own domain has but one.
  private static let generalOpset = 13

  static func generalType(_ types: OperatorTypes) throws -> TensorType {
    try Matrices.generalType(
      OperatorTypes(
        opset: generalOpset, attributes: types.attributes, inputs: types.inputs, constants: types.constants,
        outputCount: types.outputCount))
  }

  @Sendable static func fusedGeneral(_ call: OperatorCall) throws -> [TypedTensor] {
    let general = OperatorCall(
      call.operatorName, opset: generalOpset, attributes: call.attributes, inputs: call.inputs)
    let sums = try Matrices.general(general)[0]
    let alpha = Double(call.attributes.float("activation_alpha") ?? 0.01)
    let beta = Double(call.attributes.float("activation_beta") ?? 0.5)
    let activation: (Double) -> Double
    switch call.attributes.text("activation") ?? "" {
    case "": return [sums]
    case "Relu": activation = { $0 < 0 ? 0 : $0 }
    case "LeakyRelu": activation = { $0 < 0 ? alpha * $0 : $0 }
    case "Sigmoid": activation = { 1 / (1 + Double.exp(-$0)) }
    case "Tanh": activation = { Double.tanh($0) }
    case "HardSigmoid": activation = { min(max(alpha * $0 + beta, 0), 1) }
    case let name: throw OperatorError("activation '\(name)' is not supported")
    }
    return [try TypedTensor(sums.type, shape: sums.shape, doubles: sums.doubles.map(activation))]
  }

  /// A product of integers less their zero points, times the scales, plus a bias.
  static func scaled(
    _ left: TypedTensor, _ right: TypedTensor, zeroPoints: (TypedTensor?, TypedTensor?),
    scales: (TypedTensor, TypedTensor), bias: TypedTensor?
  ) throws -> TypedTensor {
    let plan = try MatrixProduct(left.shape, right.shape)
    let sums = plan.integers(
      try Matrices.withoutZeroPoint(left, zeroPoints.0, isLeft: true),
      try Matrices.withoutZeroPoint(right, zeroPoints.1, isLeft: false))
    func repeated(_ tensor: TypedTensor, _ name: String) throws -> [Float] {
      guard (try? Broadcasting.shape(of: [tensor.shape, plan.shape])) == plan.shape else {
        throw OperatorError("\(name) \(tensor.shape) does not fit \(plan.shape)")
      }
      return try tensor.repeated(to: plan.shape).asFloats.elements
    }
    func scale(_ tensor: TypedTensor, _ name: String) throws -> [Float] {
      // One number may be held as a list of one, which has more dimensions than a product of vectors.
      try repeated(tensor.shape.elementCount == 1 ? tensor.reshaped(to: .scalar) : tensor, name)
    }
    let (first, second) = (try scale(scales.0, "the left scale"), try scale(scales.1, "the right scale"))
    let addends = try bias.map { try repeated($0, "the bias") }
    return try TypedTensor(
      shape: plan.shape,
      elements: sums.indices.map { Float(sums[$0]) * (first[$0] * second[$0]) + (addends?[$0] ?? 0) })
  }

  @Sendable static func dynamicProduct(_ call: OperatorCall) throws -> [TypedTensor] {
    let values = try call.required(0)
    let elements = values.asFloats.elements
    let least = min(elements.min() ?? 0, 0)
    let greatest = max(elements.max() ?? 0, 0)
    let scale = greatest == least ? 1 : (greatest - least) / 255
    let zero = min(max((-least / scale).rounded(.toNearestOrEven), 0), 255)
    let bytes = elements.map { value -> UInt8 in
      let place = (value / scale).rounded(.toNearestOrEven) + zero
      return place.isNaN ? 0 : UInt8(min(max(place, 0), 255))
    }
    let offset = zero.isNaN ? 0 : UInt8(zero)
    return [
      try scaled(
        TypedTensor(shape: values.shape, elements: bytes), try call.required(1),
        zeroPoints: (TypedTensor(scalar: offset), call.input(3)),
        scales: (TypedTensor(scalar: scale), try call.required(2)), bias: call.input(4))
    ]
  }

  static func joinedType(_ types: OperatorTypes) throws -> (type: TensorType, axis: Int) {
    guard types.inputs.count >= 5, (types.inputs.count - 2) % 3 == 0 else {
      throw OperatorError("\(types.inputs.count) inputs are not a scale, a zero point and threes")
    }
    let target = try types.required(1).type
    let first = try types.required(2)
    guard let given = types.attributes.integer("axis") else { throw OperatorError("axis is missing") }
    let axis = try given.axis(rank: first.shape.rank)
    var sizes = first.shape.dimensions
    for index in stride(from: 5, to: types.inputs.count, by: 3) {
      let shape = try types.required(index).shape
      guard shape.rank == sizes.count, sizes.indices.allSatisfy({ $0 == axis || sizes[$0] == shape[$0] }) else {
        throw OperatorError("\(first.shape) and \(shape) cannot be joined at axis \(axis)")
      }
      sizes[axis] = try Checked.sum(sizes[axis], shape[axis])
    }
    return (TensorType(target, try TensorShape(sizes)), axis)
  }

  @Sendable static func join(_ call: OperatorCall) throws -> [TypedTensor] {
    let (type, axis) = try joinedType(call.known)
    func number(_ index: Int) throws -> Float {
      let input = try call.required(index)
      guard input.shape.elementCount == 1 else { throw OperatorError("input \(index) is \(input.shape), no number") }
      return input.asFloats.elements[0]
    }
    guard let bounds = type.type.integerBounds else { throw OperatorError("a zero point of \(type.type)") }
    let (scale, zero) = (try number(0), try number(1))
    var result = TypedTensor(type.type, shape: type.shape)
    guard type.shape.elementCount > 0 else { return [result] }
    let line = type.shape.dimensions[axis...].product
    var position = 0
    for index in stride(from: 2, to: call.inputs.count, by: 3) {
      let input = try call.required(index)
      let (ownScale, ownZero) = (try number(index + 1), try number(index + 2))
      let values = input.asFloats.elements.map { value -> Int in
        let place = ((value - ownZero) * ownScale / scale).rounded(.toNearestOrEven) + zero
        return min(max(Int(saturating: Double(place)), bounds.lowerBound), bounds.upperBound)
      }
      let part = try TypedTensor(type.type, shape: input.shape, integers: values)
      let run = input.shape.dimensions[axis...].product
      for block in 0..<type.shape.elementCount / line {
        result.copyRun(run, from: part, at: block * run, to: block * line + position)
      }
      position += run
    }
    return [result]
  }
}

/// `NhwcMaxPool`: the largest byte of each window, channels last.
private struct ChannelsLastPool {
  let type: TensorType
  private let kernel, strides, dilations, fronts: [Int]

  init(_ types: OperatorTypes) throws {
    let input = try types.required(0)
    let spatial = input.shape.rank - 2
    guard spatial > 0, input.type == .u8 || input.type == .s8 else {
      throw OperatorError("\(input) is no picture of bytes")
    }
    let attributes = types.attributes
    func list(_ name: String, _ value: Int, _ count: Int) -> [Int] {
      attributes.integers(name) ?? [Int](repeating: value, count: count)
    }
    kernel = attributes.integers("kernel_shape") ?? []
    strides = list("strides", 1, spatial)
    dilations = list("dilations", 1, spatial)
    let pads = list("pads", 0, 2 * spatial)
    let limit = 1...Int(Int32.max)
    guard kernel.count == spatial, strides.count == spatial, dilations.count == spatial, pads.count == 2 * spatial,
      (kernel + strides + dilations).allSatisfy(limit.contains), pads.allSatisfy({ (0...Int(Int32.max)).contains($0) })
    else { throw OperatorError("kernel_shape, strides, dilations or pads do not fit \(input.shape)") }
    let auto = attributes.text("auto_pad") ?? "NOTSET"
    guard ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(auto) else {
      throw OperatorError("auto_pad '\(auto)' is not known")
    }
    var sizes = [input.shape[0]]
    var fronts: [Int] = []
    for axis in 0..<spatial {
      let (size, stride) = (input.shape[axis + 1], strides[axis])
      let reach = (kernel[axis] - 1) * dilations[axis] + 1
      if auto.hasPrefix("SAME") {
        let count = (size + stride - 1) / stride
        let padding = max(0, (max(count, 1) - 1) * stride + reach - size)
        fronts.append(auto == "SAME_UPPER" ? padding / 2 : padding - padding / 2)
        sizes.append(count)
        continue
      }
      let (front, back) = auto == "VALID" ? (0, 0) : (pads[axis], pads[axis + spatial])
      let room = size + front + back - reach
      guard room >= 0 else { throw OperatorError("a window of \(reach) does not fit \(size)") }
      var count = room / stride + 1
      // A window that is not whole counts when it begins inside.
      if attributes.flag("ceil_mode"), room % stride != 0, count * stride < size + front { count += 1 }
      fronts.append(front)
      sizes.append(count)
    }
    self.fronts = fronts
    type = TensorType(input.type, try TensorShape(sizes + [input.shape[spatial + 1]]))
  }

  func pooled(_ input: TypedTensor) throws -> TypedTensor {
    let values = input.integers
    let (strides, spatial) = (input.shape.strides, kernel.count)
    let channels = input.shape[spatial + 1]
    let places = type.shape.dimensions[1...spatial].product
    guard let least = type.type.integerBounds?.lowerBound else { return input }
    var result = [Int](repeating: least, count: type.shape.elementCount)
    var target = 0
    for item in 0..<type.shape[0] {
      for place in 0..<places {
        // The elements of the window that lie inside, axis by axis.
        var starts = [item * strides[0]]
        var rest = place
        for axis in (0..<spatial).reversed() {
          let first = rest % type.shape[axis + 1] * self.strides[axis] - fronts[axis]
          rest /= type.shape[axis + 1]
          let (size, dilation) = (input.shape[axis + 1], dilations[axis])
          let skipped = first < 0 ? min((-first + dilation - 1) / dilation, kernel[axis]) : 0
          let steps = first >= size ? 0 : min(kernel[axis], (size - 1 - first) / dilation + 1)
          let inside = (skipped..<max(steps, skipped)).map { (first + $0 * dilation) * strides[axis + 1] }
          starts = inside.flatMap { offset in starts.map { $0 + offset } }
        }
        for channel in 0..<channels {
          for start in starts { result[target + channel] = max(result[target + channel], values[start + channel]) }
        }
        target += channels
      }
    }
    return try TypedTensor(type.type, shape: type.shape, integers: result)
  }
}
