import MicroKernels

/// The transforms of F(2×2, 3×3).
@export(interface)
public func portableWinogradF2() -> WinogradTable.Transforms {
  WinogradTable.Transforms(
    input: MicroKernelFunction { winogradInput(Portable.self, WinogradF2.self, $0) },
    output: MicroKernelFunction { winogradOutput(Portable.self, WinogradF2.self, $0) },
    filter: MicroKernelFunction { winogradFilter(Portable.self, WinogradF2.self, $0) })
}

/// The transforms of F(4×4, 3×3).
@export(interface)
public func portableWinogradF4() -> WinogradTable.Transforms {
  WinogradTable.Transforms(
    input: MicroKernelFunction { winogradInput(Portable.self, WinogradF4.self, $0) },
    output: MicroKernelFunction { winogradOutput(Portable.self, WinogradF4.self, $0) },
    filter: MicroKernelFunction { winogradFilter(Portable.self, WinogradF4.self, $0) })
}

/// The transforms of F(6×6, 3×3).
@export(interface)
public func portableWinogradF6() -> WinogradTable.Transforms {
  WinogradTable.Transforms(
    input: MicroKernelFunction { winogradInput(Portable.self, WinogradF6.self, $0) },
    output: MicroKernelFunction { winogradOutput(Portable.self, WinogradF6.self, $0) },
    filter: MicroKernelFunction { winogradFilter(Portable.self, WinogradF6.self, $0) })
}
