/// The rearrangements of rows of an instruction set.
public struct RowFunctionTable: Sendable {
  /// Transposes rows.
  public let transpose: RowFunction
  /// Copies rows.
  public let copy: RowFunction
  /// Copies rows with a step between columns.
  public let gather: GatherFunction

  /// A table.
  public init(transpose: RowFunction, copy: RowFunction, gather: GatherFunction) {
    self.transpose = transpose
    self.copy = copy
    self.gather = gather
  }
}
