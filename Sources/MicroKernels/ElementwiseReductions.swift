/// Sums or maxima of runs of elements, one result for each plane.
public struct PlaneReductionArguments {
  /// What `planes` and `segments` count from.
  public var inputs: UnsafePointer<Float>
  /// An element offset for each result.
  public var planes: UnsafePointer<Int32>
  /// The results.
  public var planeCount: Int
  /// Element offsets of the runs that belong to one result, counted from its plane.
  public var segments: UnsafePointer<Int32>
  /// The runs of one result, at least one.
  public var segmentCount: Int
  /// The elements of a run.
  public var count: Int
  /// For the elements after a run's last whole vector: −1 for each lane that is one, else 0; a vector's lanes.
  public var tailMask: UnsafePointer<Int32>
  /// The results, side by side.
  public var outputs: UnsafeMutablePointer<Float>
  /// What sums are multiplied with; maxima are not.
  public var factor: Float
  /// Whether the largest is looked for, not the sum.
  public var isMaximum: Bool

  /// Arguments for planes of one run each.
  public init(
    inputs: UnsafePointer<Float>, planes: UnsafePointer<Int32>, planeCount: Int, segments: UnsafePointer<Int32>,
    segmentCount: Int, count: Int, tailMask: UnsafePointer<Int32>, outputs: UnsafeMutablePointer<Float>,
    factor: Float = 1, isMaximum: Bool = false
  ) {
    self.inputs = inputs
    self.planes = planes
    self.planeCount = planeCount
    self.segments = segments
    self.segmentCount = segmentCount
    self.count = count
    self.tailMask = tailMask
    self.outputs = outputs
    self.factor = factor
    self.isMaximum = isMaximum
  }
}

/// Reduces planes: as many at a time as a vector has lanes, so that their last sums are done side by side.
///
/// - Parameters (integer generics): `Width`, the lanes of a vector.
@inlinable @inline(__always)
public func reducePlanes<L: PlaneLanes, let Width: Int>(
  _ lanes: L.Type, _ width: LaneCount<Width>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: PlaneReductionArguments.self).pointee
  if arguments.isMaximum {
    reducePlanes(lanes, width, arguments, identity: -.infinity) {
      L.largest($0, $1)
    } finish: {
      $0
    }
  } else {
    let factor = L.broadcast(arguments.factor)
    reducePlanes(lanes, width, arguments, identity: 0) {
      L.sum($0, $1)
    } finish: {
      L.product($0, factor)
    }
  }
}

/// The lanes of a vector as a type, for arrays of as many vectors.
public enum LaneCount<let Width: Int> {}

@inlinable @inline(__always)
func reducePlanes<L: PlaneLanes, let Width: Int>(
  _ lanes: L.Type, _ width: LaneCount<Width>.Type, _ arguments: PlaneReductionArguments, identity: Float,
  _ combine: (L.Vector, L.Vector) -> L.Vector, finish: (L.Vector) -> L.Vector
) {
  let start = L.broadcast(identity)
  let mask = L.mask(arguments.tailMask)
  let whole = arguments.count / Width
  let hasTail = arguments.count % Width > 0
  var partial = InlineArray<Width, L.Vector> { _ in start }
  var first = 0
  while first < arguments.planeCount {
    let planes = min(arguments.planeCount &- first, Width)
    for plane in 0..<planes {
      let base = UnsafeRawPointer(arguments.inputs + Int(arguments.planes[first &+ plane]))
      var sum = start
      var other = start
      for segment in 0..<arguments.segmentCount {
        var place = base + Int(arguments.segments[segment]) &* 4
        var index = 0
        while index &+ 2 <= whole {
          sum = combine(sum, L.load(place))
          other = combine(other, L.load(place + L.byteCount))
          place += 2 &* L.byteCount
          index &+= 2
        }
        if index < whole {
          sum = combine(sum, L.load(place))
          place += L.byteCount
        }
        if hasTail { other = combine(other, L.load(place, mask, otherwise: start)) }
      }
      partial[plane] = combine(sum, other)
    }
    // Each round halves the vectors: neighbouring lanes of two vectors become one vector.
    var vectors = Width
    while vectors > 1 {
      vectors /= 2
      for index in 0..<vectors {
        let parts = L.deinterleave(partial[2 &* index], partial[2 &* index &+ 1])
        partial[index] = combine(parts.even, parts.odd)
      }
    }
    let result = finish(partial[0])
    let target = UnsafeMutableRawPointer(arguments.outputs + first)
    if planes == Width { L.store(result, target) } else { L.storeFirst(result, target, planes) }
    first &+= planes
  }
}

