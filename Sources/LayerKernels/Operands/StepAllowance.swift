/// How many elements of an output that is rounded to steps may lie one step from the reference's.
///
/// A kernel's sum and the reference's differ by no more than the kernel's tolerance. A tie between two steps falls between the two sums
/// in a share of 2 · tolerance / step of all elements; these come out as neighbouring steps, and are right. More of them, or
/// a difference that is no step, is an error as anywhere else.
package struct StepAllowance: Sendable {
  /// The distance between neighbouring values; 0 for an output that is not rounded.
  private let step: Double
  /// The largest absolute difference of two sums that are both right.
  private let tolerance: Double

  /// The allowance of an output.
  ///
  /// - Parameters:
  ///   - step: the distance between neighbouring values; 0 where the output is not rounded.
  ///   - tolerance: the largest difference that counts as right, relative to the largest magnitude.
  ///   - largest: the largest magnitude of the reference's output.
  package init(step: Float, tolerance: Double, largest: Double) {
    self.step = Double(step)
    self.tolerance = tolerance * largest
  }

  /// Whether a difference is one step, within the tolerance.
  package func isStep(_ difference: Double) -> Bool { step > 0 && (difference - step).magnitude <= tolerance }

  /// How many of so many elements may be a step off: the expected number, four standard deviations, and one.
  package func count(of elements: Int) -> Int {
    guard step > 0 else { return 0 }
    let expected = min(2 * tolerance / step, 1) * Double(elements)
    return Int((expected + 4 * expected.squareRoot()).rounded(.up)) + 1
  }
}
