import LayerKernels

/// Operators between floating-point numbers and whole ones with a scale and a zero point.
extension TensorOperatorRegistry {
  mutating func registerQuantization() {
    for domain in ["", "com.microsoft"] {
      register(
        TensorOperator(
          "QuantizeLinear", domain: domain,
          types: { types in
            let type = try Quantizing.outputType(types.attributes, zeroPoint: types.input(2)?.type)
            return [TensorType(type, try types.required(0).shape)]
          }, evaluate: { [try Quantizing.evaluate($0)] }))
      register(
        TensorOperator(
          "DequantizeLinear", domain: domain,
          types: { types in
            let type = try Dequantizing.outputType(types.attributes, scale: types.required(1).type)
            return [TensorType(type, try types.required(0).shape)]
          }, evaluate: { [try Dequantizing.evaluate($0)] }))
    }
    register(
      "DynamicQuantizeLinear",
      types: { types in
        let all = [TensorType(.u8, try types.required(0).shape), TensorType(.f32, .scalar), TensorType(.u8, .scalar)]
        return Array(all.prefix(max(types.outputCount, 1)))
      }, evaluate: { try Quantizing.dynamic($0.required(0)) })
  }
}

/// The scale and the zero point for each element of a tensor: one for all, one for each position of an axis, or one for each
/// block along an axis.
struct QuantizationParameters {
  let scales: [Double]
  let zeroPoints: [Int]
  let pair: BroadcastPair

  init(_ call: OperatorCall, _ shape: TensorShape, scale: TypedTensor, zeroPoint: TypedTensor?) throws {
    guard scale.type.isFloat else { throw OperatorError("its scale is \(scale.type), not floating-point") }
    if let zeroPoint, zeroPoint.shape.elementCount != scale.shape.elementCount {
      throw OperatorError("zero point \(zeroPoint.shape) does not fit scale \(scale.shape)")
    }
    let zeros = zeroPoint?.integers ?? [Int](repeating: 0, count: scale.shape.elementCount)
    let block = call.attributes.integer("block_size") ?? 0
    guard block >= 0 else { throw OperatorError("block_size is \(block), below 0") }
    let given = call.attributes.integer("axis") ?? 1
    if block == 0, scale.shape.elementCount == 1 {
      (scales, zeroPoints, pair) = (scale.doubles, zeros, try BroadcastPair(shape, .scalar))
      return
    }
    // A vector has one axis, whatever the default says.
    let axis = try shape.rank == 1 ? 0 : given.axis(rank: shape.rank)
    guard block > 0 else {
      guard scale.shape.rank == 1, scale.shape[0] == shape[axis] else {
        throw OperatorError("scale \(scale.shape) does not fit axis \(axis) of \(shape)")
      }
      let aligned = try TensorShape(
        shape.dimensions.indices.map { $0 == axis ? shape[axis] : 1 })
      (scales, zeroPoints, pair) = (scale.doubles, zeros, try BroadcastPair(shape, aligned))
      return
    }
    let blocks = shape[axis] / block + (shape[axis] % block == 0 ? 0 : 1)
    let expected = shape.dimensions.enumerated().map { $0 == axis ? blocks : $1 }
    guard scale.shape.dimensions == expected else {
      throw OperatorError("scale \(scale.shape) does not fit blocks of \(block) along axis \(axis) of \(shape)")
    }
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let positions = (0..<shape.elementCount).map { position in
      let (line, along) = (position / inner / max(shape[axis], 1), position / inner % max(shape[axis], 1))
      return (line * blocks + along / block) * inner + position % inner
    }
    let (allScales, allZeros) = (scale.doubles, zeros)
    scales = positions.map { allScales[$0] }
    zeroPoints = positions.map { allZeros[$0] }
    pair = try BroadcastPair(shape, shape)
  }

  /// The positions of the parameters, to be combined with the elements.
  var places: [Int] { Array(scales.indices) }
}

enum Quantizing {
  static func outputType(_ attributes: OperatorAttributes, zeroPoint: ElementType?) throws -> ElementType {
    let named = attributes.integer("output_dtype") ?? 0
    let type = try named == 0 ? zeroPoint ?? .u8 : ElementType(attribute: "output_dtype", of: attributes)
    guard zeroPoint == nil || zeroPoint == type else {
      throw OperatorError("its output is \(type), its zero point \(zeroPoint ?? type)")
    }
    guard type.isInteger, type.fileBitCount <= 16 else { throw OperatorError("it cannot quantize to \(type)") }
    return type
  }

  static func evaluate(_ call: OperatorCall) throws -> TypedTensor {
    let (input, scale) = (try call.required(0), try call.required(1))
    let type = try outputType(call.attributes, zeroPoint: call.input(2)?.type)
    let parameters = try QuantizationParameters(call, input.shape, scale: scale, zeroPoint: call.input(2))
    let named = call.attributes.integer("precision") ?? 0
    // Before the precision was an attribute, ONNX Runtime divided half-precision numbers in 32 bits.
    let usual = scale.type == .f16 && call.opset < 23 ? ElementType.f32 : scale.type
    let precision = try named == 0 ? usual : ElementType(attribute: "precision", of: call.attributes)
    guard input.type.isFloat || input.type == .s32 else { throw OperatorError("its input is \(input.type)") }
    return try quantize(input, parameters, precision: precision, to: type)
  }

