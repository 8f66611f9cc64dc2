/// A table for people, in plain text: columns as wide as their widest cell.
public struct Table: Sendable {
  /// A column's heading and side.
  public struct Column: Sendable {
    let title: String
    let isNumber: Bool

    /// A column of text, flush left.
    public static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }

    /// A column of numbers, flush right.
    public static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// An empty table.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; missing cells are empty.
  public mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The table's lines, without spaces at their ends.
  public var text: String {
    let all = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in all.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    let lines = all.map { cells in
      var line = columns.indices.map { column in
        let cell = cells.count > column ? cells[column] : ""
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return columns[column].isNumber ? space + cell : cell + space
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    return ([lines[0], rule] + lines.dropFirst()).joined(separator: "\n")
  }
}
