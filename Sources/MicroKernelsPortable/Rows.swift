import MicroKernels

/// The transposition of rows, four by four, which wider registers do not make faster.
@export(interface)
public func portableTranspose() -> RowFunction { RowFunction { transposeRows(Portable.self, $0) } }

/// The copy of rows with an addend and an activation.
@export(interface)
public func portableCopy() -> RowFunction { RowFunction { copyRows(Portable.self, $0) } }

/// The copy of rows with a step between columns.
@export(interface)
public func portableGather() -> GatherFunction { GatherFunction { gatherRows(Portable.self, $0) } }

/// The deal of columns to two rows.
@export(interface)
public func portableDealToTwo() -> GatherFunction { GatherFunction { dealToTwo(Portable.self, $0) } }

/// The deal of columns to three rows.
@export(interface)
public func portableDealToThree() -> GatherFunction { GatherFunction { dealToThree(Portable.self, $0) } }
