/// NaNs with payloads of our own: what memory holds before a kernel under test has written it.
///
/// Arithmetic hands the payload of a NaN on, so that a wrong result tells which memory it was made from.
public enum Poison: UInt32, Sendable, CaseIterable {
  /// Beside an operand: may be read, as vectors overhang, but neither be written nor reach a result.
  case outside = 0x7FC1_0000
  /// The slack after a plane of an input: may be read and written, but not reach a result.
  case slack = 0x7FC2_0000
  /// An output before the run.
  case unwritten = 0x7FC3_0000
  /// Scratch memory before the run.
  case workspace = 0x7FC4_0000

  /// The poison that a value stems from; nil for any other value.
  public init?(_ value: Float) {
    guard value.isNaN, let poison = Poison(rawValue: value.bitPattern & 0x7FFF_0000) else { return nil }
    self = poison
  }

  /// The same for every position.
  public var value: Float { Float(bitPattern: rawValue) }

  /// Another value for each position, so that poison copied from one to another is found out.
  func value(at position: Int, salt: UInt32) -> Float {
    let mixed = (UInt32(truncatingIfNeeded: position) ^ salt) &* 0x9E37_79B1
    return Float(bitPattern: rawValue | mixed >> 16)
  }
}
