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

  /// How long somebody may take to open the other end of a pipe that is written to, in seconds.
  private static let pipePatience = 10

  /// Writes a file in one step; a link is followed, and a device or a pipe is written to and stays what it is. A file that was
  /// there before keeps its mode and owner.
  ///
  /// - Throws: ``Failure``; what was there before is then intact.
  package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    if let objection = PlainFile.objection(to: path) { throw Failure(path: path, reason: objection) }
    var status = stat()
    let exists = stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    if exists, kind == S_IFCHR || kind == S_IFIFO {
      let device = try openDevice(path)
      defer { close(device) }
      if let reason = writeAll(bytes, to: device) { throw Failure(path: path, reason: reason) }
      return
    }
    guard !exists || kind == S_IFREG || kind == S_IFDIR else {
      throw Failure(path: path, reason: "it is neither a plain file nor a pipe or terminal")
    }
    let target = ReplacedFile.target(of: path)
    let access = ReplacedFile.Access(of: target)
    // A name that nobody can foresee, for a folder that others may write to, and for two threads of one process.
    let temporary = "\(target).\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
    let file = open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
      ReplacedFile.initialMode(access, otherwise: 0o644))
    guard file >= 0 else { throw Failure(path: path, reason: lastError()) }
    access?.apply(to: file)
    var failure = writeAll(bytes, to: file) ?? (fsync(file) == 0 ? nil : lastError())
    if close(file) != 0 { failure = failure ?? lastError() }
    if failure == nil, rename(temporary, target) != 0 { failure = lastError() }
    if let failure {
      unlink(temporary)
      throw Failure(path: path, reason: failure)
    }
  }

  /// A device or pipe for writing. Opening a pipe that nobody reads from would wait for ever.
  private static func openDevice(_ path: String) throws(Failure) -> Int32 {
    let start = ContinuousClock.now
    while true {
      let device = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
      if device >= 0 {
        _ = fcntl(device, F_SETFL, fcntl(device, F_GETFL) & ~O_NONBLOCK)
        return device
      }
      guard errno == ENXIO || errno == EINTR else { throw Failure(path: path, reason: lastError()) }
      guard ContinuousClock.now - start < .seconds(pipePatience) else {
        throw Failure(path: path, reason: "nobody has opened it for reading within \(pipePatience) s")
      }
      usleep(10_000)
    }
  }

  /// Writes all bytes; what went wrong, or nil.
  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> String? {
    FileSizeSignal.withheld {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { writeBytes(file, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return lastError() }
        rest = rest.dropFirst(count)
      }
      return nil
    }
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}
