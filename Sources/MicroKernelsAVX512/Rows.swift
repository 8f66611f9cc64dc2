import MicroKernels

/// The split of rows into even and odd columns.
@export(interface)
public func avx512Split() -> RowFunction { RowFunction { splitRows(AVX512.self, $0) } }
