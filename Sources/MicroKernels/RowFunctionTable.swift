/// The rearrangements of rows of an instruction set.
public struct RowFunctionTable: Sendable {
  /// Transposes rows.
  public let transpose: RowFunction
  /// Copies rows.
  public let copy: RowFunction
  /// Copies rows with a step between columns.
  public let gather: GatherFunction
  /// Deals columns out to two rows.
  public let dealToTwo: GatherFunction
  /// Deals columns out to three rows.
  public let dealToThree: GatherFunction

  /// A table.
  public init(
    transpose: RowFunction, copy: RowFunction, gather: GatherFunction, dealToTwo: GatherFunction,
    dealToThree: GatherFunction
  ) {
    self.transpose = transpose
    self.copy = copy
    self.gather = gather
    self.dealToTwo = dealToTwo
    self.dealToThree = dealToThree
  }
}
