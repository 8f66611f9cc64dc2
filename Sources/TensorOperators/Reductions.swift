import LayerKernels
import RealModule

/// Operators that join the elements along axes to one number.
extension TensorOperatorRegistry {
  mutating func registerReductions() {
    registerReduction("ReduceSum") { try $0.folded(0, { $0 + $1 }, { $0 &+ $1 }) }
    registerReduction("ReduceSumSquare") { try $0.folded(0, { $0 + $1 * $1 }, { $0 &+ $1 &* $1 }) }
    registerReduction("ReduceProd") { try $0.folded(1, { $0 * $1 }, { $0 &* $1 }) }
    registerReduction("ReduceL1") { try $0.folded(0, { $0 + $1.magnitude }, { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }) }
    registerReduction("ReduceL2") { reduction in
      try reduction.tensor(reduction.foldedDoubles(0) { $0 + $1 * $1 }.map { $0.squareRoot() })
    }
    registerReduction("ReduceLogSum") { reduction in
      try reduction.tensor(reduction.foldedDoubles(0) { $0 + $1 }.map { .log($0) })
    }
    registerReduction("ReduceLogSumExp") { reduction in
      // Relative to the greatest, so that no exponential overflows; an infinite one is the result itself.
      let greatest = reduction.foldedDoubles(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
      let sums = reduction.foldedDoubles(0) { $0 + .exp($1 - (greatest[$2].isFinite ? greatest[$2] : 0)) }
      return try reduction.tensor(
        zip(greatest, sums).map { $0.isFinite ? $0 + .log($1) : $0 })
    }
    registerReduction("ReduceMean") { reduction in
      let count = reduction.plan.joinedCount
      if reduction.input.type.isFloat {
        return try reduction.tensor(reduction.foldedDoubles(0) { $0 + $1 }.map { $0 / Double(count) })
      }
      let sums = reduction.foldedIntegers(reduction.input.integers, 0) { $0 &+ $1 }
      return try TypedTensor(
        reduction.input.type, shape: reduction.plan.output, integers: sums.map { $0 / max(count, 1) })
    }
    registerReduction("ReduceMax", takesTruths: true) { reduction in
      if reduction.input.type.isFloat {
        return try reduction.tensor(reduction.foldedDoubles(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 })
      }
      return try reduction.foldedOrdered(reduction.input.type.orderedBounds.lowerBound) { max($0, $1) }
    }
    registerReduction("ReduceMin", takesTruths: true) { reduction in
      if reduction.input.type.isFloat {
        return try reduction.tensor(reduction.foldedDoubles(.infinity) { $1 < $0 || $1.isNaN ? $1 : $0 })
      }
      return try reduction.foldedOrdered(reduction.input.type.orderedBounds.upperBound) { min($0, $1) }
    }
  }

  private mutating func registerReduction(
    _ name: String, takesTruths: Bool = false, _ reduce: @escaping @Sendable (Reduction) throws -> TypedTensor
  ) {
    register(
      name,
      types: { types in
        let input = try types.required(0)
        if types.input(1) != nil, types.constant(1) == nil { return nil }
        let plan = try ReductionPlan(input.shape, axes: types.constant(1), attributes: types.attributes)
        return [TensorType(input.type, plan.output)]
      },
      evaluate: { call in
        let input = try call.required(0)
        guard input.type != .bool || takesTruths else { throw OperatorError("its input is truth values, not numbers") }
        let plan = try ReductionPlan(input.shape, axes: call.input(1), attributes: call.attributes)
        return [try reduce(Reduction(input: input, plan: plan))]
      })
  }
}

/// Which axes are joined, and where each element goes.
struct ReductionPlan {
  /// The result's shape.
  let output: TensorShape
  /// How many elements are joined to each.
  let joinedCount: Int
  /// From each element (left) to its position in the result (right).
  let walk: PairWalk

  /// A plan from the axes that are an attribute or, in later versions, an operand.
  init(_ input: TensorShape, axes operand: TypedTensor?, attributes: OperatorAttributes) throws {
    if let operand, operand.type != .s64, operand.type != .s32 {
      throw OperatorError("its axes are \(operand.type), not whole numbers of 64 bits")
    }
    let given = operand?.integers ?? attributes.integers("axes") ?? []
    var isJoined = [Bool](repeating: given.isEmpty && !attributes.flag("noop_with_empty_axes"), count: input.rank)
    for axis in given { isJoined[try axis.axis(rank: input.rank)] = true }
    try self.init(input, isJoined: isJoined, keepsAxes: attributes.integer("keepdims") ?? 1 != 0)
  }