/// Softmax over `length` elements that lie `inner` apart, for each of `columns` neighbours.
public struct SoftmaxArguments {
  /// The first input.
  public var source: UnsafePointer<Float>
  /// The outputs, laid out as the inputs.
  public var target: UnsafeMutablePointer<Float>
  /// The elements of a sum.
  public var length: Int
  /// Elements from one of a sum to the next.
  public var inner: Int
  /// The sums side by side, at most `inner`.
  public var columns: Int

  /// Arguments.
  public init(
    source: UnsafePointer<Float>, target: UnsafeMutablePointer<Float>, length: Int, inner: Int, columns: Int
  ) {
    self.source = source
    self.target = target
    self.length = length
    self.inner = inner
    self.columns = columns
  }
}

/// exp(x − max) / Σ exp(x − max): along a row when `inner` is 1, else with the sums along the lanes.
@inlinable @inline(__always)
public func softmax<L: PlaneLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: SoftmaxArguments.self).pointee
  let width = L.Vector.scalarCount
  if arguments.inner == 1 {
    softmaxRow(lanes, arguments)
    return
  }
  let step = arguments.inner &* 4
  var column = 0
  while column < arguments.columns {
    let count = min(arguments.columns &- column, width)
    let source = UnsafeRawPointer(arguments.source + column)
    let target = UnsafeMutableRawPointer(arguments.target + column)
    func value(_ place: UnsafeRawPointer) -> L.Vector { count == width ? L.load(place) : L.loadFirst(place, count) }
    func put(_ vector: L.Vector, _ place: UnsafeMutableRawPointer) {
      if count == width { L.store(vector, place) } else { L.storeFirst(vector, place, count) }
    }
    var largest = value(source)
    for index in 1..<max(arguments.length, 1) { largest = L.maximum(largest, value(source + index &* step)) }
    var sum = L.Vector()
    for index in 0..<arguments.length {
      let power = L.exponential(L.difference(value(source + index &* step), largest))
      sum = L.sum(sum, power)
      put(power, target + index &* step)
    }
    let factor = L.quotient(L.broadcast(1), sum)
    for index in 0..<arguments.length {
      put(L.product(value(UnsafeRawPointer(target + index &* step)), factor), target + index &* step)
    }
    column &+= width
  }
}

/// The sum's elements side by side.
@inlinable @inline(__always)
func softmaxRow<L: PlaneLanes>(_ lanes: L.Type, _ arguments: SoftmaxArguments) {
  let width = L.Vector.scalarCount
  let source = UnsafeRawPointer(arguments.source)
  let target = UnsafeMutableRawPointer(arguments.target)
  let whole = arguments.length / width &* width
  func element(_ index: Int) -> Float { source.loadUnaligned(fromByteOffset: index &* 4, as: Float.self) }

  var largests = L.broadcast(element(0))
  var index = 0
  while index < whole {
    largests = L.maximum(largests, L.load(source + index &* 4))
    index &+= width
  }
  var largest = largests[0]
  for lane in 1..<width { largest = max(largest, largests[lane]) }
  while index < arguments.length {
    largest = max(largest, element(index))
    index &+= 1
  }

  let offset = L.broadcast(largest)
  var sums = L.Vector()
  index = 0
  while index < whole {
    let power = L.exponential(L.difference(L.load(source + index &* 4), offset))
    sums = L.sum(sums, power)
    L.store(power, target + index &* 4)
    index &+= width
  }
  var sum: Float = 0
  for lane in 0..<width { sum += sums[lane] }
  let rest = arguments.length &- whole
  if rest > 0 {
    let power = L.exponential(L.difference(L.loadFirst(source + whole &* 4, rest), offset))
    for lane in 0..<rest { sum += power[lane] }
    L.storeFirst(power, target + whole &* 4, rest)
  }

  let factor = 1 / sum
  index = 0
  while index < whole {
    L.store(
      L.product(L.load(UnsafeRawPointer(target + index &* 4)), L.broadcast(factor)), target + index &* 4)
    index &+= width
  }
  while index < arguments.length {
    let place = target + index &* 4
    place.storeBytes(of: place.loadUnaligned(as: Float.self) * factor, as: Float.self)
    index &+= 1
  }
}
