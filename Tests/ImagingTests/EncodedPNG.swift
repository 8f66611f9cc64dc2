/// Writes PNG files of any kind, sound or not, without libpng (ISO/IEC 15948).
struct EncodedPNG {
  var width: Int
  var height: Int
  var bitDepth: UInt8
  /// 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha.
  var colorType: UInt8
  /// Chunks between the header and the pixels.
  var chunks: [(type: String, content: [UInt8])] = []
  /// Chunks between the pixels and the end.
  var laterChunks: [(type: String, content: [UInt8])] = []
  /// The rows' bytes, without the filter's byte in front of each.
  var rows: [[UInt8]]

  /// The file, with checksums that are right.
  var bytes: [UInt8] {
    var filtered: [UInt8] = []
    for row in rows { filtered += [0] + row }
    return file(compressed: Self.stored(filtered))
  }

  /// The file with other compressed data, whose chunk's checksum is right again.
  func file(compressed: [UInt8]) -> [UInt8] {
    let header =
      Self.bigEndian(width) + Self.bigEndian(height) + [bitDepth, colorType, 0, 0, 0]
    var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + Self.chunk("IHDR", header)
    for chunk in chunks { file += Self.chunk(chunk.type, chunk.content) }
    file += Self.chunk("IDAT", compressed)
    for chunk in laterChunks { file += Self.chunk(chunk.type, chunk.content) }
    return file + Self.chunk("IEND", [])
  }

  /// A zlib stream that compresses nothing (RFC 1950, RFC 1951 section 3.2.4).
  static func stored(_ content: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var rest = content[...]
    repeat {
      let block = rest.prefix(65_535)
      rest = rest.dropFirst(block.count)
      let (low, high) = (UInt8(block.count & 255), UInt8(block.count >> 8))
      stream += [rest.isEmpty ? 1 : 0, low, high, ~low, ~high] + block
    } while !rest.isEmpty
    var (a, b) = (1, 0)
    for byte in content {
      a = (a + Int(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return stream + bigEndian(b << 16 | a)
  }

  static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let checked = Array(type.utf8) + content
    var remainder: UInt32 = ~0
    for byte in checked {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
    }
    return bigEndian(content.count) + checked + bigEndian(Int(~remainder))
  }
}
