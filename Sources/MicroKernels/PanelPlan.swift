/// How the rows of a product are cut into panels of nearly equal size, so that no tail of a few rows is left.
///
/// 58 rows in tiles of at most 14 are 3 panels of 12 and 2 of 11, not 4 of 14 and a slow one of 2.
public struct PanelPlan: Hashable, Sendable {
  /// All rows.
  public let rows: Int
  /// The rows of a large panel; the small ones have one less.
  public let largeRows: Int
  /// The large panels; they come first.
  public let largeCount: Int
  /// The panels.
  public let count: Int

  /// Cuts `rows`, at least 1, into as few panels of at most `limit` rows as can be.
  public init(rows: Int, limit: Int) {
    self.rows = rows
    count = (rows + limit - 1) / limit
    largeRows = (rows + count - 1) / count
    largeCount = rows - count * (largeRows - 1)
  }

  /// The first row of a panel.
  @inlinable
  public func firstRow(of panel: Int) -> Int {
    panel * largeRows - max(panel - largeCount, 0)
  }

  /// The rows of a panel.
  @inlinable
  public func rowCount(of panel: Int) -> Int { panel < largeCount ? largeRows : largeRows - 1 }

  /// Writes the weights of a matrix in memory in the order in which tiles read them: panel by panel, k by k, row by row.
  ///
  /// - Parameters:
  ///   - packed: `rows · depth` elements.
  ///   - depth: the terms of each sum.
  ///   - matrix: the weight of the first row and the first k.
  ///   - stride: the elements from a row of the matrix to the next one.
  public func pack(
    _ packed: UnsafeMutablePointer<Float>, depth: Int, matrix: UnsafePointer<Float>, stride: Int
  ) {
    for panel in 0..<count {
      let first = firstRow(of: panel)
      let rows = rowCount(of: panel)
      for row in 0..<rows {
        // A row is read on and on; what is written stays in the first cache until the panel's last row.
        let source = matrix + (first + row) * stride
        var place = packed + first * depth + row
        for k in 0..<depth {
          place.pointee = source[k]
          place += rows
        }
      }
    }
  }
}
