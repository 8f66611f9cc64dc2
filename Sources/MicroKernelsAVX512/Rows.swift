import MicroKernels

/// The copy of rows with a step between columns.
@export(interface)
public func avx512Gather() -> GatherFunction { GatherFunction { gatherRows(AVX512.self, $0) } }
