import LayerKernels

/// Loops over every element of one tensor or of two that are broadcast together.
///
/// The functions are inlined where they are used, so that a loop over 32-bit floats has no call in it.
enum Elementwise {
  /// A function of every floating-point number, computed in 64 bits and rounded once.
  ///
  /// - Throws: ``OperatorError`` when the elements are not floating-point numbers.
  @inline(__always)
  static func floats(_ tensor: TypedTensor, _ function: (Double) -> Double) throws -> TypedTensor {
    guard tensor.type.isFloat else { throw OperatorError("its input is \(tensor.type), not floating-point") }
    guard tensor.type == .f32 else {
      return try TypedTensor(tensor.type, shape: tensor.shape, doubles: tensor.doubles.map(function))
    }
    var result = TypedTensor(.f32, shape: tensor.shape)
    tensor.withElements(as: Float.self) { source in
      result.withMutableElements(as: Float.self) { target in
        for index in 0..<source.count { target[index] = Float(function(Double(source[index]))) }
      }
    }
    return result
  }

  /// A function of every number: floating-point ones in 64 bits, whole ones as 64-bit integers that wrap at their width.
  @inline(__always)
  static func numbers(
    _ tensor: TypedTensor, _ float: (Double) -> Double, _ integer: (Int) -> Int
  ) throws -> TypedTensor {
    guard tensor.type.isInteger else { return try floats(tensor, float) }
    return try TypedTensor(tensor.type, shape: tensor.shape, integers: tensor.integers.map(integer))
  }

  /// A function of two floating-point numbers of one type, computed in 64 bits and rounded once.
  @inline(__always)
  static func floats(
    _ left: TypedTensor, _ right: TypedTensor, _ function: (Double, Double) -> Double
  ) throws -> TypedTensor {
    let pair = try BroadcastPair(left.shape, right.shape)
    guard left.type == .f32, right.type == .f32 else {
      return try TypedTensor(
        left.type, shape: pair.shape, doubles: pair.combine(left.doubles, right.doubles, zero: 0, function))
    }
    var result = TypedTensor(.f32, shape: pair.shape)
    left.withElements(as: Float.self) { a in
      right.withElements(as: Float.self) { b in
        result.withMutableElements(as: Float.self) { target in
          pair.combine(a, b, into: target) { Float(function(Double($0), Double($1))) }
        }
      }
    }
    return result
  }

  /// A function of two whole numbers of one type as 64-bit integers; the result wraps at their width.
  @inline(__always)
  static func integers(
    _ left: TypedTensor, _ right: TypedTensor, _ function: (Int, Int) throws -> Int
  ) throws -> TypedTensor {
    let pair = try BroadcastPair(left.shape, right.shape)
    return try TypedTensor(
      left.type, shape: pair.shape, integers: pair.combine(left.integers, right.integers, zero: 0, function))
  }

  /// A truth of two numbers of one type; whole ones are compared as 64-bit integers in the order of their type.
  @inline(__always)
  static func truths(
    _ left: TypedTensor, _ right: TypedTensor, _ float: (Double, Double) -> Bool, _ integer: (Int, Int) -> Bool
  ) throws -> TypedTensor {
    let pair = try BroadcastPair(left.shape, right.shape)
    switch (left.type, right.type) {
    case (.f32, .f32): return truths(left, right, pair, Float.self) { float(Double($0), Double($1)) }
    case (.s64, .s64): return truths(left, right, pair, Int64.self) { integer(Int($0), Int($1)) }
    case (.bool, .bool): return truths(left, right, pair, UInt8.self) { integer(Int($0), Int($1)) }
    default: break
    }
    if left.type.isFloat {
      let a = try TypedTensor(shape: left.shape, elements: left.doubles)
      let b = try TypedTensor(shape: right.shape, elements: right.doubles)
      return truths(a, b, pair, Double.self, float)
    }
    let a = try TypedTensor(shape: left.shape, elements: left.orderedIntegers.map { Int64($0) })
    let b = try TypedTensor(shape: right.shape, elements: right.orderedIntegers.map { Int64($0) })
    return truths(a, b, pair, Int64.self) { integer(Int($0), Int($1)) }
  }

  /// A truth of each two elements that meet, of one Swift type.
  @inline(__always)
  static func truths<Element: TensorElement>(
    _ left: TypedTensor, _ right: TypedTensor, _ pair: BroadcastPair, _ element: Element.Type,
    _ function: (Element, Element) -> Bool
  ) -> TypedTensor {
    var result = TypedTensor(.bool, shape: pair.shape)
    left.withElements(as: element) { a in
      right.withElements(as: element) { b in
        result.withMutableElements(as: UInt8.self) { pair.combine(a, b, into: $0) { function($0, $1) ? 1 : 0 } }
      }
    }
    return result
  }
}

