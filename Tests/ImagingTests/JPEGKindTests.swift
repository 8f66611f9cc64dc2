import Imaging
import Testing

@Suite("Kinds of JPEG")
struct JPEGKindTests {
  /// The colours of the left and the right half, away from the edge between them.
  private func halves(_ bytes: [UInt8]) throws -> [PictureColor] {
    let picture = try Picture(decoding: bytes, name: "halves")
    #expect(picture.width == 32 && picture.height == 16)
    return try [3, 28].map { try #require(picture.color(column: $0, row: 8)) }
  }

  @Test(
    "Progressive files and other chroma samplings give their colours",
    arguments: [EncodedJPEG.progressive, EncodedJPEG.quarterChroma])
  func color(bytes: [UInt8]) throws {
    let halves = try halves(bytes)
    #expect(halves[0].isNear(PictureColor(red: 200, green: 30, blue: 40), tolerance: 6))
    #expect(halves[1].isNear(PictureColor(red: 20, green: 60, blue: 220), tolerance: 6))
  }

  @Test("Grey files have the same grey in each channel")
  func grey() throws {
    let halves = try halves(EncodedJPEG.grey)
    #expect(halves[0].isNear(PictureColor(red: 82, green: 82, blue: 82), tolerance: 3))
    #expect(halves[1].isNear(PictureColor(red: 66, green: 66, blue: 66), tolerance: 3))
    #expect(halves.allSatisfy { $0.red == $0.green && $0.green == $0.blue })
  }

  @Test("Inks become light: (1 − ink) · (1 − black)")
  func inks() throws {
    let halves = try halves(EncodedJPEG.inks)
    #expect(halves[0].isNear(PictureColor(red: 255, green: 0, blue: 0), tolerance: 4))
    #expect(halves[1].isNear(PictureColor(red: 0, green: 102, blue: 204), tolerance: 4))
  }

  @Test("Inks without Adobe's marker are not inverted")
  func plainInks() throws {
    let bytes = EncodedJPEG.inks
    // Without the marker the black that was stored as 255 and 204 means 255 and 204.
    let halves = try halves(Array(bytes[..<2] + bytes[18...]))
    #expect(halves[0].isNear(.black, tolerance: 2))
    #expect(halves[1].isNear(PictureColor(red: 51, green: 26, blue: 0), tolerance: 3))
  }

  @Test("Bytes left over before the end marker do no harm")
  func leftoverBytes() throws {
    let bytes = EncodedJPEG.quarterChroma
    let padded = Array(bytes.dropLast(2)) + [0, 0, 0, 0, 0, 0] + bytes.suffix(2)
    #expect(try Picture(decoding: padded, name: "padded") == Picture(decoding: bytes, name: "plain"))
    #expect(try Picture(decoding: bytes + [1, 2, 3, 4], name: "trailing") == Picture(decoding: bytes, name: "plain"))
  }

  @Test("A picture is turned as its EXIF orientation says", arguments: 0...9 as ClosedRange<UInt8>, [false, true])
  func orientation(_ orientation: UInt8, isBigEndian: Bool) throws {
    let plain = try Fixtures.gradient(width: 24, height: 16).encodedJPEG(quality: 90)
    let stored = try Picture(decoding: plain, name: "stored")
    let exif = EncodedJPEG.exif(orientation: orientation, isBigEndian: isBigEndian)
    let seen = try Picture(decoding: EncodedJPEG.adding(exif: exif, to: plain), name: "seen")
    let isTurned = (5...8).contains(orientation)
    #expect(seen.width == (isTurned ? 16 : 24) && seen.height == (isTurned ? 24 : 16))
    for row in 0..<seen.height {
      for column in 0..<seen.width {
        let (x, y) = Fixtures.source(orientation: orientation, column: column, row: row, width: 24, height: 16)
        #expect(seen.color(column: column, row: row) == stored.color(column: x, row: y))
      }
    }
  }

  @Test("A quarter turn clockwise brings the stored left column to the top, last row first")
  func quarterTurn() throws {
    let stored = try Fixtures.gradient(width: 24, height: 16)
    let exif = EncodedJPEG.exif(orientation: 6, isBigEndian: true)
    let bytes = EncodedJPEG.adding(exif: exif, to: try stored.encodedJPEG(quality: 100))
    let seen = try Picture(decoding: bytes, name: "seen")
    // Red grows with the stored column, green with the stored row.
    let corner = try #require(seen.color(column: 0, row: 0))
    #expect(corner.red < 10 && corner.green > 245)
  }

  @Test("EXIF data that makes no sense is passed over")
  func damagedExif() throws {
    let plain = EncodedJPEG.progressive
    let upright = try Picture(decoding: plain, name: "plain")
    let sound = EncodedJPEG.exif(orientation: 6, isBigEndian: true)
    // All that is cut off before the orientation's value, a directory beyond the end, entries without end, wrong marks.
    var broken = (0..<32).map { Array(sound.prefix($0)) }
    broken.append(sound.enumerated().map { (4..<8).contains($0.offset) ? 0xff : $0.element })
    broken.append(Array(sound[..<8]) + [0xff, 0xff] + [UInt8](repeating: 0, count: 24))
    broken.append(Array("MI".utf8) + sound[2...])
    broken.append(Array("II".utf8) + sound[2...])
    for exif in broken {
      #expect(try Picture(decoding: EncodedJPEG.adding(exif: exif, to: plain), name: "exif") == upright)
    }
  }
}
