import MicroKernels

/// The copy of rows with a step between columns.
@export(interface)
public func avx2Gather() -> GatherFunction { GatherFunction { gatherRows(AVX2.self, $0) } }

/// The deal of columns to two rows.
@export(interface)
public func avx2DealToTwo() -> GatherFunction { GatherFunction { dealToTwo(AVX2.self, $0) } }

/// The deal of columns to three rows.
@export(interface)
public func avx2DealToThree() -> GatherFunction { GatherFunction { dealToThree(AVX2.self, $0) } }