  /// A plan that joins the marked axes.
  init(_ input: TensorShape, isJoined: [Bool], keepsAxes: Bool) throws {
    let kept = try TensorShape(input.dimensions.enumerated().map { isJoined[$0] ? 1 : $1 })
    output = keepsAxes ? kept : try TensorShape(input.dimensions.enumerated().filter { !isJoined[$0.0] }.map(\.1))
    joinedCount = input.dimensions.enumerated().reduce(1) { isJoined[$1.0] ? $0 * $1.1 : $0 }
    let steps = kept.strides.enumerated().map { isJoined[$0] ? 0 : $1 }
    walk = PairWalk(input.dimensions, input.strides, steps)
  }

  /// Joins every element to the one at its position in the result.
  @inline(__always)
  func fold<Element, Sum>(
    _ elements: UnsafeBufferPointer<Element>, _ initial: Sum, _ join: (Sum, Element, Int) -> Sum
  ) -> [Sum] {
    var sums = [Sum](repeating: initial, count: output.elementCount)
    sums.withUnsafeMutableBufferPointer { sums in
      walk.forEachRow { source, step, target, targetStep, count in
        if targetStep == 0 {
          var sum = sums[target]
          for index in 0..<count { sum = join(sum, elements[source + index * step], target) }
          sums[target] = sum
        } else {
          for index in 0..<count {
            let place = target + index * targetStep
            sums[place] = join(sums[place], elements[source + index * step], place)
          }
        }
      }
    }
    return sums
  }
}

/// One reduction of a tensor.
private struct Reduction {
  let input: TypedTensor
  let plan: ReductionPlan

  /// A result in the input's type; what is beyond the bounds of whole numbers is cut to them.
  func tensor(_ values: [Double]) throws -> TypedTensor {
    guard let bounds = input.type.integerBounds, input.type != .u64 else {
      return try TypedTensor(input.type, shape: plan.output, doubles: values)
    }
    let cut = values.map { min(max(Int(saturating: $0), bounds.lowerBound), bounds.upperBound) }
    return try TypedTensor(input.type, shape: plan.output, integers: cut)
  }

  /// Numbers of any type joined, whole ones as integers that wrap.
  @inline(__always)
  func folded(
    _ initial: Int, _ float: (Double, Double) -> Double, _ integer: (Int, Int) -> Int
  ) throws -> TypedTensor {
    if input.type.isFloat { return try tensor(foldedDoubles(Double(initial)) { sum, value, _ in float(sum, value) }) }
    return try TypedTensor(
      input.type, shape: plan.output, integers: foldedIntegers(input.integers, initial, integer))
  }

  @inline(__always)
  func foldedDoubles(_ initial: Double, _ join: (Double, Double) -> Double) -> [Double] {
    foldedDoubles(initial) { sum, value, _ in join(sum, value) }
  }

  @inline(__always)
  func foldedDoubles(_ initial: Double, _ join: (Double, Double, Int) -> Double) -> [Double] {
    if input.type == .f32 {
      return input.withElements(as: Float.self) { plan.fold($0, initial) { join($0, Double($1), $2) } }
    }
    return input.doubles.withUnsafeBufferPointer { plan.fold($0, initial, join) }
  }

  @inline(__always)
  func foldedIntegers(_ values: [Int], _ initial: Int, _ join: (Int, Int) -> Int) -> [Int] {
    values.withUnsafeBufferPointer { plan.fold($0, initial) { sum, value, _ in join(sum, value) } }
  }

  /// Whole numbers joined in the order of their type.
  @inline(__always)
  func foldedOrdered(_ initial: Int, _ join: (Int, Int) -> Int) throws -> TypedTensor {
    let values = foldedIntegers(input.orderedIntegers, initial, join)
    return try TypedTensor(input.type, shape: plan.output, orderedIntegers: values)
  }
}

extension ElementType {
  /// The bounds of whole numbers as ``TypedTensor/orderedIntegers`` gives them.
  fileprivate var orderedBounds: ClosedRange<Int> { self == .u64 ? Int.min...Int.max : integerBounds ?? 0...0 }
}
