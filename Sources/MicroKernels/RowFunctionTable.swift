/// The rearrangements of rows of an instruction set.
public struct RowFunctionTable: Sendable {
  /// Transposes rows.
  public let transpose: RowFunction
  /// Copies rows.
  public let copy: RowFunction
  /// Splits rows into even and odd columns.
  public let split: RowFunction

  /// A table.
  public init(transpose: RowFunction, copy: RowFunction, split: RowFunction) {
    self.transpose = transpose
    self.copy = copy
    self.split = split
  }
}
