import MicroKernels

/// The loop of multiply-adds that touches no memory.
@export(interface)
public func avx2ArithmeticPeak() -> ArithmeticPeakFunction {
  ArithmeticPeakFunction(lanes: 8) { arithmeticPeak(AVX2.self, $0, $1) }
}
