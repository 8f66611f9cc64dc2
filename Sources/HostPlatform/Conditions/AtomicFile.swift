#if canImport(Glibc)
  import Glibc
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

  /// Writes a file in one step.
  ///
  /// - Throws: ``Failure``; what was there before is then intact.
  package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    let temporary = "\(path).\(getpid()).tmp"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure(path) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { writeBytes(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let error = failure(path)
        close(file)
        unlink(temporary)
        throw error
      }
      rest = rest.dropFirst(count)
    }
    let isSynced = fsync(file) == 0
    guard close(file) == 0, isSynced, rename(temporary, path) == 0 else {
      let error = failure(path)
      unlink(temporary)
      throw error
    }
  }

  private static func failure(_ path: String) -> Failure {
    Failure(path: path, reason: String(cString: strerror(errno)))
  }
}
