/// How floats become bytes that count steps: beside 1.5 · 2²³ floats are whole numbers, ties to even, and their last bits are those of the
/// number.
public enum StepRounding {
  /// What is added to a float, which has to be below 2²² in magnitude.
  @inlinable public static var shift: Float { 12_582_912 }

  /// What is added to the sum's bits to have the number, counted from a zero point.
  @inlinable
  public static func offset(zeroPoint: Float) -> Int32 {
    Int32(truncatingIfNeeded: Int(zeroPoint)) &- Int32(truncatingIfNeeded: Int(shift.bitPattern))
  }
}
