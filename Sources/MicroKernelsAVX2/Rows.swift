import MicroKernels

/// The copy of rows with a step between columns.
@export(interface)
public func avx2Gather() -> GatherFunction { GatherFunction { gatherRows(AVX2.self, $0) } }
