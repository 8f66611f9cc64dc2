import Foundation

/// Small JPEG files of kinds that the library itself does not write, and segments to put into others.
///
/// All are 32 × 16 pixels, the left half of one colour and the right half of another; Pillow made them.
enum EncodedJPEG {
  /// Progressive, chroma at half size: (200, 30, 40) and (20, 60, 220).
  static let progressive = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU
    FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU
    FBQUFBQUFBT/wgARCAAQACADASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAUG/8QAFgEBAQEAAAAAAAAAAAAAAAAACAYH
    /9oADAMBAAIQAxAAAAHAif3CUEoY/wD/xAAUEAEAAAAAAAAAAAAAAAAAAAAw/9oACAEBAAEFAg//xAAUEQEAAAAAAAAAAAAAAAAA
    AAAQ/9oACAEDAQE/AT//xAAUEQEAAAAAAAAAAAAAAAAAAAAQ/9oACAECAQE/AT//xAAUEAEAAAAAAAAAAAAAAAAAAAAw/9oACAEB
    AAY/Ag//xAAUEAEAAAAAAAAAAAAAAAAAAAAw/9oACAEBAAE/IQ//2gAMAwEAAgADAAAAEPPP/8QAFBEBAAAAAAAAAAAAAAAAAAAA
    EP/aAAgBAwEBPxA//8QAFBEBAAAAAAAAAAAAAAAAAAAAEP/aAAgBAgEBPxA//8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQAB
    PxAP/9k=
    """)

  /// Baseline, chroma at a quarter of the columns: (200, 30, 40) and (20, 60, 220).
  static let quarterChroma = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU
    FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU
    FBQUFBQUFBT/wAARCAAQACADASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAYH/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/E
    ABYBAQEBAAAAAAAAAAAAAAAAAAkHCP/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AMEAT9uBKgEoGO//2Q==
    """)

  /// Grey: the luma of the same colours, 82 and 66.
  static let grey = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU
    FRUVDA8XGBYUGBIUFRT/wAALCAAQACABAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAAYH/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/a
    AAgBAQAAPwDBBKiqEqP/2Q==
    """)

  /// Inks of cyan, magenta, yellow, black in Adobe's inverted form: (0, 255, 255, 0) and (255, 128, 0, 51).
  static let inks = bytes(
    """
    /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUV
    FQwPFxgWFBgSFBUU/8AAFAgAEAAgBEMRAE0RAFkRAEsRAP/EABcAAQEBAQAAAAAAAAAAAAAAAAAJCgj/xAAUEAEAAAAAAAAAAAAA
    AAAAAAAA/9oADgRDAE0AWQBLAAA/AKppVJVKpgDKuqk1UOdwBqoStZV3RAAyrqpNVDncAf/Z
    """)

  /// The file with an EXIF segment after its first marker.
  static func adding(exif tiff: [UInt8], to file: [UInt8]) -> [UInt8] {
    let content = Array("Exif\0\0".utf8) + tiff
    let length = content.count + 2
    return file[..<2] + [0xff, 0xe1, UInt8(length >> 8), UInt8(length & 255)] + content + file[2...]
  }

  /// EXIF data whose second entry is an orientation.
  static func exif(orientation: UInt8, isBigEndian: Bool) -> [UInt8] {
    func number(_ value: Int, _ byteCount: Int) -> [UInt8] {
      let little = (0..<byteCount).map { UInt8(value >> (8 * $0) & 255) }
      return isBigEndian ? little.reversed() : little
    }
    let start = Array((isBigEndian ? "MM" : "II").utf8) + number(42, 2) + number(8, 4) + number(2, 2)
    let make = number(0x010f, 2) + number(2, 2) + number(4, 4) + Array("cam\0".utf8)
    let turn = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(Int(orientation), 2) + [0, 0]
    return start + make + turn + number(0, 4)
  }

  /// The file with other sizes in its frame header (ISO/IEC 10918-1, B.2.2).
  static func setting(width: Int, height: Int, in file: [UInt8]) -> [UInt8] {
    var file = file
    guard
      let frame = file.indices.dropLast(9).first(where: { file[$0] == 0xff && [0xc0, 0xc2].contains(file[$0 + 1]) })
    else { return file }
    let sizes = [height >> 8, height & 255, width >> 8, width & 255].map { UInt8($0) }
    file.replaceSubrange(frame + 5..<frame + 9, with: sizes)
    return file
  }

  private static func bytes(_ base64: String) -> [UInt8] {
    [UInt8](Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data())
  }
}
