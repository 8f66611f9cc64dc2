import MicroKernels

/// The copy of rows with a step between columns.
@export(interface)
public func avx512Gather() -> GatherFunction { GatherFunction { gatherRows(AVX512.self, $0) } }

/// The deal of columns to two rows.
@export(interface)
public func avx512DealToTwo() -> GatherFunction { GatherFunction { dealToTwo(AVX512.self, $0) } }

/// The deal of columns to three rows.
@export(interface)
public func avx512DealToThree() -> GatherFunction { GatherFunction { dealToThree(AVX512.self, $0) } }
