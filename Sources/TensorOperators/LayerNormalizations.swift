import LayerKernels

/// Normalizations over the last axes: of the mean and variance, or of the mean square alone, with ONNX Runtime's forms that add a
/// second operand first.
extension TensorOperatorRegistry {
  mutating func registerLayerNormalizations() {
    register(
      "LayerNormalization", types: { try LayerNormalization.types($0, statistics: 2) },
      evaluate: { try LayerNormalization.evaluate($0, centers: true) })
    register("RMSNormalization", types: TypeRules.sameAsInput) { call in
      [try LayerNormalization.evaluate(call, centers: false)[0]]
    }
    // ONNX Runtime keeps this one in the standard domain.
    for domain in ["", "com.microsoft"] {
      register(
        TensorOperator(
          "SimplifiedLayerNormalization", domain: domain, types: { try LayerNormalization.types($0, statistics: 1) },
          evaluate: { try LayerNormalization.evaluate($0, centers: false) }))
    }
    register(
      TensorOperator(
        "SkipLayerNormalization", domain: "com.microsoft", types: SkipLayerNormalization.types,
        evaluate: { try SkipLayerNormalization.evaluate($0, centers: true) }))
    register(
      TensorOperator(
        "SkipSimplifiedLayerNormalization", domain: "com.microsoft", types: SkipLayerNormalization.types,
        evaluate: { try SkipLayerNormalization.evaluate($0, centers: false) }))
  }
}

private enum LayerNormalization {
  /// The result, and the shape of the statistics in the type that they are computed in.
  static func types(_ types: OperatorTypes, statistics: Int) throws -> [TensorType]? {
    let input = try types.required(0)
    let axis = try (types.attributes.integer("axis") ?? -1).axis(rank: input.shape.rank)
    let statistic = TensorType(try stash(types.attributes), try statisticsShape(input.shape, axis))
    let all = [input] + [TensorType](repeating: statistic, count: statistics)
    return Array(all.prefix(max(types.outputCount, 1)))
  }

  static func evaluate(_ call: OperatorCall, centers: Bool) throws -> [TypedTensor] {
    let (input, scale) = (try call.required(0), try call.required(1))
    let axis = try (call.attributes.integer("axis") ?? -1).axis(rank: input.shape.rank)
    let bias = centers ? call.input(2) : nil
    let normalized = try NormalizedLines(
      input, axes: axis..<input.shape.rank, scale: scale, bias: bias, epsilon: call.number("epsilon", 1e-5),
      centers: centers)
    let shape = try statisticsShape(input.shape, axis)
    let type = try stash(call.attributes)
    var outputs = [normalized.result]
    if call.wantedOutputs.count > 1, centers {
      outputs.append(try TypedTensor(type, shape: shape, doubles: normalized.means))
    }
    if call.wantedOutputs.count > outputs.count {
      outputs.append(try TypedTensor(type, shape: shape, doubles: normalized.inverseDeviations))
    }
    return outputs
  }

  private static func stash(_ attributes: OperatorAttributes) throws -> ElementType {
    guard attributes.integer("stash_type") != nil else { return .f32 }
    let type = try ElementType(attribute: "stash_type", of: attributes)
    guard type.isFloat else { throw OperatorError("its stash_type is \(type), not floating-point") }
    return type
  }

  static func statisticsShape(_ shape: TensorShape, _ axis: Int) throws -> TensorShape {
    try TensorShape(shape.dimensions.enumerated().map { $0 < axis ? $1 : 1 })
  }
}