  private static func quantize(
    _ input: TypedTensor, _ parameters: QuantizationParameters, precision: ElementType, to type: ElementType
  ) throws -> TypedTensor {
    let bounds = type.integerBounds ?? 0...0
    let (scales, zeros) = (parameters.scales, parameters.zeroPoints)
    guard input.type == .f32, precision == .f32, type.byteCount == 1 else {
      let values = parameters.pair.combine(input.doubles, parameters.places, zero: 0) { value, place in
        let quotient = (value.rounded(to: precision) / scales[place].rounded(to: precision)).rounded(to: precision)
        return quotient.quantized(zeros[place], bounds)
      }
      return try TypedTensor(type, shape: input.shape, integers: values)
    }
    var result = TypedTensor(type, shape: input.shape)
    let floats = scales.map { Float($0) }
    input.withElements(as: Float.self) { elements in
      parameters.places.withUnsafeBufferPointer { places in
        result.withMutableBytes { bytes in
          parameters.pair.combine(elements, places, into: bytes.assumingMemoryBound(to: UInt8.self)) { value, place in
            UInt8(truncatingIfNeeded: Double(value / floats[place]).quantized(zeros[place], bounds))
          }
        }
      }
    }
    return result
  }

  /// Whole numbers of 8 bits whose scale and zero point span the elements and 0.
  static func dynamic(_ input: TypedTensor) throws -> [TypedTensor] {
    guard let tensor = input.floats else { throw OperatorError("its input is \(input.type), not f32") }
    let (least, greatest) = tensor.withElements { elements in
      var (least, greatest): (Float, Float) = (0, 0)
      for value in elements {
        if value < least { least = value }
        if value > greatest { greatest = value }
      }
      return (least, greatest)
    }
    let scale = least == greatest ? 1 : (greatest - least) / 255
    let zero = Int(saturating: Double(min(max(-least / scale, 0), 255)).rounded(.toNearestOrEven))
    var result = TypedTensor(.u8, shape: input.shape)
    tensor.withElements { elements in
      result.withMutableElements(as: UInt8.self) { target in
        for (index, value) in elements.enumerated() {
          target[index] = UInt8(truncatingIfNeeded: Double(value / scale).quantized(zero, 0...255))
        }
      }
    }
    return [result, TypedTensor(scalar: scale), TypedTensor(scalar: UInt8(clamping: zero))]
  }
}

private enum Dequantizing {
  static func outputType(_ attributes: OperatorAttributes, scale: ElementType) throws -> ElementType {
    let named = attributes.integer("output_dtype") ?? 0
    let type = try named == 0 ? scale : ElementType(attribute: "output_dtype", of: attributes)
    guard type.isFloat else { throw OperatorError("its output is \(type), not floating-point") }
    return type
  }

  static func evaluate(_ call: OperatorCall) throws -> TypedTensor {
    let (input, scale) = (try call.required(0), try call.required(1))
    let type = try outputType(call.attributes, scale: scale.type)
    guard input.type.isInteger, input.type.fileBitCount <= 32 else {
      throw OperatorError("its input is \(input.type), not small whole numbers")
    }
    if let zero = call.input(2), zero.type != input.type {
      throw OperatorError("its input is \(input.type), its zero point \(zero.type)")
    }
    let parameters = try QuantizationParameters(call, input.shape, scale: scale, zeroPoint: call.input(2))
    let (scales, zeros) = (parameters.scales, parameters.zeroPoints)
    guard type == .f32 else {
      let results = parameters.pair.combine(input.integers, parameters.places, zero: 0) { value, place in
        Double(Float(value &- zeros[place])) * scales[place]
      }
      return try TypedTensor(type, shape: input.shape, doubles: results)
    }
    switch input.type {
    case .u8, .u4, .u2: return floats(input, parameters, UInt8.self) { Int($0) }
    case .s8, .s4, .s2: return floats(input, parameters, Int8.self) { Int($0) }
    case .s16: return floats(input, parameters, Int16.self) { Int($0) }
    case .u16: return floats(input, parameters, UInt16.self) { Int($0) }
    case .u32: return floats(input, parameters, UInt32.self) { Int($0) }
    default: return floats(input, parameters, Int32.self) { Int($0) }
    }
  }

  /// 32-bit floats from whole numbers of one Swift type.
  @inline(__always)
  private static func floats<Element: TensorElement>(
    _ input: TypedTensor, _ parameters: QuantizationParameters, _ element: Element.Type, _ integer: (Element) -> Int
  ) -> TypedTensor {
    let (scales, zeros) = (parameters.scales.map { Float($0) }, parameters.zeroPoints)
    var result = TypedTensor(.f32, shape: input.shape)
    input.withElements(as: element) { elements in
      parameters.places.withUnsafeBufferPointer { places in
        result.withMutableElements(as: Float.self) { target in
          parameters.pair.combine(elements, places, into: target) { value, place in
            Float(integer(value) &- zeros[place]) * scales[place]
          }
        }
      }
    }
    return result
  }
}

extension Double {
  /// The nearest whole number, ties to even, plus a zero point, cut to bounds.
  @inline(__always)
  package func quantized(_ zeroPoint: Int, _ bounds: ClosedRange<Int>) -> Int {
    let nearest = rounded(.toNearestOrEven) + Double(zeroPoint)
    return nearest >= Double(bounds.upperBound)
      ? bounds.upperBound : nearest > Double(bounds.lowerBound) ? Int(nearest) : bounds.lowerBound
  }

  /// The nearest number of a floating-point type; of 32 bits first, which changes no quotient of two numbers of 16.
  func rounded(to type: ElementType) -> Double {
    switch type {
    case .f16: Double(Float16(Float(self)))
    case .bf16: Double(Float(BFloat16(Float(self))))
    case .f32: Double(Float(self))
    default: self
    }
  }
}
