#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The small text files of /proc and /sys.
package enum SystemFile {
  /// A file's text, at most its first 256 KiB; nil where it cannot be read.
  package static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    let chunk = 16 << 10
    // /proc and /sys tell no sizes in advance: read until nothing more comes.
    while bytes.count < 256 << 10 {
      let known = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: chunk))
      let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + known }, chunk) }
      bytes.removeLast(chunk - max(count, 0))
      if count < 0, errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  /// The text without white space and control characters at its ends.
  var trimmed: String {
    func isPadding(_ scalar: Unicode.Scalar) -> Bool { scalar.value <= 0x20 || scalar.properties.isWhitespace }
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !isPadding($0) }),
      let last = scalars.lastIndex(where: { !isPadding($0) })
    else { return "" }
    return String(scalars[first...last])
  }

  /// The lines without their ends, empty ones included.
  var lines: [Substring] { fields(separatedBy: "\n", omittingEmpty: false) }

  /// The text's parts between separators: by bytes, which is several times faster than by characters and splits "\r\n" too.
  func fields(separatedBy separator: Unicode.Scalar, omittingEmpty: Bool = true) -> [Substring] {
    Substring(self).fields(separatedBy: separator, omittingEmpty: omittingEmpty)
  }

  /// The text, cut after `count` characters where it is longer, for messages.
  func shortened(to count: Int) -> String { self.count <= count ? self : prefix(count) + "…" }
}

extension Substring {
  /// As ``Swift/String/fields(separatedBy:omittingEmpty:)``; the separator is an ASCII character.
  func fields(separatedBy separator: Unicode.Scalar, omittingEmpty: Bool = true) -> [Substring] {
    utf8.split(separator: UInt8(truncatingIfNeeded: separator.value), omittingEmptySubsequences: omittingEmpty)
      .map { Substring($0) }
  }
}
