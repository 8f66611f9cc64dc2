/// Rows to copy with a step between columns: how windows with a stride see an input.
public struct GatherArguments {
  /// The first element to read.
  public var source: UnsafePointer<Float>
  /// Elements from a source row to the next.
  public var sourceStride: Int
  /// Elements from a column that is read to the next one in its row.
  public var columnStride: Int
  /// The first element to write.
  public var target: UnsafeMutablePointer<Float>
  /// Elements from a target row to the next.
  public var targetStride: Int
  /// The rows.
  public var rows: Int
  /// The columns that are copied of each row.
  public var columns: Int
  /// Where a row is dealt out to several, elements from one of them to the next.
  public var partStride: Int

  /// Arguments.
  public init(
    source: UnsafePointer<Float>, sourceStride: Int, columnStride: Int, target: UnsafeMutablePointer<Float>,
    targetStride: Int, rows: Int, columns: Int, partStride: Int = 0
  ) {
    self.source = source
    self.sourceStride = sourceStride
    self.columnStride = columnStride
    self.target = target
    self.targetStride = targetStride
    self.rows = rows
    self.columns = columns
    self.partStride = partStride
  }
}

/// A gathering copy for one instruction set.
public struct GatherFunction: Sendable {
  private let code: @convention(c) (UnsafeRawPointer) -> Void

  /// A copy by the given code, which takes the address of a ``GatherArguments``.
  public init(_ code: @convention(c) (UnsafeRawPointer) -> Void) { self.code = code }

  /// Copies.
  @inline(__always)
  public func callAsFunction(_ arguments: UnsafePointer<GatherArguments>) { code(arguments) }
}

/// Copies: `target[r · targetStride + c] = source[r · sourceStride + c · columnStride]`, reading and writing nothing else
/// than lies between the first and the last column of each row.
@inlinable @inline(__always)
public func gatherRows<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: GatherArguments.self).pointee
  let columns = arguments.columns
  let width = L.Vector.scalarCount
  let step = arguments.columnStride
  for row in 0..<arguments.rows {
    let source = UnsafeRawPointer(arguments.source + row &* arguments.sourceStride)
    let target = UnsafeMutableRawPointer(arguments.target + row &* arguments.targetStride)
    var column = 0
    if step == 1, columns >= width {
      while column &+ width <= columns {
        L.store(L.load(source + column &* 4), target + column &* 4)
        column &+= width
      }
      // The last vector overlaps the one before.
      if column < columns {
        let last = (columns &- width) &* 4
        L.store(L.load(source + last), target + last)
      }
    } else if step == 1, columns >= 4 {
      // Rows shorter than a vector, four by four.
      while column < columns {
        let place = min(column, columns &- 4) &* 4
        target.storeBytes(
          of: (source + place).loadUnaligned(as: SIMD4<Float>.self), toByteOffset: place, as: SIMD4<Float>.self)
        column &+= 4
      }
    } else if step == 2, columns > width {
      while column &+ width < columns {
        let place = source + 2 &* column &* 4
        L.store(L.deinterleave(L.load(place), L.load(place + L.byteCount)).even, target + column &* 4)
        column &+= width
      }
      // The last vector starts a column early, so that it ends with the last column.
      let last = columns &- width
      let place = source + (2 &* last &- 1) &* 4
      L.store(L.deinterleave(L.load(place), L.load(place + L.byteCount)).odd, target + last &* 4)
    } else {
      while column < columns {
        let value = (source + column &* step &* 4).loadUnaligned(as: Float.self)
        target.storeBytes(of: value, toByteOffset: column &* 4, as: Float.self)
        column &+= 1
      }
    }
  }
}

/// Deals columns out in turn to two rows: `target[r · targetStride + (c % 2) · partStride + c / 2] = source[r ·
/// sourceStride + c]`, touching nothing else.
@inlinable @inline(__always)
public func dealToTwo<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: GatherArguments.self).pointee
  let width = L.Vector.scalarCount
  for row in 0..<arguments.rows {
    let source = UnsafeRawPointer(arguments.source + row &* arguments.sourceStride)
    let even = UnsafeMutableRawPointer(arguments.target + row &* arguments.targetStride)
    let odd = even + arguments.partStride &* 4
    var column = 0
    while column &+ 2 &* width <= arguments.columns {
      let place = source + column &* 4
      let parts = L.deinterleave(L.load(place), L.load(place + L.byteCount))
      L.store(parts.even, even + column &* 2)
      L.store(parts.odd, odd + column &* 2)
      column &+= 2 &* width
    }
    while column < arguments.columns {
      let value = (source + column &* 4).loadUnaligned(as: Float.self)
      (column & 1 == 0 ? even : odd).storeBytes(of: value, toByteOffset: (column &>> 1) &* 4, as: Float.self)
      column &+= 1
    }
  }
}

/// Deals columns out in turn to three rows, as ``dealToTwo(_:_:)`` does to two: pixels that are triples to channels.
@inlinable @inline(__always)
public func dealToThree<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: GatherArguments.self).pointee
  let width = L.Vector.scalarCount
  let part = arguments.partStride &* 4
  for row in 0..<arguments.rows {
    let source = UnsafeRawPointer(arguments.source + row &* arguments.sourceStride)
    let target = UnsafeMutableRawPointer(arguments.target + row &* arguments.targetStride)
    let count = arguments.columns / 3
    var index = 0
    while index &+ width <= count {
      let place = source + index &* 12
      let parts = L.separate(L.load(place), L.load(place + L.byteCount), L.load(place + 2 &* L.byteCount))
      L.store(parts.first, target + index &* 4)
      L.store(parts.second, target + part + index &* 4)
      L.store(parts.third, target + 2 &* part + index &* 4)
      index &+= width
    }
    while index < count {
      for channel in 0..<3 {
        let value = (source + (index &* 3 &+ channel) &* 4).loadUnaligned(as: Float.self)
        (target + channel &* part).storeBytes(of: value, toByteOffset: index &* 4, as: Float.self)
      }
      index &+= 1
    }
  }
}
