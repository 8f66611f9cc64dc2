import LayerKernels
import RealModule

/// Attention that keeps a state of fixed size, and the convolution with a state that comes before it.
extension TensorOperatorRegistry {
  mutating func registerLinearAttention() {
    register("LinearAttention", since: 27, types: LinearAttention.types, evaluate: LinearAttention.evaluate)
    register(
      "CausalConvWithState", since: 27,
      types: { types in
        let (input, weights) = (try types.required(0), try types.required(1))
        let (_, state) = try CausalConvolution.shapes(input.shape, weights.shape)
        return [input, TensorType(input.type, state)]
      }, evaluate: CausalConvolution.evaluate)
  }
}

/// `LinearAttention`.
enum LinearAttention {
  private struct Sizes {
    let batch: Int
    let steps: Int
    let heads: Int
    let keyHeads: Int
    let keySize: Int
    let valueSize: Int

    init(_ query: TensorShape, _ key: TensorShape, _ value: TensorShape, _ attributes: OperatorAttributes) throws {
      heads = attributes.integer("q_num_heads") ?? 0
      keyHeads = attributes.integer("kv_num_heads") ?? 0
      guard keyHeads > 0, heads > 0, heads % keyHeads == 0 else {
        throw OperatorError("q_num_heads \(heads) has to be a multiple of kv_num_heads \(keyHeads)")
      }
      guard query.rank == 3, key.rank == 3, value.rank == 3, query[2] % heads == 0, value[2] % keyHeads == 0 else {
        throw OperatorError("query \(query), key \(key) and value \(value) cannot be divided into heads")
      }
      (batch, steps, keySize, valueSize) = (query[0], query[1], query[2] / heads, value[2] / keyHeads)
      guard key.dimensions == [batch, steps, keyHeads * keySize], value[0] == batch, value[1] == steps else {
        throw OperatorError("query \(query), key \(key) and value \(value) do not fit each other")
      }
    }

    func output() throws -> TensorShape { try TensorShape([batch, steps, heads * valueSize]) }
    func state() throws -> TensorShape { try TensorShape([batch, keyHeads, keySize, valueSize]) }
  }

  /// The output and the state.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let query = try types.required(0)
    let sizes = try Sizes(query.shape, types.required(1).shape, types.required(2).shape, types.attributes)
    return [
      TensorType(query.type, try sizes.output()), TensorType(types.input(3)?.type ?? query.type, try sizes.state()),
    ]
  }

  /// Computes the attention, step by step.
  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let (query, key, value) = (try call.required(0), try call.required(1), try call.required(2))
    let type = try FloatOperands.commonType([query, key, value])
    let sizes = try Sizes(query.shape, key.shape, value.shape, call.attributes)
    let (batch, steps, keyHeads) = (sizes.batch, sizes.steps, sizes.keyHeads)
    let (keySize, valueSize, group) = (sizes.keySize, sizes.valueSize, sizes.heads / sizes.keyHeads)
    let rule = call.attributes.text("update_rule") ?? "gated_delta"
    guard ["linear", "gated", "delta", "gated_delta"].contains(rule) else {
      throw OperatorError("update_rule '\(rule)' is none of linear, gated, delta and gated_delta")
    }
    let decay = try operand(
      call, 4, isNeeded: rule.hasPrefix("gated"), rule, [batch, steps], [keyHeads, keyHeads * keySize])
    let rate = try operand(call, 5, isNeeded: rule.hasSuffix("delta"), rule, [batch, steps], [keyHeads, 1])
    let shape = try sizes.state()
    guard call.input(3) == nil || call.input(3)?.shape == shape else {
      throw OperatorError("past_state \(call.input(3)?.shape.description ?? "") should be \(shape)")
    }
    var state = call.input(3)?.doubles ?? [Double](repeating: 0, count: shape.elementCount)
    let given = Double(call.attributes.float("scale") ?? 0)
    let scale = given == 0 ? 1 / Double(max(keySize, 1)).squareRoot() : given
    let (queries, keys, values) = (query.doubles, key.doubles, value.doubles)
    var output = [Double](repeating: 0, count: try sizes.output().elementCount)
    for image in 0..<batch {
      for step in 0..<steps {
        let row = image * steps + step
        for head in 0..<keyHeads {
          let start = (image * keyHeads + head) * keySize * valueSize
          let (keyStart, valueStart) = ((row * keyHeads + head) * keySize, (row * keyHeads + head) * valueSize)
          if let decay {
            for index in 0..<keySize {
              let factor = Double.exp(
                decay.width == keyHeads ? decay.values[row * keyHeads + head] : decay.values[keyStart + index])
              for column in 0..<valueSize { state[start + index * valueSize + column] *= factor }
            }
          }
          var new = Array(values[valueStart..<valueStart + valueSize])
          if let rate {
            let factor = rate.values[rate.width == 1 ? row : row * keyHeads + head]
            for column in 0..<valueSize {
              let known = (0..<keySize).reduce(0.0) {
                $0 + state[start + $1 * valueSize + column] * keys[keyStart + $1]
              }
              new[column] = factor * (new[column] - known)
            }
          }
          for index in 0..<keySize {
            for column in 0..<valueSize {
              state[start + index * valueSize + column] += keys[keyStart + index] * new[column]
            }
          }
          for member in head * group..<(head + 1) * group {
            let (queryStart, target) = (
              (row * sizes.heads + member) * keySize, (row * sizes.heads + member) * valueSize
            )
            for index in 0..<keySize {
              let factor = scale * queries[queryStart + index]
              for column in 0..<valueSize {
                output[target + column] += factor * state[start + index * valueSize + column]
              }
            }
          }
        }
      }
    }
    return [
      try TypedTensor(type, shape: sizes.output(), doubles: output),
      try TypedTensor(call.input(3)?.type ?? type, shape: shape, doubles: state),
    ]
  }

  /// An operand that some rules need and the others forbid.
  private static func operand(
    _ call: OperatorCall, _ index: Int, isNeeded: Bool, _ rule: String, _ rows: [Int], _ widths: [Int]
  ) throws -> (values: [Double], width: Int)? {
    let name = index == 4 ? "decay" : "beta"
    guard isNeeded == (call.input(index) != nil) else {
      throw OperatorError("update_rule '\(rule)' \(isNeeded ? "needs" : "takes no") \(name)")
    }
    guard let tensor = call.input(index) else { return nil }
    guard widths.contains(where: { tensor.shape.dimensions == rows + [$0] }) else {
      throw OperatorError("\(name) \(tensor.shape) does not fit the keys")
    }
    return (tensor.doubles, tensor.shape[2])
  }
}

