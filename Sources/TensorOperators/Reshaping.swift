import LayerKernels

/// Operators that change or tell a tensor's sizes and leave its elements where they are.
extension TensorOperatorRegistry {
  mutating func registerReshaping() {
    register("Shape", types: { [TensorType(.s64, try TensorShape([try Reshaping.sizes($0).count]))] }) { call in
      let sizes = try Reshaping.sizes(call.known)
      return [try TypedTensor(.s64, shape: TensorShape([sizes.count]), integers: sizes)]
    }
    register(
      "Size",
      types: {
        _ = try $0.required(0); return [TensorType(.s64, .scalar)]
      }
    ) { call in
      [TypedTensor(scalar: Int64(try call.required(0).shape.elementCount))]
    }
    registerReshape("Reshape", to: Reshaping.reshape)
    registerReshape("Flatten", to: Reshaping.flatten)
    registerReshape("Squeeze", to: Reshaping.squeeze)
    registerReshape("Unsqueeze", to: Reshaping.unsqueeze)
    registerReshape("ExpandDims", domain: "com.microsoft", to: Reshaping.expandDimensions)
    register("Expand", types: TypeRules.planned { [TensorType(try $0.required(0).type, try Reshaping.expand($0))] }) {
      call in
      let shape = try Reshaping.expand(call.known)
      return [try call.required(0).repeated(to: shape)]
    }
  }

  private mutating func registerReshape(
    _ name: String, domain: String = "", to shape: @escaping @Sendable (OperatorTypes) throws -> TensorShape
  ) {
    register(
      TensorOperator(
        name, domain: domain,
        types: TypeRules.planned { types in
          let input = try types.required(0)
          let target = try shape(types)
          guard target.elementCount == input.shape.elementCount else {
            throw OperatorError("\(input.shape) cannot become \(target)")
          }
          return [TensorType(input.type, target)]
        },
        evaluate: { call in
          let (input, target) = (try call.required(0), try shape(call.known))
          guard target.elementCount == input.shape.elementCount else {
            throw OperatorError("\(input.shape) cannot become \(target)")
          }
          return [try input.reshaped(to: target)]
        }))
  }
}

extension TypedTensor {
  /// The tensor repeated along axes of size 1 and in front, without a list of positions.
  ///
  /// The caller vouches that the shape is one that the tensor can be broadcast to.
  func repeated(to shape: TensorShape) throws -> TypedTensor {
    if shape == self.shape { return self }
    let lead = shape.rank - self.shape.rank
    let strides = self.shape.strides
    return strided(
      shape, (0..<shape.rank).map { $0 < lead || self.shape[$0 - lead] == 1 ? 0 : strides[$0 - lead] })
  }
}

private enum Reshaping {
  static func sizes(_ types: OperatorTypes) throws -> [Int] {
    let sizes = try types.required(0).shape.dimensions
    func bound(_ name: String, _ standard: Int) -> Int {
      guard let value = types.attributes.integer(name) else { return standard }
      // Bounds outside are cut, as the standard says.
      return min(max(value < 0 ? max(value, -sizes.count) + sizes.count : value, 0), sizes.count)
    }
    let (start, end) = (bound("start", 0), bound("end", sizes.count))
    return start < end ? Array(sizes[start..<end]) : []
  }

  @Sendable static func reshape(_ types: OperatorTypes) throws -> TensorShape {
    let input = try types.required(0).shape
    guard let wanted = try types.numbers("shape", before: 5, input: 1) else {
      throw OperatorError("the new shape is missing")
    }
    let keepsZero = types.attributes.flag("allowzero")
    var sizes = wanted
    for (axis, size) in wanted.enumerated() where size == 0 && !keepsZero {
      guard axis < input.rank else { throw OperatorError("size \(axis) of \(wanted) is to be that of \(input)") }
      sizes[axis] = input[axis]
    }
    guard let free = sizes.firstIndex(of: -1) else { return try TensorShape(sizes) }
    sizes[free] = 1
    let known = try TensorShape(sizes)
    guard known.elementCount > 0, input.elementCount % known.elementCount == 0 else {
      throw OperatorError("\(input) cannot become \(wanted)")
    }
    sizes[free] = input.elementCount / known.elementCount
    return try TensorShape(sizes)
  }

  @Sendable static func flatten(_ types: OperatorTypes) throws -> TensorShape {
    let sizes = try types.required(0).shape.dimensions
    let given = types.attributes.integer("axis") ?? 1
    guard (-sizes.count...sizes.count).contains(given) else {
      throw OperatorError("axis \(given) of \(sizes.count) dimensions")
    }
    let axis = given < 0 ? given + sizes.count : given
    return try TensorShape([sizes[..<axis].product, sizes[axis...].product])
  }

  @Sendable static func squeeze(_ types: OperatorTypes) throws -> TensorShape {
    let shape = try types.required(0).shape
    guard let given = try types.numbers("axes", before: 13, input: 1) else {
      return try TensorShape(shape.dimensions.filter { $0 != 1 })
    }
    let axes = Set(try given.map { try $0.axis(rank: shape.rank) })
    for axis in axes.sorted() where shape[axis] != 1 {
      throw OperatorError("axis \(axis) of \(shape) is \(shape[axis]) instead of 1")
    }
    return try TensorShape(shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] })
  }

  @Sendable static func unsqueeze(_ types: OperatorTypes) throws -> TensorShape {
    let shape = try types.required(0).shape
    guard let given = try types.numbers("axes", before: 13, input: 1) else { throw OperatorError("axes are missing") }
    return try unsqueezed(shape, axes: given)
  }

  /// A shape with sizes of 1 at the given axes of the result.
  static func unsqueezed(_ shape: TensorShape, axes given: [Int]) throws -> TensorShape {
    let rank = shape.rank + given.count
    guard rank <= TensorShape.maximumRank else {
      throw OperatorError("\(shape) with \(given.count) more has more than \(TensorShape.maximumRank) dimensions")
    }
    let axes = try Checked.axes(given, rank: rank)
    var sizes = shape.dimensions
    for axis in axes.sorted() { sizes.insert(1, at: axis) }
    return try TensorShape(sizes)
  }

  @Sendable static func expandDimensions(_ types: OperatorTypes) throws -> TensorShape {
    guard let axis = try types.number(1) else { throw OperatorError("the axis is missing") }
    return try unsqueezed(try types.required(0).shape, axes: [axis])
  }

  static func expand(_ types: OperatorTypes) throws -> TensorShape {
    guard let sizes = try types.numbers(1) else { throw OperatorError("the new shape is missing") }
    return try Broadcasting.shape(of: [try types.required(0).shape, try TensorShape(sizes)])
  }
}
