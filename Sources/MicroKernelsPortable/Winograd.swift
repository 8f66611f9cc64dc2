import MicroKernels

/// The input transform of F(2×2, 3×3).
@export(interface)
public func portableWinogradInput2() -> WinogradFunction { WinogradFunction { winogradInputRow2(Portable.self, $0) } }

/// The output transform of F(2×2, 3×3).
@export(interface)
public func portableWinogradOutput2() -> WinogradFunction { WinogradFunction { winogradOutputRow2(Portable.self, $0) } }

/// The input transform of F(4×4, 3×3).
@export(interface)
public func portableWinogradInput4() -> WinogradFunction { WinogradFunction { winogradInputRow4(Portable.self, $0) } }

/// The output transform of F(4×4, 3×3).
@export(interface)
public func portableWinogradOutput4() -> WinogradFunction { WinogradFunction { winogradOutputRow4(Portable.self, $0) } }