private enum SkipLayerNormalization {
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let input = try types.required(0)
    let axis = try (-1).axis(rank: input.shape.rank)
    let statistic = TensorType(.f32, try LayerNormalization.statisticsShape(input.shape, axis))
    return Array([input, statistic, statistic, input].prefix(max(types.outputCount, 1)))
  }

  /// The sum of two operands and a bias, normalized over the last axis; the sum itself is the fourth output.
  static func evaluate(_ call: OperatorCall, centers: Bool) throws -> [TypedTensor] {
    let input = try call.required(0)
    let axis = try (-1).axis(rank: input.shape.rank)
    var sum = try plus(input, call.required(1))
    let (beta, bias) = centers ? (call.input(3), call.input(4)) : (nil, call.input(3))
    if let bias { sum = try plus(sum, bias) }
    let normalized = try NormalizedLines(
      sum, axes: axis..<sum.shape.rank, scale: call.required(2), bias: beta,
      epsilon: call.number("epsilon", 1e-12), centers: centers)
    guard call.wantedOutputs.count > 1 else { return [normalized.result] }
    let shape = try LayerNormalization.statisticsShape(sum.shape, axis)
    return [
      normalized.result, try TypedTensor(.f32, shape: shape, doubles: normalized.means),
      try TypedTensor(.f32, shape: shape, doubles: normalized.inverseDeviations), sum,
    ]
  }

  private static func plus(_ input: TypedTensor, _ other: TypedTensor) throws -> TypedTensor {
    guard input.type.isFloat, other.type == input.type else {
      throw OperatorError("its operands are \(input.type) and \(other.type)")
    }
    guard try Broadcasting.shape(of: [input.shape, other.shape]) == input.shape else {
      throw OperatorError("\(other.shape) cannot be broadcast to \(input.shape)")
    }
    return try Elementwise.floats(input, other) { $0 + $1 }
  }
}

/// Lines brought to a mean of 0 (where they are centered) and a variance of 1, then scaled and shifted.
private struct NormalizedLines {
  let result: TypedTensor
  private(set) var means: [Double]
  private(set) var inverseDeviations: [Double]

  init(
    _ input: TypedTensor, axes: Range<Int>, scale: TypedTensor, bias: TypedTensor?, epsilon: Double, centers: Bool
  ) throws {
    let lines = Lines(input.shape, along: axes)
    let factors = try LineParameters(scale, of: input.shape, axes, "scale")
    let shifts = try bias.map { try LineParameters($0, of: input.shape, axes, "bias") }
    var (means, deviations) = ([Double](repeating: 0, count: lines.outer), [Double](repeating: 0, count: lines.outer))
    result = try lines.changing(input) { line, number in
      let statistics = LineStatistics(line, centers: centers)
      let inverse = 1 / (statistics.variance + epsilon).squareRoot()
      means[number] = statistics.mean
      deviations[number] = inverse
      let (factor, shift) = (factors.start(number), shifts?.start(number) ?? 0)
      if let shifts {
        for index in line.indices {
          line[index] =
            (line[index] - statistics.mean) * inverse * factors.values[factor + index] + shifts.values[shift + index]
        }
      } else {
        for index in line.indices {
          line[index] = (line[index] - statistics.mean) * inverse * factors.values[factor + index]
        }
      }
    }
    self.means = means
    inverseDeviations = deviations
  }
}

/// A scale or a bias for the elements of lines: the same for all of them, or another for each.
private struct LineParameters {
  let values: [Double]
  private let period: Int

  init(_ parameter: TypedTensor, of shape: TensorShape, _ axes: Range<Int>, _ name: String) throws {
    guard parameter.type != .bool, try Broadcasting.shape(of: [shape, parameter.shape]) == shape else {
      throw OperatorError("a \(name) \(TensorType(parameter)) cannot be broadcast to \(shape)")
    }
    let line = try TensorShape(Array(shape.dimensions[axes]))
    let own = try TensorShape(Array(parameter.shape.dimensions.drop { $0 == 1 }))
    let isShared = own.rank <= line.rank
    values = try parameter.reshaped(to: own).broadcast(to: isShared ? line : shape).doubles
    period = isShared ? 0 : line.elementCount
  }

  @inline(__always) func start(_ line: Int) -> Int { line * period }
}

/// The mean and the variance of a line; where it is not centered the mean counts as 0.
struct LineStatistics {
  let mean: Double
  let variance: Double

  @inline(__always)
  init(_ line: UnsafeMutableBufferPointer<Double>, centers: Bool = true) {
    var sum = 0.0
    if centers { for value in line { sum += value } }
    let mean = sum / Double(line.count)
    self.mean = centers ? mean : 0
    var squares = 0.0
    for value in line { squares += (value - self.mean) * (value - self.mean) }
    variance = squares / Double(line.count)
  }
}
