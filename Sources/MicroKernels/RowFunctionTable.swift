/// The rearrangements of rows of an instruction set.
public struct RowFunctionTable: Sendable {
  /// Transposes rows.
  public let transpose: RowFunction
  /// Splits rows into even and odd columns.
  public let split: RowFunction

  /// A table.
  public init(transpose: RowFunction, split: RowFunction) {
    self.transpose = transpose
    self.split = split
  }
}
