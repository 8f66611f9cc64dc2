import LayerKernels

/// Convolutions and matrix products of 8-bit integers.
extension TensorOperatorRegistry {
  mutating func registerQuantizedProducts() {
    register(
      "ConvInteger",
      types: { types in
        let (input, weights) = (try types.required(0), try types.required(1))
        let sizes = try ConvolutionSizes(input: input.shape, weights: weights.shape, attributes: types.attributes)
        return [TensorType(.s32, sizes.outputShape)]
      },
      evaluate: { call in
        let (shape, sums) = try QuantizedConvolution.sums(
          call.required(0), zeroPoint: call.input(2), call.required(1), zeroPoint: call.input(3), call.attributes)
        return [try TypedTensor(.s32, shape: shape, integers: sums.map { Int(saturating: $0) })]
      })
    for domain in ["", "com.microsoft"] {
      register(
        TensorOperator(
          "QLinearConv", domain: domain, types: QuantizedConvolution.types, evaluate: QuantizedConvolution.evaluate))
    }
    register("QLinearMatMul", types: QuantizedMatrixProduct.types, evaluate: QuantizedMatrixProduct.evaluate)
  }
}

/// Convolutions of integers.
enum QuantizedConvolution {
  /// The sums of products without zero points, exact.
  static func sums(
    _ input: TypedTensor, zeroPoint: TypedTensor?, _ weights: TypedTensor, zeroPoint weightsZeroPoint: TypedTensor?,
    _ attributes: OperatorAttributes
  ) throws -> (TensorShape, [Double]) {
    let sizes = try ConvolutionSizes(input: input.shape, weights: weights.shape, attributes: attributes)
    let left = try centred(input, zeroPoint, axis: nil)
    let right = try centred(weights, weightsZeroPoint, axis: 0)
    func convolve<Number: ProductNumber>(_: Number.Type) -> [Double] {
      var output = [Number](repeating: 0, count: sizes.outputShape.elementCount)
      left.map { Number($0) }.withUnsafeBufferPointer { left in
        right.map { Number($0) }.withUnsafeBufferPointer { right in
          output.withUnsafeMutableBufferPointer { sizes.add(left, weights: right, to: $0) }
        }
      }
      return output.map { Double($0) }
    }
    let largest = { (values: [Int]) in values.reduce(0) { max($0, $1.magnitude) } }
    let depth = UInt(sizes.groupChannels * sizes.windowArea)
    // Sums below 2²⁴ are exact in single precision.
    let isSmall = largest(left) * largest(right) * depth < 1 << 24
    return (sizes.outputShape, isSmall ? convolve(Float.self) : convolve(Double.self))
  }

  /// 8-bit integers less their zero point: one for all, or one for each position along an axis.
  static func centred(_ tensor: TypedTensor, _ zeroPoint: TypedTensor?, axis: Int?) throws -> [Int] {
    guard tensor.type == .u8 || tensor.type == .s8 else {
      throw OperatorError("\(tensor.type) is not an 8-bit integer type")
    }
    guard let zeroPoint else { return tensor.integers }
    guard zeroPoint.type == tensor.type else {
      throw OperatorError("a zero point of \(zeroPoint.type) for \(tensor.type)")
    }
    let points = zeroPoint.integers
    if points.count == 1 { return tensor.integers.map { $0 - points[0] } }
    guard let axis, points.count == tensor.shape[axis] else {
      throw OperatorError("\(points.count) zero points do not fit \(tensor.shape)")
    }
    let step = tensor.shape.strides[axis]
    return tensor.integers.enumerated().map { $1 - points[$0 / step % points.count] }
  }

