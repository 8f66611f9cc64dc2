import LayerKernels

/// Operators that pick elements by indices that are operands.
extension TensorOperatorRegistry {
  mutating func registerGathering() {
    register("Gather", types: { [try Gathering.gatherType($0)] }, evaluate: Gathering.gather)
    register("GatherElements", types: { [try Gathering.elementsType($0).type] }, evaluate: Gathering.gatherElements)
    for domain in ["", "com.microsoft"] {
      register(
        TensorOperator(
          "GatherND", domain: domain, types: { [try Gathering.vectorsType($0).type] },
          evaluate: Gathering.gatherVectors))
    }
    register("Compress", evaluate: Gathering.compress)
    register("NonZero", evaluate: Gathering.nonZero)
    register("OneHot", types: TypeRules.planned { [try Gathering.oneHotType($0).type] }, evaluate: Gathering.oneHot)
  }
}

private enum Gathering {
  static func gatherType(_ types: OperatorTypes) throws -> TensorType {
    let (data, indices) = (try types.required(0), try types.required(1))
    let axis = try (types.attributes.integer("axis") ?? 0).axis(rank: data.shape.rank)
    let sizes = data.shape.dimensions
    return TensorType(
      data.type, try TensorShape(sizes[..<axis] + indices.shape.dimensions + sizes[(axis + 1)...]))
  }

  @Sendable static func gather(_ call: OperatorCall) throws -> [TypedTensor] {
    let (data, indices) = (try call.required(0), try call.known.numbers(1) ?? [])
    let type = try gatherType(call.known)
    let axis = try (call.attributes.integer("axis") ?? 0).axis(rank: data.shape.rank)
    let size = data.shape[axis]
    let inner = data.shape.dimensions[(axis + 1)...].product
    let outer = data.shape.dimensions[..<axis].product
    let positions = try indices.map { try Checked.position($0, size: size) * inner }
    var starts: [Int] = []
    starts.reserveCapacity(outer * positions.count)
    for block in 0..<outer { for position in positions { starts.append(block * size * inner + position) } }
    return [try data.runs(at: starts, length: inner, shape: type.shape)]
  }

  static func elementsType(_ types: OperatorTypes) throws -> (type: TensorType, axis: Int) {
    let (data, indices) = (try types.required(0), try types.required(1))
    let axis = try (types.attributes.integer("axis") ?? 0).axis(rank: data.shape.rank)
    let isInside =
      indices.shape.rank == data.shape.rank
      && (0..<data.shape.rank).allSatisfy { $0 == axis || indices.shape[$0] <= data.shape[$0] }
    guard isInside else { throw OperatorError("indices \(indices.shape) do not fit \(data.shape)") }
    return (TensorType(data.type, indices.shape), axis)
  }

  @Sendable static func gatherElements(_ call: OperatorCall) throws -> [TypedTensor] {
    let data = try call.required(0)
    let (type, axis) = try elementsType(call.known)
    let positions = try ElementPositions.along(
      axis, indices: call.known.numbers(1) ?? [], shape: type.shape, in: data.shape)
    return [try data.picking(positions, shape: type.shape)]
  }

  static func vectorsType(_ types: OperatorTypes) throws -> (type: TensorType, batch: Int) {
    let (data, indices) = (try types.required(0), try types.required(1))
    let batch = types.attributes.integer("batch_dims") ?? 0
    guard let length = indices.shape.dimensions.last, batch >= 0, batch < indices.shape.rank,
      length <= data.shape.rank - batch,
      indices.shape.dimensions[..<batch] == data.shape.dimensions[..<batch]
    else { throw OperatorError("indices \(indices.shape) do not fit \(data.shape) with batch_dims \(batch)") }
    let sizes = indices.shape.dimensions.dropLast() + data.shape.dimensions[(batch + length)...]
    return (TensorType(data.type, try TensorShape(Array(sizes))), batch)
  }

  @Sendable static func gatherVectors(_ call: OperatorCall) throws -> [TypedTensor] {
    let (data, indices) = (try call.required(0), try call.required(1))
    let (type, batch) = try vectorsType(call.known)
    let starts = try ElementPositions.ofVectors(
      call.known.numbers(1) ?? [], shape: indices.shape, in: data.shape, batch: batch)
    let length = indices.shape[indices.shape.rank - 1]
    return [
      try data.runs(at: starts, length: data.shape.dimensions[(batch + length)...].product, shape: type.shape)
    ]
  }

