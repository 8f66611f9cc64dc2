import MicroKernels

/// The input transform of F(2×2, 3×3).
@export(interface)
public func avx512WinogradInput2() -> WinogradFunction { WinogradFunction { winogradInputRow2(AVX512.self, $0) } }

/// The output transform of F(2×2, 3×3).
@export(interface)
public func avx512WinogradOutput2() -> WinogradFunction { WinogradFunction { winogradOutputRow2(AVX512.self, $0) } }

/// The input transform of F(4×4, 3×3).
@export(interface)
public func avx512WinogradInput4() -> WinogradFunction { WinogradFunction { winogradInputRow4(AVX512.self, $0) } }

/// The output transform of F(4×4, 3×3).
@export(interface)
public func avx512WinogradOutput4() -> WinogradFunction { WinogradFunction { winogradOutputRow4(AVX512.self, $0) } }
