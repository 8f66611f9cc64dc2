import MicroKernels

/// The input transform of F(2×2, 3×3).
@export(interface)
public func avx2WinogradInput2() -> WinogradFunction { WinogradFunction { winogradInputRow2(AVX2.self, $0) } }

/// The output transform of F(2×2, 3×3).
@export(interface)
public func avx2WinogradOutput2() -> WinogradFunction { WinogradFunction { winogradOutputRow2(AVX2.self, $0) } }

/// The input transform of F(4×4, 3×3).
@export(interface)
public func avx2WinogradInput4() -> WinogradFunction { WinogradFunction { winogradInputRow4(AVX2.self, $0) } }

/// The output transform of F(4×4, 3×3).
@export(interface)
public func avx2WinogradOutput4() -> WinogradFunction { WinogradFunction { winogradOutputRow4(AVX2.self, $0) } }
