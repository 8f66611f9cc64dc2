import MicroKernels

/// The split of rows into even and odd columns.
@export(interface)
public func avx2Split() -> RowFunction { RowFunction { splitRows(AVX2.self, $0) } }