/// `CausalConvWithState`: each channel is convolved with what came before.
enum CausalConvolution {
  /// The shape of the input with what came before, and that of the state.
  static func shapes(_ input: TensorShape, _ weights: TensorShape) throws -> (TensorShape, TensorShape) {
    guard input.rank == 3, weights.rank == 3, weights[0] == input[1], weights[1] == 1, weights[2] > 0 else {
      throw OperatorError("weights \(weights) do not fit input \(input)")
    }
    let before = weights[2] - 1
    return (try TensorShape([input[0], input[1], before + input[2]]), try TensorShape([input[0], input[1], before]))
  }

  /// Computes the convolution.
  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let (input, weights, bias) = (try call.required(0), try call.required(1), call.input(2))
    let type = try FloatOperands.commonType([input, weights, bias, call.input(3)])
    let (padded, state) = try shapes(input.shape, weights.shape)
    guard call.input(3) == nil || call.input(3)?.shape == state else {
      throw OperatorError("past_state \(call.input(3)?.shape.description ?? "") should be \(state)")
    }
    let (channels, length, kernel) = (input.shape[1], input.shape[2], weights.shape[2])
    guard bias == nil || bias?.shape.elementCount == channels else {
      throw OperatorError("bias \(bias?.shape.description ?? "") does not fit \(channels) channels")
    }
    let activation = call.attributes.text("activation") ?? "none"
    guard ["none", "silu", "swish"].contains(activation) else {
      throw OperatorError("activation '\(activation)' is none of none, silu and swish")
    }
    let (past, values, factors, biases) = (call.input(3)?.doubles, input.doubles, weights.doubles, bias?.doubles)
    var output: [Double] = []
    var kept: [Double] = []
    output.reserveCapacity(input.shape.elementCount)
    for plane in 0..<input.shape[0] * channels {
      let before = past.map { Array($0[plane * (kernel - 1)..<(plane + 1) * (kernel - 1)]) }
      let row = (before ?? [Double](repeating: 0, count: kernel - 1)) + values[plane * length..<(plane + 1) * length]
      let channel = plane % channels
      for position in 0..<length {
        var sum = biases?[channel] ?? 0
        for tap in 0..<kernel { sum += row[position + tap] * factors[channel * kernel + tap] }
        output.append(sum)
      }
      kept += row[(padded[2] - (kernel - 1))...]
    }
    var result = try TypedTensor(type, shape: input.shape, doubles: output)
    if activation != "none" {
      // The activation sees the convolution in the tensor's type.
      result = try TypedTensor(
        type, shape: input.shape, doubles: result.doubles.map { $0 * ScalarActivation.sigmoid($0) })
    }
    return [result, try TypedTensor(type, shape: state, doubles: kept)]
  }
}
