#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The system's `write`, which a method of that name would hide.
private func writeBytes(_ file: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int { write(file, start, count) }

/// Files that appear as a whole or not at all: a temporary file beside the target, fsync, rename.
package enum AtomicFile {
  /// Why a file could not be written.
  package struct Failure: Error, CustomStringConvertible {
    /// The file.
    package let path: String
    /// What the system says.
    package let reason: String

    /// One line that names the file.
    package var description: String { "\(path) cannot be written: \(reason)" }
  }

  /// Writes a file in one step; a link is followed, and a device or a pipe is written to and stays what it is.
  ///
  /// - Throws: ``Failure``; what was there before is then intact.
  package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    var status = stat()
    let exists = stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    if exists, kind == S_IFCHR || kind == S_IFIFO {
      let device = open(path, O_WRONLY | O_CLOEXEC)
      guard device >= 0 else { throw Failure(path: path, reason: lastError()) }
      defer { close(device) }
      if let reason = writeAll(bytes, to: device) { throw Failure(path: path, reason: reason) }
      return
    }
    let target = exists ? resolved(path) : path
    // A name that nobody can foresee, for a folder that others may write to, and for two threads of one process.
    let temporary = "\(target).\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Failure(path: path, reason: lastError()) }
    var failure = writeAll(bytes, to: file) ?? (fsync(file) == 0 ? nil : lastError())
    if close(file) != 0 { failure = failure ?? lastError() }
    if failure == nil, rename(temporary, target) != 0 { failure = lastError() }
    if let failure {
      unlink(temporary)
      throw Failure(path: path, reason: failure)
    }
  }

  /// Writes all bytes; what went wrong, or nil.
  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> String? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { writeBytes(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return lastError() }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  /// The path with its links followed.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}
