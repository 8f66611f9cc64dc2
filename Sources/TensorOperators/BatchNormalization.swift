import LayerKernels

/// BatchNormalization of all versions, with the given statistics or, where it trains, with those of the batch.
extension TensorOperatorRegistry {
  mutating func registerBatchNormalization() {
    register("BatchNormalization", types: BatchNormalization.types, evaluate: BatchNormalization.evaluate)
  }
}

private enum BatchNormalization {
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let (input, mean) = (try types.required(0), try types.required(3))
    let statistics = [mean, try types.required(4), mean, try types.required(4)]
    let all = [input] + statistics.prefix(types.opset >= 14 ? 2 : 4)
    return Array(all.prefix(max(types.outputCount, 1)))
  }

  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    guard input.shape.rank >= 1 else { throw OperatorError("its input is a scalar, without channels") }
    // The old form for each element of an image is the same with every element a channel.
    let isSpatial = call.opset >= 9 || call.attributes.integer("spatial") ?? 1 != 0
    let sizes = input.shape.rank == 1 ? [input.shape[0], 1] : input.shape.dimensions
    let channels = isSpatial ? sizes[1] : sizes.dropFirst().reduce(1, *)
    let parameters = try (1..<5).map { index in
      let parameter = try call.required(index)
      guard parameter.type.isFloat, parameter.shape.elementCount == channels else {
        throw OperatorError("input \(index) is \(TensorType(parameter)), not \(channels) numbers")
      }
      return parameter.doubles
    }
    let epsilon = call.number("epsilon", 1e-5)
    // Before opset 14 a node trains if it names the statistics; exporters leave `is_test` out.
    let trains =
      call.opset >= 14 ? call.attributes.flag("training_mode") : call.wantedOutputs.dropFirst().contains(true)
    guard trains else {
      // The statistics stay as they are.
      return [
        try normalized(input, channels, parameters, parameters[2], parameters[3], epsilon), try call.required(3),
        try call.required(4),
      ]
    }
    let count = channels == 0 ? 0 : input.shape.elementCount / channels
    guard count > 0 || channels == 0 else { throw OperatorError("a batch without elements has no statistics") }
    let (means, variances) = statistics(input, channels)
    let momentum = call.number("momentum", 0.9)
    func running(_ old: Int, _ new: [Double]) throws -> TypedTensor {
      let (shape, type) = (try call.required(old).shape, try call.required(old).type)
      let values = zip(call.input(old)?.doubles ?? [], new).map { $0 * momentum + $1 * (1 - momentum) }
      return try TypedTensor(type, shape: shape, doubles: values)
    }
    let (mean, variance) = (try call.required(3), try call.required(4))
    let outputs = [
      try normalized(input, channels, parameters, means, variances, epsilon), try running(3, means),
      try running(4, variances), try TypedTensor(mean.type, shape: mean.shape, doubles: means),
      try TypedTensor(variance.type, shape: variance.shape, doubles: variances),
    ]
    return Array(outputs.prefix(call.opset >= 14 ? 3 : 5))
  }

  /// Each channel's elements as lines: images, channels, positions.
  private static func box(_ input: TypedTensor, _ channels: Int) throws -> TensorShape {
    let images = input.shape[0]
    return try TensorShape([images, channels, input.shape.elementCount / max(images * channels, 1)])
  }

  private static func normalized(
    _ input: TypedTensor, _ channels: Int, _ parameters: [[Double]], _ means: [Double], _ variances: [Double],
    _ epsilon: Double
  ) throws -> TypedTensor {
    let factors = zip(parameters[0], variances).map { $0 / ($1 + epsilon).squareRoot() }
    guard input.shape.elementCount > 0 else { return input }
    return try Lines(box(input, channels), along: 2..<3).changing(input) { line, number in
      let channel = number % channels
      let (factor, mean, shift) = (factors[channel], means[channel], parameters[1][channel])
      for index in line.indices { line[index] = (line[index] - mean) * factor + shift }
    }
  }

  /// The mean and the population variance of each channel.
  private static func statistics(_ input: TypedTensor, _ channels: Int) -> ([Double], [Double]) {
    let values = input.doubles
    guard !values.isEmpty else {
      return ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
    }
    let positions = values.count / (input.shape[0] * channels)
    let count = Double(input.shape[0] * positions)
    var means = [Double](repeating: 0, count: channels)
    for (index, value) in values.enumerated() { means[index / positions % channels] += value / count }
    var variances = [Double](repeating: 0, count: channels)
    for (index, value) in values.enumerated() {
      let channel = index / positions % channels
      variances[channel] += (value - means[channel]) * (value - means[channel]) / count
    }
    return (means, variances)
  }
}