  @Sendable static func compress(_ call: OperatorCall) throws -> [TypedTensor] {
    let (data, condition) = (try call.required(0), try call.required(1))
    guard condition.type == .bool, condition.shape.rank == 1 else {
      throw OperatorError("the condition is \(TensorType(condition)) instead of a list of truth values")
    }
    let truths = condition.truths
    guard let given = call.attributes.integer("axis") else {
      let kept = (0..<min(truths.count, data.shape.elementCount)).filter { truths[$0] }
      return [try data.picking(kept, shape: TensorShape([kept.count]))]
    }
    let axis = try given.axis(rank: data.shape.rank)
    var sizes = data.shape.dimensions
    let kept = (0..<min(truths.count, sizes[axis])).filter { truths[$0] }
    let inner = sizes[(axis + 1)...].product
    let outer = sizes[..<axis].product
    let starts = (0..<outer).flatMap { block in kept.map { (block * sizes[axis] + $0) * inner } }
    sizes[axis] = kept.count
    return [try data.runs(at: starts, length: inner, shape: TensorShape(sizes))]
  }

  @Sendable static func nonZero(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    let truths = input.truths
    let found = truths.indices.filter { truths[$0] }
    let rank = max(input.shape.rank, 1)
    let (strides, sizes) = input.shape.rank == 0 ? ([1], [1]) : (input.shape.strides, input.shape.dimensions)
    var indices: [Int] = []
    indices.reserveCapacity(found.count * rank)
    for axis in 0..<rank { for position in found { indices.append(position / strides[axis] % sizes[axis]) } }
    return [try TypedTensor(.s64, shape: TensorShape([rank, found.count]), integers: indices)]
  }

  static func oneHotType(_ types: OperatorTypes) throws -> (type: TensorType, axis: Int) {
    let (indices, depth, values) = (try types.required(0), try types.required(1), try types.required(2))
    guard values.shape == (try TensorShape([2])) else {
      throw OperatorError("values are \(values.shape) instead of two")
    }
    guard depth.shape.elementCount == 1 else { throw OperatorError("the depth is \(depth.shape), no number") }
    guard let constant = types.constant(1) else { throw UnknownOperand() }
    let axis = try (types.attributes.integer("axis") ?? -1).axis(rank: indices.shape.rank + 1)
    var sizes = indices.shape.dimensions
    sizes.insert(constant.integers[0], at: axis)
    return (TensorType(values.type, try TensorShape(sizes)), axis)
  }

  @Sendable static func oneHot(_ call: OperatorCall) throws -> [TypedTensor] {
    let (indices, values) = (try call.required(0), try call.required(2))
    let (type, axis) = try oneHotType(call.known)
    let depth = type.shape[axis]
    var result = TypedTensor.filled(type.shape, with: values.strided(.scalar, []))
    let inner = type.shape.dimensions[(axis + 1)...].product
    for (position, index) in indices.integers.enumerated() where index >= -depth && index < depth {
      let row = index < 0 ? index + depth : index
      let (block, lane) = (position / inner, position % inner)
      result.copyRun(1, from: values, at: 1, to: (block * depth + row) * inner + lane)
    }
    return [result]
  }
}

/// Where the elements lie that indices name.
enum ElementPositions {
  /// For each index, the position of the element that has this index on one axis and the index' own position on all others.
  static func along(_ axis: Int, indices: [Int], shape: TensorShape, in data: TensorShape) throws -> [Int] {
    let strides = data.strides
    var steps = strides
    steps[axis] = 0
    var positions = StridedPositions.list(shape.dimensions, steps)
    let (size, step) = (data[axis], strides[axis])
    for (place, index) in indices.enumerated() { positions[place] += try Checked.position(index, size: size) * step }
    return positions
  }

  /// For each vector of indices, the position of the run that it names.
  static func ofVectors(_ indices: [Int], shape: TensorShape, in data: TensorShape, batch: Int) throws -> [Int] {
    let length = shape[shape.rank - 1]
    let strides = data.strides
    let count = shape.dimensions.dropLast().product
    let batches = shape.dimensions[..<batch].product
    guard count > 0 else { return [] }
    let batchStep = data.dimensions[batch...].product
    return try (0..<count).map { vector in
      var position = vector / (count / batches) * batchStep
      for axis in 0..<length {
        position +=
          try Checked.position(indices[vector * length + axis], size: data[batch + axis]) * strides[batch + axis]
      }
      return position
    }
  }
}
