/// Writes numbers and texts as ``ByteReader`` reads them.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ byte: UInt8) { bytes.append(byte) }

  /// A number that is not negative, seven bits a byte, the lowest first.
  mutating func write(count: Int) {
    var rest = UInt64(max(count, 0))
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func write(counts: [Int]) {
    write(count: counts.count)
    for count in counts { write(count: count) }
  }

  /// A number of either sign.
  mutating func write(number: Int) { fixed(UInt64(bitPattern: Int64(number))) }

  mutating func write(_ number: Double) { fixed(number.bitPattern) }

  mutating func write(_ text: String) {
    write(count: text.utf8.count)
    bytes += text.utf8
  }

  mutating func write(_ texts: [String]) {
    write(count: texts.count)
    for text in texts { write(text) }
  }

  mutating func write(_ number: Float) { fixed(number.bitPattern) }

  mutating func write(_ numbers: [Float]?) {
    guard let numbers else { return write(0 as UInt8) }
    write(1 as UInt8)
    write(count: numbers.count)
    for number in numbers { write(number) }
  }

  /// An integer, the lowest byte first.
  mutating func fixed<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }

  /// Zeros up to a multiple of a number of bytes.
  mutating func pad(to alignment: Int) {
    let excess = bytes.count % alignment
    if excess > 0 { bytes += [UInt8](repeating: 0, count: alignment - excess) }
  }

  mutating func append(_ more: UnsafeRawBufferPointer) { bytes += more }
}
