/// A matrix to transpose: `target[column][row] = source[row][column]`.
///
/// Rows lie at offsets from a table, or one stride apart where there is no table.
public struct TransposeArguments {
  /// What the source rows' offsets count from.
  public var source: UnsafePointer<Float>
  /// Elements from a source row to the next, where there is no table.
  public var sourceStride: Int
  /// Each source row's first element, or nil.
  public var sourceRows: UnsafePointer<Int32>?
  /// What the target rows' offsets count from.
  public var target: UnsafeMutablePointer<Float>
  /// Elements from a target row to the next, where there is no table.
  public var targetStride: Int
  /// Each target row's first element, or nil.
  public var targetRows: UnsafePointer<Int32>?
  /// The source's rows.
  public var rows: Int
  /// The source's columns.
  public var columns: Int

  /// Arguments without tables.
  public init(
    source: UnsafePointer<Float>, sourceStride: Int, target: UnsafeMutablePointer<Float>, targetStride: Int, rows: Int,
    columns: Int
  ) {
    self.source = source
    self.sourceStride = sourceStride
    sourceRows = nil
    self.target = target
    self.targetStride = targetStride
    targetRows = nil
    self.rows = rows
    self.columns = columns
  }
}

/// Transposes a matrix in squares of a vector's lanes; nothing outside the two matrices is touched.
///
/// A square is transposed by taking the even and the odd lanes of neighbouring rows apart, log₂ of its side times: each
/// round moves the lowest bit of the lane's number to the front of the row's. The last squares are moved back to end with
/// the matrix; a matrix smaller than a square is copied element by element.
///
/// - Parameters (integer generics): `Width`, the lanes of a vector.
@inlinable @inline(__always)
public func transpose<L: Lanes, let Width: Int>(
  _ lanes: L.Type, _ width: LaneCount<Width>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: TransposeArguments.self)
  if arguments.pointee.rows < Width || arguments.pointee.columns < Width {
    transposeElements(arguments.pointee)
    return
  }
  var row = 0
  while row < arguments.pointee.rows {
    let firstRow = min(row, arguments.pointee.rows &- Width)
    var column = 0
    while column < arguments.pointee.columns {
      transposeSquare(lanes, width, arguments.pointee, firstRow, min(column, arguments.pointee.columns &- Width))
      column &+= Width
    }
    row &+= Width
  }
}

@inlinable @inline(__always)
func transposeSquare<L: Lanes, let Width: Int>(
  _ lanes: L.Type, _ width: LaneCount<Width>.Type, _ arguments: TransposeArguments, _ row: Int, _ column: Int
) {
  var square = InlineArray<Width, L.Vector> { _ in L.Vector() }
  let source = UnsafeRawPointer(arguments.source + column)
  if let rows = arguments.sourceRows {
    unrolledRows(Width) { square[$0] = L.load(source + Int(rows[row &+ $0]) &* 4) }
  } else {
    unrolledRows(Width) { square[$0] = L.load(source + (row &+ $0) &* arguments.sourceStride &* 4) }
  }
  var rounds = Width
  while rounds > 1 {
    var next = square
    unrolled(Width / 2) { pair in
      let parts = L.deinterleave(square[2 * pair], square[2 * pair + 1])
      next[pair] = parts.even
      next[pair + Width / 2] = parts.odd
    }
    square = next
    rounds /= 2
  }
  let target = UnsafeMutableRawPointer(arguments.target + row)
  if let rows = arguments.targetRows {
    unrolledRows(Width) { L.store(square[$0], target + Int(rows[column &+ $0]) &* 4) }
  } else {
    unrolledRows(Width) { L.store(square[$0], target + (column &+ $0) &* arguments.targetStride &* 4) }
  }
}

/// Runs `body` for 0 ..< `count`, written out, for up to sixteen.
@inlinable @inline(__always)
func unrolledRows(_ count: Int, _ body: (Int) -> Void) {
  unrolled(min(count, 14), body)
  if count > 14 { for index in 14..<count { body(index) } }
}

/// A matrix with a side shorter than a vector.
@inlinable @inline(__always)
func transposeElements(_ arguments: TransposeArguments) {
  // The longer side is the inner loop.
  if arguments.columns >= arguments.rows {
    for row in 0..<arguments.rows {
      let source = arguments.source + (arguments.sourceRows.map { Int($0[row]) } ?? row &* arguments.sourceStride)
      if let rows = arguments.targetRows {
        for column in 0..<arguments.columns { arguments.target[Int(rows[column]) &+ row] = source[column] }
      } else {
        let target = arguments.target + row
        for column in 0..<arguments.columns { target[column &* arguments.targetStride] = source[column] }
      }
    }
  } else {
    for column in 0..<arguments.columns {
      let target = arguments.target + (arguments.targetRows.map { Int($0[column]) } ?? column &* arguments.targetStride)
      if let rows = arguments.sourceRows {
        for row in 0..<arguments.rows { target[row] = arguments.source[Int(rows[row]) &+ column] }
      } else {
        let source = arguments.source + column
        for row in 0..<arguments.rows { target[row] = source[row &* arguments.sourceStride] }
      }
    }
  }
}