/// Two shapes that are broadcast together, and the walk over both.
struct BroadcastPair {
  /// The joined shape.
  let shape: TensorShape
  private let walk: PairWalk

  /// Joins two shapes.
  ///
  /// - Throws: ``OperatorError`` when two sizes differ and neither is 1.
  init(_ left: TensorShape, _ right: TensorShape) throws {
    shape = left == right ? left : try Broadcasting.shape(of: [left, right])
    walk = PairWalk(
      shape.dimensions, Broadcasting.steps(of: left, in: shape), Broadcasting.steps(of: right, in: shape))
  }

  /// The function of each two elements that meet.
  @inline(__always)
  func combine<A, B, R>(_ left: [A], _ right: [B], zero: R, _ function: (A, B) throws -> R) rethrows -> [R] {
    var result = [R](repeating: zero, count: shape.elementCount)
    try left.withUnsafeBufferPointer { a in
      try right.withUnsafeBufferPointer { b in
        try result.withUnsafeMutableBufferPointer { try combine(a, b, into: $0, function) }
      }
    }
    return result
  }

  /// As ``combine(_:_:zero:_:)``, into a buffer of the joined shape's element count.
  @inline(__always)
  func combine<A, B, R>(
    _ a: UnsafeBufferPointer<A>, _ b: UnsafeBufferPointer<B>, into target: UnsafeMutableBufferPointer<R>,
    _ function: (A, B) throws -> R
  ) rethrows {
    var start = 0
    try walk.forEachRow { left, leftStep, right, rightStep, count in
      if leftStep == 1, rightStep == 1 {
        for index in 0..<count { target[start + index] = try function(a[left + index], b[right + index]) }
      } else if leftStep == 1, rightStep == 0 {
        let second = b[right]
        for index in 0..<count { target[start + index] = try function(a[left + index], second) }
      } else {
        for index in 0..<count {
          target[start + index] = try function(a[left + index * leftStep], b[right + index * rightStep])
        }
      }
      start += count
    }
  }
}

/// A row-major walk over a box with two offsets; axes that both step over evenly are joined into long rows.
struct PairWalk {
  private var sizes: [Int] = []
  private var lefts: [Int] = []
  private var rights: [Int] = []

  /// A walk over a box whose axes have the given steps.
  init(_ sizes: [Int], _ lefts: [Int], _ rights: [Int]) {
    for axis in sizes.indices where sizes[axis] != 1 {
      if let last = self.sizes.indices.last, self.lefts[last] == lefts[axis] * sizes[axis],
        self.rights[last] == rights[axis] * sizes[axis]
      {
        self.sizes[last] *= sizes[axis]
        self.lefts[last] = lefts[axis]
        self.rights[last] = rights[axis]
      } else {
        self.sizes.append(sizes[axis])
        self.lefts.append(lefts[axis])
        self.rights.append(rights[axis])
      }
    }
    if self.sizes.isEmpty { (self.sizes, self.lefts, self.rights) = ([1], [0], [0]) }
  }

  /// Calls the body with the two offsets and steps and the length of every row in order.
  @inline(__always)
  func forEachRow(
    _ body: (_ left: Int, _ leftStep: Int, _ right: Int, _ rightStep: Int, _ count: Int) throws -> Void
  ) rethrows {
    guard !sizes.contains(0) else { return }
    let last = sizes.count - 1
    var index = [Int](repeating: 0, count: last)
    var (left, right) = (0, 0)
    while true {
      try body(left, lefts[last], right, rights[last], sizes[last])
      var axis = last - 1
      while axis >= 0 {
        index[axis] += 1
        left += lefts[axis]
        right += rights[axis]
        if index[axis] < sizes[axis] { break }
        left -= sizes[axis] * lefts[axis]
        right -= sizes[axis] * rights[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

extension Broadcasting {
  /// The steps of a source along the axes of the shape that it is repeated to: 0 where it is repeated.
  static func steps(of source: TensorShape, in shape: TensorShape) -> [Int] {
    let lead = shape.rank - source.rank
    let strides = source.strides
    return (0..<shape.rank).map { $0 < lead || source[$0 - lead] == 1 ? 0 : strides[$0 - lead] }
  }
}

extension TypedTensor {
  /// Whole numbers as 64-bit integers in their order: those of `u64` are shifted by 2⁶³.
  var orderedIntegers: [Int] { type == .u64 ? integers.map { $0 ^ Int.min } : integers }

  /// A tensor from what ``orderedIntegers`` gave.
  init(_ type: ElementType, shape: TensorShape, orderedIntegers values: [Int]) throws(TensorError) {
    try self.init(type, shape: shape, integers: type == .u64 ? values.map { $0 ^ Int.min } : values)
  }
}