  /// The output has the type of its zero point, the last operand but one.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let (input, weights, zeroPoint) = (try types.required(0), try types.required(3), try types.required(7))
    let last = types.attributes.flag("channels_last")
    let shape = last ? try ChannelsLast.channelsFirst(input.shape) : input.shape
    let output = try ConvolutionSizes(input: shape, weights: weights.shape, attributes: types.attributes).outputShape
    return [TensorType(zeroPoint.type, last ? try ChannelsLast.channelsLast(output) : output)]
  }

  /// `QLinearConv`.
  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let last = call.attributes.flag("channels_last")
    var input = try call.required(0)
    if last { input = try ChannelsLast.channelsFirst(input) }
    let weights = try call.required(3)
    var (shape, sums) = try Self.sums(
      input, zeroPoint: call.required(2), weights, zeroPoint: call.required(5), call.attributes)
    let area = max(shape.dimensions.dropFirst(2).reduce(1, *), 1)
    if let bias = call.input(8) {
      let numbers = bias.integers
      guard numbers.count == shape[1] else {
        throw OperatorError("a bias of \(numbers.count) for \(shape[1]) channels")
      }
      for index in sums.indices { sums[index] += Double(numbers[index / area % numbers.count]) }
    }
    let output = try Requantization(
      input: call.required(1), weights: call.required(4), output: call.required(6), zeroPoint: call.required(7),
      channels: shape[1])
    let result = try output.tensor(shape, sums) { $0 / area % shape[1] }
    return [last ? try ChannelsLast.channelsLast(result) : result]
  }
}

/// Sums of products of 8-bit integers as 8-bit integers again.
struct Requantization {
  private let factors: [Float]
  private let zeroPoint: Float
  private let type: ElementType

  /// The factor from sums to outputs: one for all, or one for each channel.
  ///
  /// - Throws: ``OperatorError`` when there are not as many scales as channels.
  init(input: TypedTensor, weights: TypedTensor, output: TypedTensor, zeroPoint: TypedTensor, channels: Int) throws {
    guard zeroPoint.type == .u8 || zeroPoint.type == .s8 else {
      throw OperatorError("\(zeroPoint.type) is not an 8-bit integer type")
    }
    guard input.shape.elementCount == 1, output.shape.elementCount == 1, zeroPoint.shape.elementCount == 1 else {
      throw OperatorError("the scales of input and output have to be single numbers")
    }
    let scales = weights.numbers(as: Float.self)
    guard scales.count == 1 || scales.count == channels else {
      throw OperatorError("\(scales.count) scales for \(channels) channels")
    }
    let (from, to) = (input.numbers(as: Float.self)[0], output.numbers(as: Float.self)[0])
    factors = scales.map { from * $0 / to }
    self.zeroPoint = Float(zeroPoint.integers[0])
    type = zeroPoint.type
  }

  /// The outputs, rounded to the nearest and cut to the bounds of their type.
  ///
  /// - Parameters:
  ///   - roundsLast: whether the zero point is added before rounding, which decides where ties go.
  ///   - channel: whose factor holds for an element.
  func tensor(
    _ shape: TensorShape, _ sums: [Double], roundsLast: Bool = false, channel: (Int) -> Int
  ) throws -> TypedTensor {
    let bounds = type.integerBounds ?? 0...0
    let values = sums.enumerated().map { index, sum in
      let value = Float(sum) * (factors.count == 1 ? factors[0] : factors[channel(index)])
      let moved =
        roundsLast ? (value + zeroPoint).rounded(.toNearestOrEven) : value.rounded(.toNearestOrEven) + zeroPoint
      return Int(saturating: Double(moved)).clamped(to: bounds)
    }
    return try TypedTensor(type, shape: shape, integers: values)
  }
}

/// Tensors whose channels are the last dimension.
enum ChannelsLast {
  static func channelsFirst(_ shape: TensorShape) throws -> TensorShape {
    guard shape.rank >= 2 else { throw OperatorError("\(shape) has no channels") }
    return try TensorShape([shape[0], shape[shape.rank - 1]] + shape.dimensions[1..<shape.rank - 1])
  }

  static func channelsLast(_ shape: TensorShape) throws -> TensorShape {
    guard shape.rank >= 2 else { throw OperatorError("\(shape) has no channels") }
    return try TensorShape([shape[0]] + shape.dimensions.dropFirst(2) + [shape[1]])
  }

  static func channelsFirst(_ tensor: TypedTensor) throws -> TypedTensor {
    let (shape, strides) = (try channelsFirst(tensor.shape), tensor.shape.strides)
    let steps = [strides[0], strides[strides.count - 1]] + strides[1..<strides.count - 1]
    return try tensor.picking(StridedPositions.list(shape.dimensions, steps), shape: shape)
  }

  static func channelsLast(_ tensor: TypedTensor) throws -> TypedTensor {
    let (shape, strides) = (try channelsLast(tensor.shape), tensor.shape.strides)
    let steps = [strides[0]] + strides.dropFirst(2) + [strides[1]]
    return try tensor.picking(StridedPositions.list(shape.dimensions, steps), shape: shape)
  }
}
