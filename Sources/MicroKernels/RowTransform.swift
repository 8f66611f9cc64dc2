/// Rows to copy in another order, for kernels that bring inputs into the order of their tiles.
public struct RowArguments {
  /// The first element to read.
  public var source: UnsafePointer<Float>
  /// Elements from a source row to the next.
  public var sourceStride: Int
  /// The element that `targetOffsets` count from, moved on to the first column.
  public var target: UnsafeMutablePointer<Float>
  /// The start of each target row, in elements.
  public var targetOffsets: UnsafePointer<Int32>
  /// The element that `addendOffsets` count from, moved on to the first column; nil when nothing is added.
  public var addends: UnsafePointer<Float>?
  /// The start of each addend row, in elements.
  public var addendOffsets: UnsafePointer<Int32>
  /// The source's rows.
  public var rows: Int
  /// The source's columns.
  public var columns: Int
  /// What is done to each element at last.
  public var activation: TileActivation

  /// Arguments with nothing added and no activation.
  public init(
    source: UnsafePointer<Float>, sourceStride: Int, target: UnsafeMutablePointer<Float>,
    targetOffsets: UnsafePointer<Int32>, rows: Int, columns: Int
  ) {
    self.source = source
    self.sourceStride = sourceStride
    self.target = target
    self.targetOffsets = targetOffsets
    addends = nil
    addendOffsets = targetOffsets
    self.rows = rows
    self.columns = columns
    activation = .none
  }
}

/// A rearrangement of rows for one instruction set.
public struct RowFunction: Sendable {
  private let code: @convention(c) (UnsafeRawPointer) -> Void

  /// A rearrangement by the given code, which takes the address of a ``RowArguments``.
  public init(_ code: @convention(c) (UnsafeRawPointer) -> Void) { self.code = code }

  /// Rearranges.
  @inline(__always)
  public func callAsFunction(_ arguments: UnsafePointer<RowArguments>) { code(arguments) }
}

/// Transposes: `target[offsets[c] + r] = activation(source[r · stride + c] + addend[addendOffsets[c] + r])`.
///
/// Four by four in registers; nothing outside the two blocks is touched.
@inlinable @inline(__always)
public func transposeRows<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) where L.Vector == SIMD4<Float> {
  let arguments = address.assumingMemoryBound(to: RowArguments.self).pointee
  let stride = arguments.sourceStride &* 4
  let isPlain = arguments.addends == nil && arguments.activation.isIdentity
  var row = 0
  while row < arguments.rows {
    let source = UnsafeRawPointer(arguments.source) + row &* stride
    let target = UnsafeMutableRawPointer(arguments.target) + row &* 4
    let count = min(arguments.rows &- row, 4)
    var column = 0
    while count == 4, column &+ 4 <= arguments.columns {
      let a = L.load(source + column &* 4), b = L.load(source + stride + column &* 4)
      let c = L.load(source + 2 &* stride + column &* 4), d = L.load(source + 3 &* stride + column &* 4)
      let (ac, bd) = (L.interleave(a, c), L.interleave(b, d))
      let (low, high) = (L.interleave(ac.low, bd.low), L.interleave(ac.high, bd.high))
      let offsets = arguments.targetOffsets + column
      L.store(low.low, target + Int(offsets[0]) &* 4)
      L.store(low.high, target + Int(offsets[1]) &* 4)
      L.store(high.low, target + Int(offsets[2]) &* 4)
      L.store(high.high, target + Int(offsets[3]) &* 4)
      column &+= 4
    }
    while column < arguments.columns {
      let place = target + Int(arguments.targetOffsets[column]) &* 4
      for r in 0..<count {
        let value = (source + r &* stride + column &* 4).loadUnaligned(as: Float.self)
        place.storeBytes(of: value, toByteOffset: r &* 4, as: Float.self)
      }
      column &+= 1
    }
    row &+= 4
  }
  if isPlain { return }
  for column in 0..<arguments.columns {
    finishRow(
      lanes, UnsafeMutableRawPointer(arguments.target + Int(arguments.targetOffsets[column])),
      arguments.addends.map { UnsafeRawPointer($0 + Int(arguments.addendOffsets[column])) }, arguments.rows,
      arguments.activation)
  }
}

/// Copies: `target[offsets[r] + c] = activation(source[r · stride + c] + addend[addendOffsets[r] + c])`.
@inlinable @inline(__always)
public func copyRows<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: RowArguments.self).pointee
  let isPlain = arguments.addends == nil && arguments.activation.isIdentity
  for row in 0..<arguments.rows {
    let source = UnsafeRawPointer(arguments.source) + row &* arguments.sourceStride &* 4
    let target = UnsafeMutableRawPointer(arguments.target + Int(arguments.targetOffsets[row]))
    target.copyMemory(from: source, byteCount: arguments.columns &* 4)
    if isPlain { continue }
    finishRow(
      lanes, target, arguments.addends.map { UnsafeRawPointer($0 + Int(arguments.addendOffsets[row])) },
      arguments.columns, arguments.activation)
  }
}

/// Adds a row to another and applies an activation, to exactly `count` elements.
@inlinable @inline(__always)
func finishRow<L: Lanes>(
  _ lanes: L.Type, _ row: UnsafeMutableRawPointer, _ addend: UnsafeRawPointer?, _ count: Int,
  _ activation: TileActivation
) {
  if activation.isExponential {
    if addend != nil { finishRow(lanes, row, addend, count) { $0 } }
    activate(lanes, row, count: count, activation)
  } else {
    finishRow(lanes, row, addend, count) { L.activateSimply($0, activation) }
  }
}

/// The same, the activation known.
@inlinable @inline(__always)
func finishRow<L: Lanes>(
  _ lanes: L.Type, _ row: UnsafeMutableRawPointer, _ addend: UnsafeRawPointer?, _ count: Int,
  _ function: (L.Vector) -> L.Vector
) {
  let width = L.Vector.scalarCount
  var index = 0
  while index &+ width <= count {
    var vector = L.load(row + index &* 4)
    if let addend { vector = L.sum(vector, L.load(addend + index &* 4)) }
    L.store(function(vector), row + index &* 4)
    index &+= width
  }
  while index < count {
    let place = row + index &* 4
    var value = place.loadUnaligned(as: Float.self)
    if let addend { value += (addend + index &* 4).loadUnaligned(as: Float.self) }
    place.storeBytes(of: function(L.broadcast(value))[0], as: Float.self)
    index &+= 1
  }
}
