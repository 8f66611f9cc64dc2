public import HostPlatform
import MicroKernels
import MicroKernelsPortable

#if arch(x86_64)
  import MicroKernelsAVX2
  import MicroKernelsAVX512
#endif

/// The arithmetic peak of one core, measured.
public enum PeakArithmetic {
  /// GFLOP/s that one core reaches with an instruction set: the best of several spans of about a millisecond.
  public static func measure(_ instructionSet: InstructionSet, clock: some MonotonicClock) -> Double {
    let function = function(instructionSet)
    let turns = 100_000
    let operations = Double(2 * turns * ArithmeticPeakFunction.chains * function.lanes)
    var best = 0.0
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { numbers in
      guard let start = numbers.baseAddress else { return }
      for _ in 0..<20 {
        numbers[0] = 0.5
        numbers[1] = 0.25
        let begin = clock.now()
        function(turns: turns, into: start)
        let span = clock.now() - begin
        if span > 0 { best = max(best, operations / Double(span)) }
      }
    }
    return best
  }

  private static func function(_ instructionSet: InstructionSet) -> ArithmeticPeakFunction {
    #if arch(x86_64)
      switch instructionSet {
      case .portable: portableArithmeticPeak()
      case .avx2: avx2ArithmeticPeak()
      case .avx512: avx512ArithmeticPeak()
      }
    #else
      portableArithmeticPeak()
    #endif
  }
}
