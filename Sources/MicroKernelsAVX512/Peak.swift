import MicroKernels

/// The loop of multiply-adds that touches no memory.
@export(interface)
public func avx512ArithmeticPeak() -> ArithmeticPeakFunction {
  ArithmeticPeakFunction(lanes: 16) { arithmeticPeak(AVX512.self, $0, $1) }
}
