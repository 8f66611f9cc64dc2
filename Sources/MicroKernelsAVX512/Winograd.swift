import MicroKernels

/// The transforms of F(2×2, 3×3).
@export(interface)
public func avx512WinogradF2() -> WinogradTable.Transforms {
  WinogradTable.Transforms(
    input: MicroKernelFunction { winogradInput(AVX512.self, WinogradF2.self, $0) },
    output: MicroKernelFunction { winogradOutput(AVX512.self, WinogradF2.self, $0) },
    filter: MicroKernelFunction { winogradFilter(AVX512.self, WinogradF2.self, $0) })
}

/// The transforms of F(4×4, 3×3).
@export(interface)
public func avx512WinogradF4() -> WinogradTable.Transforms {
  WinogradTable.Transforms(
    input: MicroKernelFunction { winogradInput(AVX512.self, WinogradF4.self, $0) },
    output: MicroKernelFunction { winogradOutput(AVX512.self, WinogradF4.self, $0) },
    filter: MicroKernelFunction { winogradFilter(AVX512.self, WinogradF4.self, $0) })
}

/// The transforms of F(6×6, 3×3).
@export(interface)
public func avx512WinogradF6() -> WinogradTable.Transforms {
  WinogradTable.Transforms(
    input: MicroKernelFunction { winogradInput(AVX512.self, WinogradF6.self, $0) },
    output: MicroKernelFunction { winogradOutput(AVX512.self, WinogradF6.self, $0) },
    filter: MicroKernelFunction { winogradFilter(AVX512.self, WinogradF6.self, $0) })
}
