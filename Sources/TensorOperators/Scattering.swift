import LayerKernels

/// Operators that write elements to positions that are operands.
extension TensorOperatorRegistry {
  mutating func registerScattering() {
    register("Scatter", types: TypeRules.sameAsInput, evaluate: Scattering.scatterElements)
    register("ScatterElements", types: TypeRules.sameAsInput, evaluate: Scattering.scatterElements)
    register("ScatterND", types: TypeRules.sameAsInput, evaluate: Scattering.scatterVectors)
    register("TensorScatter", types: TypeRules.sameAsInput, evaluate: Scattering.updateCache)
    register("MaxUnpool", types: TypeRules.planned { [try Scattering.unpooled($0)] }, evaluate: Scattering.maxUnpool)
  }
}

private enum Scattering {
  /// What becomes of an element that is written to.
  enum Reduction: String { case none, add, mul, min, max }

  static func reduction(_ attributes: OperatorAttributes) throws -> Reduction {
    let word = attributes.text("reduction") ?? "none"
    guard let reduction = Reduction(rawValue: word) else {
      throw OperatorError("reduction '\(word)' is none of none, add, mul, min and max")
    }
    return reduction
  }

  /// Writes run `i` of the updates to the run of the data that starts at `starts[i]`.
  static func write(
    _ updates: TypedTensor, to starts: [Int], length: Int, of data: TypedTensor, _ reduction: Reduction
  ) throws -> TypedTensor {
    guard updates.type == data.type else { throw OperatorError("data are \(data.type) and updates \(updates.type)") }
    guard reduction != .none else {
      var result = data
      let bytes = length * data.type.byteCount
      updates.withBytes { source in
        result.withMutableBytes { target in
          for (index, start) in starts.enumerated() {
            let to = start * data.type.byteCount
            UnsafeMutableRawBufferPointer(rebasing: target[to..<to + bytes]).copyMemory(
              from: UnsafeRawBufferPointer(rebasing: source[index * bytes..<(index + 1) * bytes]))
          }
        }
      }
      return result
    }
    func combine<Number>(_ old: [Number], _ new: [Number], _ operation: (Number, Number) -> Number) -> [Number] {
      var result = old
      for (index, start) in starts.enumerated() {
        for offset in 0..<length {
          result[start + offset] = operation(result[start + offset], new[index * length + offset])
        }
      }
      return result
    }
    if data.type.isFloat {
      let operation: (Double, Double) -> Double =
        switch reduction {
        case .add: { $0 + $1 }
        case .mul: { $0 * $1 }
        case .min: { $0.isNaN || $0 < $1 ? $0 : $1 }
        case .max: { $0.isNaN || $0 > $1 ? $0 : $1 }
        case .none: { $1 }
        }
      return try TypedTensor(
        data.type, shape: data.shape, doubles: combine(data.doubles, updates.doubles, operation))
    }
    let isWide = data.type == .u64
    let operation: (Int, Int) -> Int =
      switch reduction {
      // Sums and products of truth values are "or" and "and".
      case .add where data.type == .bool: { $0 | $1 }
      case .add: { $0 &+ $1 }
      case .mul: { $0 &* $1 }
      case .min: { isWide ? (UInt(bitPattern: $0) < UInt(bitPattern: $1) ? $0 : $1) : Swift.min($0, $1) }
      case .max: { isWide ? (UInt(bitPattern: $0) > UInt(bitPattern: $1) ? $0 : $1) : Swift.max($0, $1) }
      case .none: { $1 }
      }
    return try TypedTensor(
      data.type, shape: data.shape, integers: combine(data.integers, updates.integers, operation))
  }

  @Sendable static func scatterElements(_ call: OperatorCall) throws -> [TypedTensor] {
    let (data, indices, updates) = (try call.required(0), try call.required(1), try call.required(2))
    let axis = try (call.attributes.integer("axis") ?? 0).axis(rank: data.shape.rank)
    let isInside =
      indices.shape == updates.shape && indices.shape.rank == data.shape.rank
      && (0..<data.shape.rank).allSatisfy { $0 == axis || indices.shape[$0] <= data.shape[$0] }
    guard isInside else {
      throw OperatorError("indices \(indices.shape) and updates \(updates.shape) do not fit \(data.shape)")
    }
    let positions = try ElementPositions.along(
      axis, indices: call.known.numbers(1) ?? [], shape: indices.shape, in: data.shape)
    return [try write(updates, to: positions, length: 1, of: data, try reduction(call.attributes))]
  }

  @Sendable static func scatterVectors(_ call: OperatorCall) throws -> [TypedTensor] {
    let (data, indices, updates) = (try call.required(0), try call.required(1), try call.required(2))
    guard let length = indices.shape.dimensions.last, length <= data.shape.rank,
      updates.shape.dimensions
        == Array(indices.shape.dimensions.dropLast() + data.shape.dimensions[min(length, data.shape.rank)...])
    else { throw OperatorError("indices \(indices.shape) and updates \(updates.shape) do not fit \(data.shape)") }
    let starts = try ElementPositions.ofVectors(
      call.known.numbers(1) ?? [], shape: indices.shape, in: data.shape, batch: 0)
    let run = data.shape.dimensions[length...].product
    return [try write(updates, to: starts, length: run, of: data, try reduction(call.attributes))]
  }

