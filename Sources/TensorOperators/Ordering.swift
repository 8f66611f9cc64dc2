import LayerKernels

/// Operators that compare elements with each other.
extension TensorOperatorRegistry {
  mutating func registerOrdering() {
    register("TopK", types: TypeRules.planned { try Ordering.topType($0).types }, evaluate: Ordering.top)
    for domain in ["", "com.microsoft"] {
      register(TensorOperator("Unique", domain: domain, evaluate: Ordering.unique))
    }
  }
}

/// Elements as numbers that can be compared: NaN stands above all others.
enum OrderedElements {
  case floats([Double])
  case integers([Int])
  /// 64-bit integers without a sign.
  case wide([UInt64])

  init(_ tensor: TypedTensor) {
    if tensor.type.isFloat {
      self = .floats(tensor.doubles)
    } else if tensor.type == .u64 {
      self = .wide(tensor.elements(as: UInt64.self))
    } else {
      self = .integers(tensor.integers)
    }
  }

  /// Whether the element at one position comes before that at another.
  func isLess(_ left: Int, _ right: Int) -> Bool {
    switch self {
    case .floats(let list): list[left] < list[right] || (list[right].isNaN && !list[left].isNaN)
    case .integers(let list): list[left] < list[right]
    case .wide(let list): list[left] < list[right]
    }
  }
}

private enum Ordering {
  static func topType(_ types: OperatorTypes) throws -> (types: [TensorType], axis: Int) {
    let input = try types.required(0)
    let axis = try (types.attributes.integer("axis") ?? -1).axis(rank: input.shape.rank)
    let given = types.opset < 10 ? types.attributes.integer("k") : try types.number(1)
    guard let count = given else { throw OperatorError("k is missing") }
    guard (0...input.shape[axis]).contains(count) else {
      throw OperatorError("k is \(count) on an axis of \(input.shape[axis])")
    }
    var sizes = input.shape.dimensions
    sizes[axis] = count
    let shape = try TensorShape(sizes)
    return ([TensorType(input.type, shape), TensorType(.s64, shape)], axis)
  }

  @Sendable static func top(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    let (types, axis) = try topType(call.known)
    let isLargest = call.opset < 11 || call.attributes.integer("largest") ?? 1 != 0
    let (size, count) = (input.shape[axis], types[0].shape[axis])
    let inner = input.shape.dimensions[(axis + 1)...].product
    let outer = input.shape.dimensions[..<axis].product
    let elements = OrderedElements(input)
    var positions = [Int](repeating: 0, count: types[0].shape.elementCount)
    var indices = positions
    func choose(_ isBefore: (Int, Int) -> Bool) {
      for block in 0..<outer {
        for lane in 0..<inner {
          let start = block * size * inner + lane
          // Elements that are alike stay in their order: the lower index comes first.
          let chosen = best(count, of: size) { isBefore(start + $0 * inner, start + $1 * inner) }
          for (place, index) in chosen.enumerated() {
            let target = (block * count + place) * inner + lane
            positions[target] = start + index * inner
            indices[target] = index
          }
        }
      }
    }
    switch elements {
    case .floats(let list):
      choose(
        isLargest
          ? { list[$0] > list[$1] || (list[$0].isNaN && !list[$1].isNaN) }
          : { list[$0] < list[$1] || (list[$1].isNaN && !list[$0].isNaN) })
    case .integers(let list): choose(isLargest ? { list[$0] > list[$1] } : { list[$0] < list[$1] })
    case .wide(let list): choose(isLargest ? { list[$0] > list[$1] } : { list[$0] < list[$1] })
    }
    return [
      try input.picking(positions, shape: types[0].shape),
      try TypedTensor(.s64, shape: types[1].shape, integers: indices),
    ]
  }

  /// The first `count` of `0..<size` in an order, ties by number.
  private static func best(_ count: Int, of size: Int, _ isBefore: (Int, Int) -> Bool) -> [Int] {
    func precedes(_ left: Int, _ right: Int) -> Bool {
      isBefore(left, right) || (!isBefore(right, left) && left < right)
    }
    guard count > 0 else { return [] }
    guard count < 16, count < size else { return Array((0..<size).sorted(by: precedes).prefix(count)) }
    var best: [Int] = []
    for candidate in 0..<size {
      if best.count == count {
        guard isBefore(candidate, best[count - 1]) else { continue }
        best.removeLast()
      }
      var place = best.count
      while place > 0, isBefore(candidate, best[place - 1]) { place -= 1 }
      best.insert(candidate, at: place)
    }
    return best
  }

  @Sendable static func unique(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    let isSorted = call.attributes.integer("sorted") ?? 1 != 0
    var sizes = input.shape.dimensions
    let axis = try call.attributes.integer("axis")?.axis(rank: sizes.count)
    // Without an axis the elements are one list.
    let (outer, size, inner) =
      axis.map { (sizes[..<$0].product, sizes[$0], sizes[($0 + 1)...].product) } ?? (1, input.shape.elementCount, 1)
    let elements = OrderedElements(input)
    func isLess(_ left: Int, _ right: Int) -> Bool {
      for block in 0..<outer {
        for lane in 0..<inner {
          let (a, b) = ((block * size + left) * inner + lane, (block * size + right) * inner + lane)
          if elements.isLess(a, b) { return true }
          if elements.isLess(b, a) { return false }
        }
      }
      return false
    }
    let order = (0..<size).sorted { isLess($0, $1) || (!isLess($1, $0) && $0 < $1) }
    // Each group by its first member: the sort keeps equal slices in their order.
    var firsts: [Int] = []
    var counts: [Int] = []
    var group = [Int](repeating: 0, count: size)
    for (place, index) in order.enumerated() {
      if place == 0 || isLess(order[place - 1], index) {
        firsts.append(index)
        counts.append(0)
      }
      counts[counts.count - 1] += 1
      group[index] = firsts.count - 1
    }
    if !isSorted {
      let ranked = firsts.indices.sorted { firsts[$0] < firsts[$1] }
      var place = [Int](repeating: 0, count: firsts.count)
      for (new, old) in ranked.enumerated() { place[old] = new }
      group = group.map { place[$0] }
      (firsts, counts) = (ranked.map { firsts[$0] }, ranked.map { counts[$0] })
    }
    if let axis { sizes[axis] = firsts.count } else { sizes = [firsts.count] }
    let starts = (0..<outer).flatMap { block in firsts.map { (block * size + $0) * inner } }
    let list = try TensorShape([firsts.count])
    return [
      try input.runs(at: starts, length: inner, shape: TensorShape(sizes)),
      try TypedTensor(.s64, shape: list, integers: firsts),
      try TypedTensor(.s64, shape: TensorShape([size]), integers: group),
      try TypedTensor(.s64, shape: list, integers: counts),
    ]
  }
}
