import LayerKernels

/// Operators that run along one axis: positions of extremes, and running sums and products.
extension TensorOperatorRegistry {
  mutating func registerScans() {
    register("ArgMax", types: ExtremePlace.types) { call in [try ExtremePlace.find(call, sign: 1)] }
    register("ArgMin", types: ExtremePlace.types) { call in [try ExtremePlace.find(call, sign: -1)] }
    register("CumSum", types: TypeRules.sameAsInput) { call in
      [try RunningTotal.evaluate(call, 0, { $0 + $1 }, { $0 &+ $1 })]
    }
    register("CumProd", types: TypeRules.sameAsInput) { call in
      [try RunningTotal.evaluate(call, 1, { $0 * $1 }, { $0 &* $1 })]
    }
  }
}

/// The position of the greatest or the least element along an axis.
private enum ExtremePlace {
  private static func plan(_ shape: TensorShape, _ attributes: OperatorAttributes) throws -> (Lines, TensorShape) {
    let axis = try (attributes.integer("axis") ?? 0).axis(rank: shape.rank)
    var sizes = shape.dimensions
    if attributes.integer("keepdims") ?? 1 != 0 { sizes[axis] = 1 } else { sizes.remove(at: axis) }
    let output = try TensorShape(sizes)
    guard shape[axis] > 0 || output.elementCount == 0 else {
      throw OperatorError("axis \(axis) of \(shape) has no elements")
    }
    return (Lines(shape, along: axis..<axis + 1), output)
  }

  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    [TensorType(.s64, try plan(types.required(0).shape, types.attributes).1)]
  }

  static func find(_ call: OperatorCall, sign: Double) throws -> TypedTensor {
    let input = try call.required(0)
    let (lines, output) = try plan(input.shape, call.attributes)
    let takesLast = call.attributes.flag("select_last_index")
    let places: [Int]
    if input.type.isFloat {
      // NaN counts as the extreme, as in NumPy.
      places =
        input.type == .f32
        ? input.withElements(as: Float.self) { elements in
          search(elements, lines, takesLast) { Double($0) * sign > Double($1) * sign || $0.isNaN && !$1.isNaN }
        }
        : input.doubles.withUnsafeBufferPointer { elements in
          search(elements, lines, takesLast) { $0 * sign > $1 * sign || $0.isNaN && !$1.isNaN }
        }
    } else {
      places = input.orderedIntegers.withUnsafeBufferPointer { elements in
        search(elements, lines, takesLast) { sign > 0 ? $0 > $1 : $0 < $1 }
      }
    }
    return try TypedTensor(.s64, shape: output, integers: places)
  }

  @inline(__always)
  private static func search<Element>(
    _ elements: UnsafeBufferPointer<Element>, _ lines: Lines, _ takesLast: Bool,
    _ beats: (Element, Element) -> Bool
  ) -> [Int] {
    var places = [Int](repeating: 0, count: lines.outer * lines.inner)
    guard !elements.isEmpty else { return places }
    for outer in 0..<lines.outer {
      let start = outer * lines.count * lines.inner
      for index in 1..<max(lines.count, 1) {
        for inner in 0..<lines.inner {
          let best = elements[start + places[outer * lines.inner + inner] * lines.inner + inner]
          let other = elements[start + index * lines.inner + inner]
          if takesLast ? !beats(best, other) : beats(other, best) { places[outer * lines.inner + inner] = index }
        }
      }
    }
    return places
  }
}

/// Sums or products of all elements up to each along an axis.
private enum RunningTotal {
  static func evaluate(
    _ call: OperatorCall, _ neutral: Int, _ float: (Double, Double) -> Double, _ integer: (Int, Int) -> Int
  ) throws -> TypedTensor {
    let (input, operand) = (try call.required(0), try call.required(1))
    guard input.type != .bool else { throw OperatorError("its input is truth values, not numbers") }
    guard operand.shape.elementCount == 1, operand.type == .s32 || operand.type == .s64 else {
      throw OperatorError("its axis is \(TensorType(operand)), not one whole number")
    }
    let axis = try operand.integers[0].axis(rank: input.shape.rank)
    let lines = Lines(input.shape, along: axis..<axis + 1)
    let (excludes, reverses) = (call.attributes.flag("exclusive"), call.attributes.flag("reverse"))
    if input.type.isFloat {
      return try lines.changing(input) { line, _ in run(line, Double(neutral), excludes, reverses, float) }
    }
    var values = input.integers
    guard !values.isEmpty else { return input }
    var line = [Int](repeating: 0, count: lines.count)
    for number in 0..<lines.outer * lines.inner {
      let start = number / lines.inner * lines.count * lines.inner + number % lines.inner
      for index in line.indices { line[index] = values[start + index * lines.inner] }
      line.withUnsafeMutableBufferPointer { run($0, neutral, excludes, reverses, integer) }
      for index in line.indices { values[start + index * lines.inner] = line[index] }
    }
    return try TypedTensor(input.type, shape: input.shape, integers: values)
  }

  private static func run<Number>(
    _ line: UnsafeMutableBufferPointer<Number>, _ neutral: Number, _ excludes: Bool, _ reverses: Bool,
    _ join: (Number, Number) -> Number
  ) {
    var total = neutral
    for position in line.indices {
      let index = reverses ? line.count - 1 - position : position
      let next = join(total, line[index])
      line[index] = excludes ? total : next
      total = next
    }
  }
}
