import MicroKernels

/// The loop of multiply-adds that touches no memory.
@export(interface)
public func portableArithmeticPeak() -> ArithmeticPeakFunction {
  ArithmeticPeakFunction(lanes: 4) { arithmeticPeak(Portable.self, $0, $1) }
}