  /// `TensorScatter`: writes new steps of sequences into a cache.
  @Sendable static func updateCache(_ call: OperatorCall) throws -> [TypedTensor] {
    let (cache, update) = (try call.required(0), try call.required(1))
    let shape = cache.shape
    let axis = try (call.attributes.integer("axis") ?? -2).axis(rank: shape.rank)
    let mode = call.attributes.text("mode") ?? "linear"
    guard mode == "linear" || mode == "circular" else {
      throw OperatorError("mode '\(mode)' is neither linear nor circular")
    }
    guard axis > 0, update.shape.rank == shape.rank, update.shape[axis] <= shape[axis],
      (0..<shape.rank).allSatisfy({ $0 == axis || update.shape[$0] == shape[$0] })
    else { throw OperatorError("an update of \(update.shape) does not fit \(shape) at axis \(axis)") }
    let firsts = try call.known.numbers(2) ?? [Int](repeating: 0, count: shape[0])
    guard firsts.count == shape[0] else { throw OperatorError("\(firsts.count) write indices for \(shape[0])") }
    let (size, steps) = (shape[axis], update.shape[axis])
    let inner = shape.dimensions[(axis + 1)...].product
    let rows = shape.dimensions[1..<axis].product
    var starts: [Int] = []
    for batch in 0..<shape[0] {
      guard firsts[batch] >= 0, mode == "circular" || firsts[batch] <= size - steps else {
        throw OperatorError("\(steps) steps from \(firsts[batch]) in a cache of \(size)")
      }
      for row in 0..<rows {
        for step in 0..<steps {
          starts.append(((batch * rows + row) * size + (firsts[batch] % size + step) % size) * inner)
        }
      }
    }
    return [try write(update, to: starts, length: inner, of: cache, .none)]
  }

  static func unpooled(_ types: OperatorTypes) throws -> TensorType {
    let (input, indices) = (try types.required(0), try types.required(1))
    guard input.shape == indices.shape else { throw OperatorError("\(indices.shape) indices for \(input.shape)") }
    let spatial = input.shape.rank - 2
    guard spatial > 0 else { throw OperatorError("\(input.shape) has no spatial dimensions") }
    guard let kernel = types.attributes.integers("kernel_shape"), kernel.count == spatial else {
      throw OperatorError("kernel_shape does not fit \(input.shape)")
    }
    if let sizes = try types.numbers(2) {
      guard sizes.count == input.shape.rank else {
        throw OperatorError("output_shape \(sizes) does not fit \(input.shape)")
      }
      return TensorType(input.type, try TensorShape(sizes))
    }
    let strides = types.attributes.integers("strides") ?? [Int](repeating: 1, count: spatial)
    let pads = types.attributes.integers("pads") ?? [Int](repeating: 0, count: 2 * spatial)
    guard strides.count == spatial, pads.count == 2 * spatial else {
      throw OperatorError("strides or pads do not fit \(input.shape)")
    }
    var sizes = Array(input.shape.dimensions.prefix(2))
    for axis in 0..<spatial {
      let reach = try Checked.sum(try Checked.product(input.shape[axis + 2] - 1, strides[axis]), kernel[axis])
      let cut = try Checked.sum(pads[axis], pads[axis + spatial])
      guard cut != .min else { throw OperatorError("pads \(pads) are too large") }
      sizes.append(try Checked.sum(reach, -cut))
    }
    return TensorType(input.type, try TensorShape(sizes))
  }

  @Sendable static func maxUnpool(_ call: OperatorCall) throws -> [TypedTensor] {
    let (input, type) = (try call.required(0), try unpooled(call.known))
    // Indices count in the tensor that strides and kernel imply; a larger output holds it in its corner.
    let implied = try unpooled(
      OperatorTypes(
        opset: call.opset, attributes: call.attributes, inputs: Array(call.known.inputs.prefix(2)), constants: [],
        outputCount: 1)
    ).shape
    guard zip(implied.dimensions, type.shape.dimensions).allSatisfy({ $0 <= $1 }) else {
      throw OperatorError("output_shape \(type.shape) does not hold \(implied)")
    }
    let places = StridedPositions.list(implied.dimensions, type.shape.strides)
    let positions = try (call.known.numbers(1) ?? []).map { index in
      guard places.indices.contains(index) else { throw OperatorError("index \(index) of \(places.count) elements") }
      return places[index]
    }
    return [
      try write(input, to: positions, length: 1, of: TypedTensor(type.type, shape: type.shape), .none)
    ]
  }
}
