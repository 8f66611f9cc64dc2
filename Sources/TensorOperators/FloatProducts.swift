import LayerKernels

/// Products of matrices of floats.
///
/// This file is a wall: matrices are views of memory whose sizes are checked when the view is made, and the loops after that
/// run over pointers without checks.
enum FloatProducts {
  /// Adds the product of two matrices to a third.
  static func add<Number: ProductNumber>(
    _ left: Matrix<Number>, times right: Matrix<Number>, to sum: MutableMatrix<Number>
  ) {
    precondition(
      left.rows == sum.rows && left.columns == right.rows && right.columns == sum.columns,
      "a \(left.rows)x\(left.columns) matrix times a \(right.rows)x\(right.columns) one is not \(sum.rows)x\(sum.columns)"
    )
    guard sum.rows > 0, sum.columns > 0, left.columns > 0 else { return }
    if sum.rows < 4 {
      addRows(left, right, sum, from: 0)
    } else {
      addPanels(left, right, sum)
    }
  }

  /// Columns of a panel: what four rows of sums hold in registers.
  private static let panelWidth = 8
  /// Rows of a panel: its memory stays in the nearest cache.
  private static let panelDepth = 256

  /// Row by row, four rows of the right matrix at a time: the loop over columns is contiguous everywhere.
  private static func addRows<Number: ProductNumber>(
    _ left: Matrix<Number>, _ right: Matrix<Number>, _ sum: MutableMatrix<Number>, from firstRow: Int,
    firstColumn: Int = 0
  ) {
    let (depth, columns) = (left.columns, sum.columns)
    for row in firstRow..<sum.rows {
      let target = sum.start + row * sum.stride
      let factors = left.start + row * left.stride
      var inner = 0
      while inner + 4 <= depth {
        let (f0, f1, f2, f3) = (factors[inner], factors[inner + 1], factors[inner + 2], factors[inner + 3])
        let r0 = right.start + inner * right.stride
        let (r1, r2, r3) = (r0 + right.stride, r0 + 2 * right.stride, r0 + 3 * right.stride)
        for column in firstColumn..<columns {
          target[column] += f0 * r0[column] + f1 * r1[column] + (f2 * r2[column] + f3 * r3[column])
        }
        inner += 4
      }
      while inner < depth {
        let factor = factors[inner]
        let source = right.start + inner * right.stride
        for column in firstColumn..<columns { target[column] += factor * source[column] }
        inner += 1
      }
    }
  }

  /// Panels of the right matrix are copied next to each other and met with four rows of the left matrix at a time.
  private static func addPanels<Number: ProductNumber>(
    _ left: Matrix<Number>, _ right: Matrix<Number>, _ sum: MutableMatrix<Number>
  ) {
    let blockRows = sum.rows / 4 * 4
    let blockColumns = sum.columns / panelWidth * panelWidth
    withUnsafeTemporaryAllocation(of: SIMD8<Number>.self, capacity: panelDepth) { panel in
      guard let packed = panel.baseAddress else { return }
      for first in stride(from: 0, to: left.columns, by: panelDepth) {
        let depth = min(panelDepth, left.columns - first)
        for column in stride(from: 0, to: blockColumns, by: panelWidth) {
          for inner in 0..<depth {
            let source = UnsafeRawPointer(right.start + (first + inner) * right.stride + column)
            packed[inner] = source.loadUnaligned(as: SIMD8<Number>.self)
          }
          for row in stride(from: 0, to: blockRows, by: 4) {
            addTile(
              left.start + row * left.stride + first, left.stride, packed, depth,
              to: sum.start + row * sum.stride + column, sum.stride)
          }
        }
      }
    }
    // The columns that fill no panel, and the rows that fill no block.
    if blockColumns < sum.columns {
      addRows(left, right, sum.head(rows: blockRows), from: 0, firstColumn: blockColumns)
    }
    addRows(left, right, sum, from: blockRows)
  }

