/// What the chunks around a PNG's pixels say, apart from what the decoder reads itself.
///
/// A chunk that is cut short, damaged or makes no sense counts as absent: whether the PNG is sound is the decoder's to judge.
struct PNGChunks {
  /// How the camera was held, from the EXIF data (PNG third edition, 11.3.5.6); the chunk may stand before or after the pixels.
  var orientation = Orientation.upright

  /// Reads the chunks of a file whose signature was recognised.
  init(_ bytes: [UInt8]) {
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = Self.number(bytes[offset..<offset + 4])
      let end = offset + 8 + length
      guard end + 4 <= bytes.count else { return }
      let type = bytes[offset + 4..<offset + 8]
      if type.elementsEqual("IEND".utf8) { return }
      if type.elementsEqual("eXIf".utf8) {
        // Of several, which the standard forbids, the first counts.
        guard Self.checksum(bytes[offset + 4..<end]) == Self.number(bytes[end..<end + 4]) else { return }
        orientation = ExifOrientation(tiff: bytes[offset + 8..<end]).orientation ?? orientation
        return
      }
      offset = end + 4
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  /// The checksum of a chunk's type and content (PNG third edition, 5.5).
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
    var remainder: UInt32 = ~0
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
    }
    return Int(~remainder)
  }
}
