/// What the segments in front of a JPEG's pixels say, apart from what the decoder reads itself.
///
/// A segment that is cut short or makes no sense counts as absent: whether the JPEG is sound is the decoder's to judge.
struct JPEGSegments {
  /// The sizes that the frame claims, in pixels; nil if there is no frame.
  var claimedSize: (width: Int, height: Int)?
  /// How the camera was held, from the EXIF data.
  var orientation = Orientation.upright
  /// Whether Adobe's marker is there; inks are then stored as 255 − ink (Adobe Technical Note 5116, section 18).
  var isFromAdobe = false

  /// Reads the segments up to the first scan.
  init(_ bytes: [UInt8]) {
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xff {
      let marker = bytes[offset + 1]
      // A marker may be preceded by any number of fill bytes.
      if marker == 0xff {
        offset += 1
        continue
      }
      // The start of a scan, the end of the picture.
      if marker == 0xda || marker == 0xd9 { return }
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      let end = offset + 2 + length
      guard length >= 2, end <= bytes.count else { return }
      let content = bytes[offset + 4..<end]
      switch marker {
      case 0xe1 where content.starts(with: "Exif\0\0".utf8):
        orientation = ExifOrientation(tiff: content.dropFirst(6)).orientation ?? orientation
      // A start of frame; the three left out among them are tables, and one is reserved.
      case 0xc0...0xcf where ![0xc4, 0xc8, 0xcc].contains(marker) && content.count >= 5:
        let sizes = content.dropFirst().prefix(4).map { Int($0) }
        claimedSize = (sizes[2] << 8 | sizes[3], sizes[0] << 8 | sizes[1])
      case 0xee where content.starts(with: "Adobe".utf8): isFromAdobe = true
      default: break
      }
      offset = end
    }
  }
}
