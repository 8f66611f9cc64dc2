import LayerKernels
import RealModule

/// Normalizations with a scale for each channel: of instances, of groups and of batches.
extension TensorOperatorRegistry {
  mutating func registerChannelNormalizations() {
    register("InstanceNormalization", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      guard input.shape.rank >= 2 else { throw OperatorError("its input is \(input.shape), without channels") }
      return [try normalized(call, groups: input.shape[1])]
    }
    register("GroupNormalization", types: TypeRules.sameAsInput) { call in
      guard let groups = call.attributes.integer("num_groups") else {
        throw OperatorError("attribute 'num_groups' is missing")
      }
      return [try normalized(call, groups: groups)]
    }
    register("MeanVarianceNormalization", types: TypeRules.sameAsInput) { call in
      [try meanVarianceNormalized(call)]
    }
    register("LpNormalization", types: TypeRules.sameAsInput) { call in [try lengthNormalized(call)] }
    register("LRN", types: TypeRules.sameAsInput) { call in [try responseNormalized(call)] }
  }
}

/// Groups of channels brought to a mean of 0 and a variance of 1; the scale is one a channel or, before opset 21, one a group.
private func normalized(_ call: OperatorCall, groups: Int) throws -> TypedTensor {
  let (input, scale, bias) = (try call.required(0), try call.required(1), try call.required(2))
  guard input.shape.rank >= 2, groups > 0 || input.shape[1] == 0, groups <= 0 || input.shape[1] % groups == 0 else {
    throw OperatorError("the channels of \(input.shape) cannot be divided into \(groups) groups")
  }
  guard input.shape.elementCount > 0 else { return input }
  let channels = input.shape[1]
  let isPerGroup = scale.shape.elementCount == groups && groups != channels && call.opset < 21
  let parameterCount = isPerGroup ? groups : channels
  guard scale.shape.elementCount == parameterCount, bias.shape.elementCount == parameterCount else {
    throw OperatorError("scale \(scale.shape) and bias \(bias.shape) are not \(parameterCount) numbers each")
  }
  let (factors, shifts) = (scale.doubles, bias.doubles)
  let epsilon = call.number("epsilon", 1e-5)
  let spatial = input.shape.dimensions.dropFirst(2).reduce(1, *)
  let perGroup = channels / groups
  let lines = Lines(try TensorShape([input.shape[0] * groups, perGroup * spatial]), along: 1..<2)
  return try lines.changing(input) { line, number in
    let statistics = LineStatistics(line)
    let inverse = 1 / (statistics.variance + epsilon).squareRoot()
    for channel in 0..<perGroup {
      let parameter = isPerGroup ? number % groups : number % groups * perGroup + channel
      let (factor, shift) = (factors[parameter] * inverse, shifts[parameter])
      for index in channel * spatial..<(channel + 1) * spatial {
        line[index] = (line[index] - statistics.mean) * factor + shift
      }
    }
  }
}

private func meanVarianceNormalized(_ call: OperatorCall) throws -> TypedTensor {
  let input = try call.required(0)
  var isJoined = [Bool](repeating: false, count: input.shape.rank)
  for axis in call.attributes.integers("axes") ?? [0, 2, 3] { isJoined[try axis.axis(rank: input.shape.rank)] = true }
  let plan = try ReductionPlan(input.shape, isJoined: isJoined, keepsAxes: true)
  guard input.type.isFloat else { throw OperatorError("its input is \(input.type), not floating-point") }
  var values = input.doubles
  let count = Double(plan.joinedCount)
  let means = values.withUnsafeBufferPointer { plan.fold($0, 0.0) { sum, value, _ in sum + value } }.map { $0 / count }
  let squares = values.withUnsafeBufferPointer {
    plan.fold($0, 0.0) { $0 + ($1 - means[$2]) * ($1 - means[$2]) }
  }
  // The standard's own definition adds this to the deviation.
  let deviations = squares.map { ($0 / count).squareRoot() + 1e-9 }
  plan.walk.forEachRow { source, step, target, targetStep, length in
    for index in 0..<length {
      let place = target + index * targetStep
      values[source + index * step] = (values[source + index * step] - means[place]) / deviations[place]
    }
  }
  return try TypedTensor(input.type, shape: input.shape, doubles: values)
}

/// Lines divided by their length; those of length 0 stay 0.
private func lengthNormalized(_ call: OperatorCall) throws -> TypedTensor {
  let input = try call.required(0)
  let axis = try (call.attributes.integer("axis") ?? -1).axis(rank: input.shape.rank)
  let power = call.attributes.integer("p") ?? 2
  guard power == 1 || power == 2 else { throw OperatorError("p is \(power); only 1 and 2 are defined") }
  return try Lines(input.shape, along: axis..<axis + 1).changing(input) { line, _ in
    var sum = 0.0
    for value in line { sum += power == 1 ? value.magnitude : value * value }
    let length = power == 1 ? sum : sum.squareRoot()
    for index in line.indices { line[index] = length == 0 ? 0 : line[index] / length }
  }
}

/// Elements divided by a power of the squares in a window of neighbouring channels.
private func responseNormalized(_ call: OperatorCall) throws -> TypedTensor {
  let input = try call.required(0)
  guard input.shape.rank >= 2 else { throw OperatorError("its input is \(input.shape), without channels") }
  guard let size = call.attributes.integer("size"), size > 0 else {
    throw OperatorError("attribute 'size' is missing or not positive")
  }
  let (alpha, beta, bias) = (call.number("alpha", 1e-4), call.number("beta", 0.75), call.number("bias", 1))
  // A window that is wider than all channels is as wide as they are.
  let before = min((size - 1) / 2, input.shape[1])
  let after = min(size - 1 - (size - 1) / 2, input.shape[1])
  var squares = [Double](repeating: 0, count: input.shape[1])
  return try Lines(input.shape, along: 1..<2).changing(input) { line, _ in
    for index in line.indices { squares[index] = line[index] * line[index] }
    for index in line.indices {
      var sum = 0.0
      for neighbour in max(index - before, 0)...min(index + after, line.count - 1) {
        sum += squares[neighbour]
      }
      line[index] /= Double.pow(bias + alpha / Double(size) * sum, beta)
    }
  }
}
