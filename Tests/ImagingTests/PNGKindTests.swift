import Imaging
import Testing

@Suite("Kinds of PNG")
struct PNGKindTests {
  @Test("Grey of every depth is the same grey in each channel", arguments: [1, 2, 4, 8, 16] as [UInt8])
  func grey(bitDepth: UInt8) throws {
    // Two rows: black, white; white, black.
    let rows: [[UInt8]] =
      switch bitDepth {
      case 1: [[0b0100_0000], [0b1000_0000]]
      case 2: [[0b0011_0000], [0b1100_0000]]
      case 4: [[0x0f], [0xf0]]
      case 8: [[0, 255], [255, 0]]
      default: [[0, 0, 255, 255], [255, 255, 0, 0]]
      }
    let file = EncodedPNG(width: 2, height: 2, bitDepth: bitDepth, colorType: 0, rows: rows)
    let picture = try Picture(decoding: file.bytes, name: "grey")
    #expect(picture.pixels == [0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0])
  }

  @Test("Sixteen bits without a gamma keep their upper eight")
  func sixteenBits() throws {
    let values: [UInt8] = [0, 1, 50, 100, 128, 200, 254, 255, 17]
    let file = EncodedPNG(
      width: 3, height: 1, bitDepth: 16, colorType: 2, rows: [values.flatMap { [$0, $0] }])
    #expect(try Picture(decoding: file.bytes, name: "deep").pixels == values)
  }

  @Test("A palette gives its colours, and what it makes transparent is white")
  func palette() throws {
    let colors: [UInt8] = [10, 20, 30, 200, 100, 0, 0, 0, 0]
    var file = EncodedPNG(
      width: 4, height: 1, bitDepth: 2, colorType: 3, chunks: [("PLTE", colors)], rows: [[0b0001_1000]])
    #expect(
      try Picture(decoding: file.bytes, name: "palette").pixels == [10, 20, 30, 200, 100, 0, 0, 0, 0, 10, 20, 30])
    file.chunks.append(("tRNS", [255, 0, 255]))
    #expect(
      try Picture(decoding: file.bytes, name: "palette").pixels == [10, 20, 30, 255, 255, 255, 0, 0, 0, 10, 20, 30])
  }

  @Test("A colour with alpha is laid on white: byte · alpha + 255 · (1 − alpha)")
  func alpha() throws {
    let pixels: [UInt8] = [0, 100, 255, 0, 0, 100, 255, 255, 0, 100, 255, 51, 200, 10, 30, 128]
    let file = EncodedPNG(width: 4, height: 1, bitDepth: 8, colorType: 6, rows: [pixels])
    let expected: [UInt8] = [255, 255, 255, 0, 100, 255, 204, 224, 255, 227, 132, 142]
    #expect(try Picture(decoding: file.bytes, name: "alpha").pixels == expected)
  }

  @Test("Grey with alpha and sixteen bits with alpha are laid on white too")
  func otherAlpha() throws {
    let grey = EncodedPNG(width: 3, height: 1, bitDepth: 8, colorType: 4, rows: [[0, 0, 0, 255, 0, 51]])
    #expect(
      try Picture(decoding: grey.bytes, name: "grey").pixels == [255, 255, 255, 0, 0, 0, 204, 204, 204])
    let deep = EncodedPNG(
      width: 2, height: 1, bitDepth: 16, colorType: 6,
      rows: [[0, 0, 100, 100, 255, 255, 0, 0, 0, 0, 100, 100, 255, 255, 255, 255]])
    #expect(try Picture(decoding: deep.bytes, name: "deep").pixels == [255, 255, 255, 0, 100, 255])
  }

  @Test("A file without its end chunk still has its pixels")
  func withoutEnd() throws {
    let picture = try Fixtures.noise(width: 20, height: 30, seed: 9)
    let bytes = try picture.encodedPNG()
    #expect(try Picture(decoding: Array(bytes.dropLast(12)), name: "cut") == picture)
  }

  /// A picture of no symmetry, three columns by two rows.
  private static func asymmetric(_ chunks: [(String, [UInt8])] = [], later: [(String, [UInt8])] = []) -> EncodedPNG {
    EncodedPNG(
      width: 3, height: 2, bitDepth: 8, colorType: 2, chunks: chunks, laterChunks: later,
      rows: [0, 1].map { row in (0..<3).flatMap { [UInt8($0 * 40), UInt8(row * 90), 7] } })
  }

  @Test(
    "A picture is turned as its EXIF orientation says, as a JPEG is", arguments: 0...9 as ClosedRange<UInt8>,
    [false, true])
  func orientation(_ orientation: UInt8, isLater: Bool) throws {
    let stored = try Picture(decoding: Self.asymmetric().bytes, name: "stored")
    let exif = EncodedJPEG.exif(orientation: orientation, isBigEndian: isLater)
    let file = isLater ? Self.asymmetric(later: [("eXIf", exif)]) : Self.asymmetric([("eXIf", exif)])
    let seen = try Picture(decoding: file.bytes, name: "seen")
    let isTurned = (5...8).contains(orientation)
    #expect(seen.width == (isTurned ? 2 : 3) && seen.height == (isTurned ? 3 : 2))
    for row in 0..<seen.height {
      for column in 0..<seen.width {
        let (x, y) = Fixtures.source(orientation: orientation, column: column, row: row, width: 3, height: 2)
        #expect(seen.color(column: column, row: row) == stored.color(column: x, row: y))
      }
    }
  }

  @Test("EXIF data that makes no sense, is damaged or cut off is passed over")
  func damagedExif() throws {
    let upright = try Picture(decoding: Self.asymmetric().bytes, name: "plain")
    let sound = EncodedJPEG.exif(orientation: 6, isBigEndian: true)
    var files = (0..<32).map { Self.asymmetric([("eXIf", Array(sound.prefix($0)))]).bytes }
    files.append(Self.asymmetric([("eXIf", Array("Exif".utf8) + [0, 0] + sound)]).bytes)
    files.append(Self.asymmetric([("eXIg", sound)]).bytes)
    var damaged = Self.asymmetric([("eXIf", sound)]).bytes
    // The last byte of the chunk's checksum.
    damaged[33 + 12 + sound.count - 1] ^= 1
    files.append(damaged)
    for file in files { #expect(try Picture(decoding: file, name: "exif") == upright) }
    // Cut off within the chunk after the pixels: they are all there.
    let cut = Self.asymmetric(later: [("eXIf", sound)]).bytes.dropLast(12 + 5)
    #expect(try Picture(decoding: Array(cut), name: "cut") == upright)
  }
}
