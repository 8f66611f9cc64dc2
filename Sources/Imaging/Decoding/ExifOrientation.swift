/// The orientation tag of EXIF data, which is a TIFF file without pixels (EXIF 2.32, section 4.6.4 A; TIFF 6.0, section 2).
struct ExifOrientation {
  private let tiff: ArraySlice<UInt8>
  private let isBigEndian: Bool

  /// - Parameter tiff: the EXIF data after its `Exif` mark.
  init(tiff: ArraySlice<UInt8>) {
    self.tiff = tiff
    isBigEndian = tiff.first == 0x4d
  }

  /// The orientation; nil if the first directory has none that makes sense.
  var orientation: Orientation? {
    guard tiff.starts(with: isBigEndian ? [0x4d, 0x4d, 0, 42] : [0x49, 0x49, 42, 0]),
      let directory = number(at: 4, byteCount: 4), let entryCount = number(at: directory, byteCount: 2)
    else { return nil }
    for entry in 0..<entryCount {
      let offset = directory + 2 + entry * 12
      guard let tag = number(at: offset, byteCount: 2) else { return nil }
      guard tag == 0x0112 else { continue }
      // A SHORT by the standard; some programs write a LONG.
      guard let type = number(at: offset + 2, byteCount: 2), type == 3 || type == 4,
        let value = number(at: offset + 8, byteCount: type == 3 ? 2 : 4)
      else { return nil }
      return Orientation(rawValue: value)
    }
    return nil
  }

  /// An unsigned number of two or four bytes at an offset into the TIFF; nil beyond its end.
  private func number(at offset: Int, byteCount: Int) -> Int? {
    let start = tiff.startIndex + offset
    guard offset >= 0, start + byteCount <= tiff.endIndex else { return nil }
    let bytes = tiff[start..<start + byteCount]
    return isBigEndian
      ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
