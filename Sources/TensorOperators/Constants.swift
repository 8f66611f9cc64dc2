import LayerKernels

/// Operators that make tensors out of attributes, sizes and bounds.
extension TensorOperatorRegistry {
  mutating func registerConstants() {
    register("Constant", types: { [TensorType(try Constants.value($0.attributes))] }) { call in
      [try Constants.value(call.attributes)]
    }
    register("ConstantOfShape", types: TypeRules.planned(Constants.filledType)) { call in
      let type = try Constants.filledType(call.known)[0]
      guard let value = call.attributes.tensor("value") else { return [TypedTensor(type.type, shape: type.shape)] }
      return [.filled(type.shape, with: value)]
    }
    register("EyeLike", types: { [try Constants.eyeType($0)] }) { call in
      let type = try Constants.eyeType(call.known)
      let (rows, columns) = (type.shape[0], type.shape[1])
      let diagonal = call.attributes.integer("k") ?? 0
      var result = TypedTensor(type.type, shape: type.shape)
      let one = try TypedTensor(type.type, shape: .scalar, integers: [1])
      for row in 0..<rows {
        let (column, overflow) = row.addingReportingOverflow(diagonal)
        guard !overflow, column >= 0, column < columns else { continue }
        result.copyRun(1, from: one, at: 0, to: row * columns + column)
      }
      return [result]
    }
    register("Range", types: TypeRules.planned(Constants.rangeType)) { call in
      let type = try Constants.rangeType(call.known)[0]
      let (start, step) = (try call.required(0), try call.required(2))
      let count = type.shape.elementCount
      if type.type.isFloat {
        let (first, pitch) = (start.doubles[0], step.doubles[0])
        return [try TypedTensor(type.type, shape: type.shape, doubles: (0..<count).map { first + Double($0) * pitch })]
      }
      let (first, pitch) = (start.integers[0], step.integers[0])
      return [try TypedTensor(type.type, shape: type.shape, integers: (0..<count).map { first &+ $0 &* pitch })]
    }
    for domain in ["", "com.microsoft"] {
      register(
        TensorOperator("Trilu", domain: domain, types: { [try $0.required(0)] }, evaluate: Constants.triangle))
    }
  }
}

private enum Constants {
  /// The value of a `Constant`, whatever attribute it is in.
  static func value(_ attributes: OperatorAttributes) throws -> TypedTensor {
    if let value = attributes.tensor("value") { return value }
    if let value = attributes.float("value_float") { return TypedTensor(scalar: value) }
    if let value = attributes.integer("value_int") { return TypedTensor(scalar: Int64(value)) }
    // A list without elements has no type in the file, so that both readers would take it: the name decides.
    if attributes["value_floats"] != nil, let list = attributes.floats("value_floats") {
      return try TypedTensor(shape: TensorShape([list.count]), elements: list)
    }
    if attributes["value_ints"] != nil, let list = attributes.integers("value_ints") {
      return try TypedTensor(shape: TensorShape([list.count]), elements: list.map { Int64($0) })
    }
    throw OperatorError(
      attributes.names.contains { $0.hasPrefix("value_string") }
        ? "its value is text; only numbers and truth values are supported"
        : "it has no value that is supported: value, value_float, value_floats, value_int or value_ints")
  }

  @Sendable static func filledType(_ types: OperatorTypes) throws -> [TensorType] {
    guard let sizes = try types.numbers(0) else { throw OperatorError("input 0 is missing") }
    let value = types.attributes.tensor("value")
    if let value, value.shape.elementCount != 1 {
      throw OperatorError("its value has \(value.shape.elementCount) elements instead of one")
    }
    return [TensorType(value?.type ?? .f32, try TensorShape(sizes))]
  }

  static func eyeType(_ types: OperatorTypes) throws -> TensorType {
    let input = try types.required(0)
    guard input.shape.rank == 2 else { throw OperatorError("\(input.shape) is no matrix") }
    return TensorType(try DataTypeCode.type("dtype", of: types.attributes, orElse: input.type), input.shape)
  }

  @Sendable static func rangeType(_ types: OperatorTypes) throws -> [TensorType] {
    let type = try types.required(0).type
    var bounds: [TypedTensor] = []
    for index in 0..<3 {
      let input = try types.required(index)
      guard input.type == type else { throw OperatorError("its bounds are \(type) and \(input.type)") }
      guard input.shape.elementCount == 1 else { throw OperatorError("bound \(index) is \(input.shape), no number") }
    }
    for index in 0..<3 {
      guard let bound = types.constant(index) else { throw UnknownOperand() }
      bounds.append(bound)
    }
    let count: Int
    if type.isFloat {
      let (start, limit, step) = (bounds[0].doubles[0], bounds[1].doubles[0], bounds[2].doubles[0])
      guard step != 0 else { throw OperatorError("its step is 0") }
      let steps = ((limit - start) / step).rounded(.up)
      guard steps.isFinite else { throw OperatorError("it would have \(steps) elements") }
      count = max(0, Int(saturating: steps))
    } else {
      let (start, limit, step) = (bounds[0].integers[0], bounds[1].integers[0], bounds[2].integers[0])
      guard step != 0 else { throw OperatorError("its step is 0") }
      let isAhead = step > 0 ? limit > start : limit < start
      if isAhead {
        // The distance of two 64-bit integers fits 64 bits without a sign.
        let distance = step > 0 ? UInt(bitPattern: limit &- start) : UInt(bitPattern: start &- limit)
        count = Int(clamping: (distance - 1) / step.magnitude + 1)
      } else {
        count = 0
      }
    }
    return [TensorType(type, try TensorShape([count]))]
  }

  /// The upper or the lower triangle of matrices, zero elsewhere.
  @Sendable static func triangle(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    guard input.shape.rank >= 2 else { throw OperatorError("\(input.shape) is no matrix") }
    let (rows, columns) = (input.shape[input.shape.rank - 2], input.shape[input.shape.rank - 1])
    let keepsUpper = call.attributes.integer("upper") ?? 1 != 0
    // Any diagonal beyond the corners keeps everything or nothing, as the corner's neighbour does.
    let diagonal = min(max(try call.known.number(1) ?? 0, -rows - 1), columns + 1)
    var result = TypedTensor(input.type, shape: input.shape)
    let width = input.type.byteCount
    input.withBytes { source in
      result.withMutableBytes { target in
        guard !source.isEmpty else { return }
        for line in 0..<input.shape.elementCount / columns {
          let edge = min(max(line % rows + diagonal + (keepsUpper ? 0 : 1), 0), columns)
          let kept = keepsUpper ? edge..<columns : 0..<edge
          let bytes = (line * columns + kept.lowerBound) * width..<(line * columns + kept.upperBound) * width
          UnsafeMutableRawBufferPointer(rebasing: target[bytes]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[bytes]))
        }
      }
    }
    return [result]
  }
}
