/// The upper half of a single-precision number: 8 bits of exponent and 7 of fraction.
public struct BFloat16: Hashable, Sendable, BitwiseCopyable {
  /// The sign, the exponent and the fraction, as in the upper half of a `Float`.
  public var bitPattern: UInt16

  /// A number from its bits.
  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest number, ties to even; NaN stays NaN.
  public init(_ value: Float) {
    guard !value.isNaN else {
      bitPattern = UInt16(truncatingIfNeeded: value.bitPattern >> 16) | 0x40
      return
    }
    let bits = value.bitPattern
    bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }
}

extension Float {
  /// The same number; every `BFloat16` is one.
  public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) << 16) }
}
