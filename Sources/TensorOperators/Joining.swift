import LayerKernels

/// Operators that join tensors and take them apart.
extension TensorOperatorRegistry {
  mutating func registerJoining() {
    register("Concat", types: { [try Joining.joined($0).type] }) { call in
      try [Joining.concatenate(call.inputs.compactMap { $0 }, Joining.joined(call.known))]
    }
    register("Split", types: TypeRules.planned { try Joining.parts($0).types }) { call in
      let (input, parts) = (try call.required(0), try Joining.parts(call.known))
      let strides = input.shape.strides
      var start = 0
      return parts.types.map { part in
        defer { start += part.shape[parts.axis] * strides[parts.axis] }
        return input.strided(part.shape, strides, start: start)
      }
    }
  }
}

private enum Joining {
  static func joined(_ types: OperatorTypes) throws -> (type: TensorType, axis: Int) {
    let first = try types.required(0)
    guard let given = types.attributes.integer("axis") ?? (types.opset < 4 ? 1 : nil) else {
      throw OperatorError("axis is missing")
    }
    let axis = try given.axis(rank: first.shape.rank)
    var sizes = first.shape.dimensions
    for input in types.inputs.dropFirst() {
      guard let input else { throw OperatorError("an input is missing") }
      guard input.type == first.type else { throw OperatorError("its inputs are \(first.type) and \(input.type)") }
      guard input.shape.rank == sizes.count, sizes.indices.allSatisfy({ $0 == axis || sizes[$0] == input.shape[$0] })
      else { throw OperatorError("\(first.shape) and \(input.shape) cannot be joined at axis \(axis)") }
      sizes[axis] = try Checked.sum(sizes[axis], input.shape[axis])
    }
    return (TensorType(first.type, try TensorShape(sizes)), axis)
  }

  static func concatenate(_ inputs: [TypedTensor], _ joined: (type: TensorType, axis: Int)) -> TypedTensor {
    var result = TypedTensor(joined.type.type, shape: joined.type.shape)
    let line = joined.type.shape.dimensions[joined.axis...].product
    guard joined.type.shape.elementCount > 0 else { return result }
    let lines = joined.type.shape.elementCount / line
    var position = 0
    for input in inputs {
      let run = input.shape.dimensions[joined.axis...].product
      for index in 0..<lines { result.copyRun(run, from: input, at: index * run, to: index * line + position) }
      position += run
    }
    return result
  }

  static func parts(_ types: OperatorTypes) throws -> (types: [TensorType], axis: Int) {
    let input = try types.required(0)
    let axis = try (types.attributes.integer("axis") ?? 0).axis(rank: input.shape.rank)
    let size = input.shape[axis]
    var given = types.opset < 13 ? types.attributes.integers("split") : nil
    if given == nil, types.opset < 2 || types.opset >= 13 { given = try types.numbers(1) }
    let sizes: [Int]
    if let given {
      let isFull = try given.reduce(0) { try Checked.sum($0, $1) } == size
      guard isFull, !given.contains(where: { $0 < 0 }) else {
        throw OperatorError("parts \(given) do not add up to \(size)")
      }
      sizes = given
    } else {
      let count = (types.opset >= 18 ? types.attributes.integer("num_outputs") : nil) ?? types.outputCount
      guard count > 0, count <= 1 << 20 else { throw OperatorError("\(count) parts") }
      guard types.opset >= 18 || size % count == 0 else {
        throw OperatorError("\(size) cannot be split into \(count) equal parts")
      }
      let part = (size + count - 1) / count
      let last = size - part * (count - 1)
      guard last >= 0 else { throw OperatorError("\(size) cannot be split into \(count) parts of \(part)") }
      sizes = [Int](repeating: part, count: count - 1) + [last]
    }
    let parts = try sizes.map { part in
      var dimensions = input.shape.dimensions
      dimensions[axis] = part
      return TensorType(input.type, try TensorShape(dimensions))
    }
    return (parts, axis)
  }
}
