/// A loop of multiply-adds that touches no memory: what a core can do at most.
public struct ArithmeticPeakFunction: Sendable {
  /// Turns of the loop, then where the sum goes, which keeps the arithmetic from being optimised away.
  private let code: @convention(c) (Int, UnsafeMutablePointer<Float>) -> Void
  /// The floats of a vector.
  public let lanes: Int
  /// Multiply-adds of vectors in one turn, independent of each other: more than latency times units of any processor.
  public static let chains = 12

  /// A loop of the given code.
  public init(lanes: Int, _ code: @convention(c) (Int, UnsafeMutablePointer<Float>) -> Void) {
    self.lanes = lanes
    self.code = code
  }

  /// Runs the loop.
  public func callAsFunction(turns: Int, into sum: UnsafeMutablePointer<Float>) { code(turns, sum) }
}

/// The code of the loop.
@inlinable @inline(__always)
public func arithmeticPeak<L: Lanes>(_ lanes: L.Type, _ turns: Int, _ sum: UnsafeMutablePointer<Float>) {
  // Factors below one from memory: the sums converge and the compiler knows nothing of them.
  let factor = L.broadcast(sum[0])
  let term = L.broadcast(sum[1])
  var sums = InlineArray<12, L.Vector> { _ in L.broadcast(sum[0]) }
  for _ in 0..<turns {
    unrolled(12) { index in L.multiplyAdd(&sums[index], factor, term) }
  }
  var total = L.Vector()
  unrolled(12) { index in total += sums[index] }
  sum[0] = total[0]
}