  /// Four rows times a panel.
  @inline(__always)
  private static func addTile<Number: ProductNumber>(
    _ left: UnsafePointer<Number>, _ leftStride: Int, _ panel: UnsafePointer<SIMD8<Number>>, _ depth: Int,
    to sum: UnsafeMutablePointer<Number>, _ sumStride: Int
  ) {
    var (s0, s1) = (SIMD8<Number>(), SIMD8<Number>())
    var (s2, s3) = (s0, s0)
    let (l1, l2, l3) = (left + leftStride, left + 2 * leftStride, left + 3 * leftStride)
    for inner in 0..<depth {
      let right = panel[inner]
      // Fused operations would be calls of a library on processors that lack them.
      s0 += right * left[inner]
      s1 += right * l1[inner]
      s2 += right * l2[inner]
      s3 += right * l3[inner]
    }
    for (row, value) in [s0, s1, s2, s3].enumerated() {
      let target = UnsafeMutableRawPointer(sum + row * sumStride)
      target.storeBytes(of: target.loadUnaligned(as: SIMD8<Number>.self) + value, as: SIMD8<Number>.self)
    }
  }
}

/// A row-major matrix in memory that somebody else holds.
struct Matrix<Number: ProductNumber> {
  let start: UnsafePointer<Number>
  let rows: Int
  let columns: Int
  /// Elements between the starts of neighbouring rows.
  let stride: Int

  /// The matrix whose first element is at `offset`.
  init(_ elements: UnsafeBufferPointer<Number>, offset: Int = 0, rows: Int, columns: Int, stride: Int? = nil) {
    let stride = stride ?? columns
    checkExtent(elements.count, offset, rows, columns, stride)
    self.rows = rows
    self.columns = columns
    self.stride = stride
    start = elements.baseAddress.map { UnsafePointer($0) + offset } ?? UnsafePointer(bitPattern: 64).unsafelyUnwrapped
  }

  /// The matrix whose first element is at `offset`.
  init(_ elements: UnsafeMutableBufferPointer<Number>, offset: Int = 0, rows: Int, columns: Int, stride: Int? = nil) {
    self.init(UnsafeBufferPointer(elements), offset: offset, rows: rows, columns: columns, stride: stride)
  }
}

/// A row-major matrix in memory that somebody else holds, and that may be written.
struct MutableMatrix<Number: ProductNumber> {
  let start: UnsafeMutablePointer<Number>
  let rows: Int
  let columns: Int
  /// Elements between the starts of neighbouring rows.
  let stride: Int

  /// The matrix whose first element is at `offset`.
  init(_ elements: UnsafeMutableBufferPointer<Number>, offset: Int = 0, rows: Int, columns: Int, stride: Int? = nil) {
    let stride = stride ?? columns
    checkExtent(elements.count, offset, rows, columns, stride)
    self.init(
      start: elements.baseAddress.map { $0 + offset } ?? UnsafeMutablePointer(bitPattern: 64).unsafelyUnwrapped,
      rows: rows, columns: columns, stride: stride)
  }

  private init(start: UnsafeMutablePointer<Number>, rows: Int, columns: Int, stride: Int) {
    self.start = start
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// The first rows.
  fileprivate func head(rows: Int) -> MutableMatrix {
    MutableMatrix(start: start, rows: min(rows, self.rows), columns: columns, stride: stride)
  }
}

/// Stops where a matrix would reach beyond its memory: whoever makes a view has checked the shapes.
private func checkExtent(_ count: Int, _ offset: Int, _ rows: Int, _ columns: Int, _ stride: Int) {
  precondition(offset >= 0 && rows >= 0 && columns >= 0 && stride >= columns, "a matrix has no such sizes")
  precondition(
    rows == 0 || columns == 0 || offset + (rows - 1) * stride + columns <= count,
    "a \(rows)x\(columns) matrix at \(offset) reaches beyond \(count) elements")
}

extension Array where Element: ProductNumber {
  /// A row-major matrix with rows and columns exchanged.
  static func transposing(_ source: UnsafeBufferPointer<Element>, offset: Int = 0, rows: Int, columns: Int) -> [Element]
  {
    precondition(offset >= 0 && offset + rows * columns <= source.count, "a matrix reaches beyond its memory")
    return Array(unsafeUninitializedCapacity: rows * columns) { target, count in
      for row in 0..<rows {
        let from = offset + row * columns
        for column in 0..<columns { target[column * rows + row] = source[from + column] }
      }
      count = rows * columns
    }
  }
}
