import HostPlatform

/// The encodings that pictures are read from and written in.
public enum PictureFormat: String, Hashable, Sendable, CaseIterable {
  /// ISO/IEC 10918-1, read and written by libjpeg-turbo.
  case jpeg = "JPEG"
  /// ISO/IEC 15948, read and written by libpng.
  case png = "PNG"

  /// The format that the first bytes belong to, whatever the file's name says; nil for any other.
  public init?(recognizing bytes: some Collection<UInt8>) {
    guard let format = Self.allCases.first(where: { bytes.starts(with: $0.signature) }) else { return nil }
    self = format
  }

  private var signature: [UInt8] {
    switch self {
    case .jpeg: [0xff, 0xd8, 0xff]
    case .png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    }
  }

  /// What bytes of another format look like, for a person.
  static func guess(_ bytes: [UInt8]) -> String {
    func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    if bytes.isEmpty { return "it is empty" }
    if let kind = ForeignFile.kind(of: bytes) { return kind }
    if has("GIF8") { return "it is a GIF" }
    if has("RIFF"), has("WEBP", at: 8) { return "it is a WebP" }
    if has("BM") { return "it looks like a BMP" }
    if has("II*\0") || has("MM\0*") { return "it looks like a TIFF" }
    if has("ftyp", at: 4) { return "it looks like an HEIF, AVIF or video file" }
    let digits = bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return "it begins with the bytes \(digits.joined(separator: " "))"
  }
}
