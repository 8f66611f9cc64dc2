#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that somebody names: opened so that nothing but a plain file is ever waited for or read.
package enum PlainFile {
  /// Why a file cannot be read.
  package struct Failure: Error, Hashable {
    /// What is wrong, for a message that names the file.
    package let reason: String
    /// Whether nothing is there.
    package let isMissing: Bool

    /// A failure.
    package init(reason: String, isMissing: Bool = false) {
      self.reason = reason
      self.isMissing = isMissing
    }
  }

  /// Why a path names no file at all; nil for one that may.
  ///
  /// The system reads a path to its first zero byte: what a caller named otherwise would become another file.
  package static func objection(to path: String) -> String? {
    if path.isEmpty { return "its path is empty" }
    return path.utf8.contains(0) ? "its path has a zero byte in it" : nil
  }

  /// A plain file for reading, and its size in bytes. The caller closes it.
  ///
  /// - Parameter isOnlyName: whether the path has to be the file's only name: no link, neither symbolic nor hard.
  package static func open(_ path: String, isOnlyName: Bool = false) throws(Failure) -> (file: Int32, size: Int) {
    if let objection = objection(to: path) { throw Failure(reason: objection) }
    // Without O_NONBLOCK, opening a pipe that somebody put there would wait for ever.
    let file = systemOpen(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (isOnlyName ? O_NOFOLLOW : 0))
    guard file >= 0 else {
      let isMissing = errno == ENOENT
      // What a socket is opened with says little to whoever named it.
      throw Failure(reason: errno == ENXIO ? "it is not a plain file" : lastError(), isMissing: isMissing)
    }
    var status = stat()
    let reason: String? =
      if fstat(file, &status) != 0 {
        lastError()
      } else {
        switch status.st_mode & S_IFMT {
        case S_IFREG:
          isOnlyName && status.st_nlink != 1
            ? "it has another name (a hard link), so somebody else may own it" : nil
        case S_IFDIR: "it is a folder"
        default: "it is not a plain file"
        }
      }
    if let reason {
      close(file)
      throw Failure(reason: reason)
    }
    return (file, Int(status.st_size))
  }

  /// All bytes of a plain file; nil where it has more than so many.
  package static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8]? {
    let (file, size) = try open(path)
    defer { close(file) }
    guard size <= limit else { return nil }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(max(size + 1, 4096), 1 << 20))
    while true {
      let count = chunk.withUnsafeMutableBytes { systemRead(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw Failure(reason: lastError()) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else { return nil }
    }
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}

// Spelt out, since functions here have the same names.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

private func systemRead(_ file: Int32, _ start: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(file, start, count)
}
