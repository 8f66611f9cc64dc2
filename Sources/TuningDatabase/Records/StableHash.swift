/// A hash that is the same in every process and on every machine: fingerprints of weights, networks and offers.
///
/// FNV-1a over 64-bit words instead of bytes (Fowler, Noll, Vo, draft-eastlake-fnv), with a final avalanche so that words
/// that differ in high bits only differ everywhere. It tells accidents apart, not adversaries.
public struct StableHash: Sendable {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  /// The hash of nothing.
  public init() {}

  /// Adds a number.
  public mutating func combine(_ word: UInt64) {
    state = (state ^ word) &* 0x0000_0100_0000_01b3
    state ^= state >> 29
  }

  /// Adds a text and its length.
  public mutating func combine(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      combine(UInt64(bytes.count))
      for byte in bytes { combine(UInt64(byte)) }
    }
  }

  /// Adds the bit patterns of numbers, such as a layer's weights, and their count.
  public mutating func combine(_ numbers: some Collection<Float>) {
    combine(UInt64(numbers.count))
    for number in numbers { combine(UInt64(number.bitPattern)) }
  }

  /// Sixteen hexadecimal digits.
  public var digest: String {
    var word = state
    word = (word ^ (word >> 33)) &* 0xff51_afd7_ed55_8ccd
    word ^= word >> 33
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The digest of weights: what the record of a kernel whose error depends on them is keyed by.
  public static func digest(ofWeights weights: some Collection<Float>) -> String {
    var hash = StableHash()
    hash.combine(weights)
    return hash.digest
  }
}
