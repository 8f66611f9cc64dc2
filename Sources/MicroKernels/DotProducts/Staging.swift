/// What an instruction set gives the conversion of inputs to narrow numbers: stores that narrow.
public protocol StagingLanes: Lanes {
  /// Writes the last 8 bits of floats from 2²³ up.
  static func storeUInt8(_ vector: Vector, _ address: UnsafeMutableRawPointer)

  /// Writes floats beside 1.5 · 2²³ as bytes: their bits with `offset` added, which have to fit.
  static func storeSteps(_ vector: Vector, offset: Int32, _ address: UnsafeMutableRawPointer)

  /// Writes the last 16 bits of floats from 2²³ up.
  static func storeInt16(_ vector: Vector, _ address: UnsafeMutableRawPointer)

  /// Writes the upper halves of floats, rounded to the nearest, ties to even; a NaN stays one.
  static func storeBFloat16(_ vector: Vector, _ address: UnsafeMutableRawPointer)
}

/// Inputs to look through for the range that narrow numbers have to hold.
public struct RangeArguments {
  /// The first element.
  public var source: UnsafePointer<Float>
  /// The elements, side by side.
  public var count: Int
  /// Three numbers that are brought up to date: the least and the greatest finite-looking element, and 0, or NaN where an element is
  /// not finite.
  public var range: UnsafeMutablePointer<Float>

  /// Arguments.
  public init(source: UnsafePointer<Float>, count: Int, range: UnsafeMutablePointer<Float>) {
    self.source = source
    self.count = count
    self.range = range
  }
}

/// Inputs to convert to narrow numbers.
public struct StagingArguments {
  /// The first element.
  public var source: UnsafePointer<Float>
  /// The elements of a row, side by side.
  public var count: Int
  /// The rows.
  public var rows: Int
  /// Elements from a row to the next.
  public var sourceStride: Int
  /// Where the first row goes.
  public var target: UnsafeMutableRawPointer
  /// Bytes from a row to the next; what is left after a row's elements becomes zeros.
  public var targetStride: Int
  /// What an element is multiplied by.
  public var inverse: Float
  /// What is added to it.
  public var zeroPoint: Float

  /// Arguments.
  public init(
    source: UnsafePointer<Float>, count: Int, rows: Int = 1, sourceStride: Int = 0, target: UnsafeMutableRawPointer,
    targetStride: Int, _ quantisation: InputQuantisation
  ) {
    self.source = source
    self.count = count
    self.rows = rows
    self.sourceStride = sourceStride
    self.target = target
    self.targetStride = targetStride
    inverse = quantisation.inverse
    zeroPoint = Float(quantisation.zeroPoint)
  }
}

/// The code of every search for a range.
@inlinable @inline(__always)
public func findRange<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: RangeArguments.self).pointee
  let source = UnsafeRawPointer(arguments.source)
  let zero = L.broadcast(0)
  var least = InlineArray<4, L.Vector> { _ in L.broadcast(arguments.range[0]) }
  var most = InlineArray<4, L.Vector> { _ in L.broadcast(arguments.range[1]) }
  var poison = InlineArray<4, L.Vector> { _ in L.broadcast(arguments.range[2]) }
  func take(_ vector: L.Vector, _ place: Int) {
    least[place] = L.minimum(vector, least[place])
    most[place] = L.maximum(vector, most[place])
    // 0 times anything finite is 0.
    L.multiplyAdd(&poison[place], vector, zero)
  }
  let bytes = arguments.count &* 4
  var byte = 0
  while byte &+ 4 &* L.byteCount <= bytes {
    for place in 0..<4 { take(L.load(source + byte + place * L.byteCount), place) }
    byte &+= 4 &* L.byteCount
  }
  while byte &+ L.byteCount <= bytes {
    take(L.load(source + byte), 0)
    byte &+= L.byteCount
  }
  if byte < bytes { take(partial(lanes, source + byte, byteCount: bytes &- byte), 1) }
  let lowest = L.minimum(L.minimum(least[0], least[1]), L.minimum(least[2], least[3]))
  let highest = L.maximum(L.maximum(most[0], most[1]), L.maximum(most[2], most[3]))
  let all = L.sum(L.sum(poison[0], poison[1]), L.sum(poison[2], poison[3]))
  var (low, high, fault) = (lowest[0], highest[0], all[0])
  for lane in 1..<L.Vector.scalarCount {
    low = lowest[lane] < low ? lowest[lane] : low
    high = highest[lane] > high ? highest[lane] : high
    fault += all[lane]
  }
  arguments.range[0] = low
  arguments.range[1] = high
  arguments.range[2] = fault
}

/// Fewer floats than a vector has, and zeros.
@inlinable @inline(__always)
func partial<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer, byteCount: Int) -> L.Vector {
  var vector = L.Vector()
  withUnsafeMutableBytes(of: &vector) { bytes in
    bytes.baseAddress?.copyMemory(from: address, byteCount: byteCount)
  }
  return vector
}

/// The code of every conversion: to whole numbers of `byteCount` bytes, or to upper halves of floats.
@inlinable @inline(__always)
public func stage<L: StagingLanes>(
  _ lanes: L.Type, isInteger: Bool, byteCount: Int, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: StagingArguments.self).pointee
  let inverse = L.broadcast(arguments.inverse)
  let zeroPoint = L.broadcast(arguments.zeroPoint)
  let (zero, top, whole) = (L.broadcast(0), L.broadcast(255), L.broadcast(0x1p23))
  func store(_ vector: L.Vector, _ target: UnsafeMutableRawPointer) {
    guard isInteger else { return L.storeBFloat16(vector, target) }
    var scaled = zeroPoint
    L.multiplyAdd(&scaled, vector, inverse)
    // A NaN becomes 0; the scale that the sums are multiplied by is one then.
    let rounded = L.sum(L.minimum(L.maximum(scaled, zero), top), whole)
    if byteCount == 1 { L.storeUInt8(rounded, target) } else { L.storeInt16(rounded, target) }
  }
  let step = L.Vector.scalarCount &* byteCount
  for row in 0..<arguments.rows {
    let source = UnsafeRawPointer(arguments.source + row &* arguments.sourceStride)
    var target = arguments.target + row &* arguments.targetStride
    let bytes = arguments.count &* 4
    var byte = 0
    while byte &+ L.byteCount <= bytes {
      store(L.load(source + byte), target)
      byte &+= L.byteCount
      target += step
    }
    if byte < bytes {
      var narrow = L.Vector()
      withUnsafeMutableBytes(of: &narrow) { memory in
        guard let start = memory.baseAddress else { return }
        store(partial(lanes, source + byte, byteCount: bytes &- byte), start)
        let rest = (bytes &- byte) / 4 &* byteCount
        target.copyMemory(from: start, byteCount: rest)
        target += rest
      }
    }
    let padding = arguments.targetStride &- arguments.count &* byteCount
    for index in 0..<max(padding, 0) { target.storeBytes(of: 0, toByteOffset: index, as: UInt8.self) }
  }
}
