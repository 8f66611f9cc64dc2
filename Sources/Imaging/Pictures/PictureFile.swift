#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import HostPlatform

/// Reads and replaces whole picture files so that neither a hostile file nor a crash does harm.
enum PictureFile {
  /// The bytes of a regular file.
  ///
  /// - Throws: ``ImagingError/unreadable(path:reason:)``, ``ImagingError/tooManyBytes(name:bytes:limit:)``.
  static func read(_ path: String, limit: Int) throws(ImagingError) -> [UInt8] {
    let (file, size): (Int32, Int)
    do throws(PlainFile.Failure) {
      (file, size) = try PlainFile.open(path)
    } catch { throw .unreadable(path: path, reason: error.reason) }
    defer { close(file) }
    guard size <= limit else { throw .tooManyBytes(name: path, bytes: size, limit: limit) }
    // Swift's library writes the count of an array without elements, too, into storage that all of them share: a race.
    guard size > 0 else { return [] }
    var failure: String?
    // Straight into the array: encoded pictures may be large. A file that grows meanwhile is read to its old end.
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, let start = buffer.baseAddress {
        let result = systemRead(file, start + count, size - count)
        if result == 0 { return }
        if result > 0 {
          count += result
        } else if errno != EINTR {
          failure = lastError()
          return
        }
      }
    }
    if let failure { throw .unreadable(path: path, reason: failure) }
    return bytes
  }

  /// Puts bytes in a file's place in one step: whoever opens the path sees the old file or the new one, also when the
  /// process is killed or the power fails in between. A link is followed; a device such as `/dev/null` is written to. A file
  /// that was there before keeps its mode and owner.
  ///
  /// - Throws: ``ImagingError/unwritable(path:reason:)``; the old file is then intact.
  static func replace(_ path: String, with bytes: [UInt8]) throws(ImagingError) {
    if let objection = PlainFile.objection(to: path) { throw .unwritable(path: path, reason: objection) }
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, isKind(status, S_IFDIR) { throw .unwritable(path: path, reason: "it is a folder") }
    if exists, isKind(status, S_IFCHR) {
      let device = open(path, O_WRONLY | O_CLOEXEC)
      guard device >= 0 else { throw .unwritable(path: path, reason: lastError()) }
      defer { close(device) }
      if let reason = writeAll(bytes, to: device) { throw .unwritable(path: path, reason: reason) }
      return
    }
    if exists, !isKind(status, S_IFREG) { throw .unwritable(path: path, reason: "it is not a plain file") }
    let target = ReplacedFile.target(of: path)
    let access = ReplacedFile.Access(of: target)
    let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "./"
    let temporary = "\(folder).picture-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
    let file = open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
      ReplacedFile.initialMode(access, otherwise: 0o666))
    guard file >= 0 else { throw .unwritable(path: path, reason: lastError()) }
    access?.apply(to: file)
    var failure = writeAll(bytes, to: file) ?? (fsync(file) == 0 ? nil : lastError())
    if close(file) != 0 { failure = failure ?? lastError() }
    if failure == nil, rename(temporary, target) != 0 { failure = lastError() }
    if let failure {
      unlink(temporary)
      throw .unwritable(path: path, reason: failure)
    }
    synchronize(folder)
  }

  /// Writes all bytes; what went wrong, or nil.
  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> String? {
    FileSizeSignal.withheld {
      bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
          let count = systemWrite(file, start, rest.count)
          if count >= 0 {
            rest = rest.dropFirst(count)
          } else if errno != EINTR {
            return lastError()
          }
        }
        return nil
      }
    }
  }

  /// Makes a rename in a folder last; some file systems cannot, and then nothing is lost but certainty.
  private static func synchronize(_ folder: String) {
    let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { return }
    _ = fsync(handle)
    close(handle)
  }

  private static func isKind(_ status: stat, _ kind: mode_t) -> Bool { status.st_mode & S_IFMT == kind }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}

/// `read` of the C library, by a name that no function of this module has.
private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = { read($0, $1, $2) }

/// `write` of the C library.
private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { write($0, $1, $2) }
