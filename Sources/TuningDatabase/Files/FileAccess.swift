#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import HostPlatform

/// Reads and writes whole small files so that neither a hostile file nor a crash does harm.
enum FileAccess {
  /// The bytes of a regular file, or no more than its first ones; nil when there is none.
  ///
  /// - Throws: ``TuningDatabaseError/tooLarge(path:bytes:limit:)``, ``TuningDatabaseError/unreadable(path:reason:)``.
  static func read(
    _ path: String, limit: Int = JSONLimits().bytes, first: Int = .max
  ) throws(TuningDatabaseError) -> [UInt8]? {
    guard let (file, size) = try open(path, limit: limit) else { return nil }
    defer { close(file) }
    var failure: TuningDatabaseError?
    var bytes: [UInt8] = []
    // One byte more than there should be, so that the first round sees the end; a file that somebody adds to takes more.
    var capacity = min(size + 1, first)
    var isWhole = false
    while !isWhole, failure == nil, bytes.count < first {
      let part = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        while count < capacity {
          let room = UnsafeMutableRawBufferPointer(buffer)[count...]
          let read = systemRead(file, UnsafeMutableRawBufferPointer(rebasing: room))
          if read == 0 { isWhole = true }
          if read > 0 {
            count += read
          } else if isWhole || errno != EINTR {
            failure = isWhole ? nil : .unreadable(path: path, reason: lastError())
            break
          }
        }
      }
      if bytes.isEmpty { bytes = part } else { bytes += part }
      guard bytes.count <= limit else { throw .tooLarge(path: path, bytes: bytes.count, limit: limit) }
      capacity = min(1 << 18, first - bytes.count)
    }
    if let failure { throw failure }
    return bytes
  }

  /// Where a text stands first in a regular file, in bytes; nil when it does not, or there is no file.
  ///
  /// - Throws: as ``read(_:limit:first:)``.
  static func position(of text: String, in path: String) throws(TuningDatabaseError) -> Int? {
    guard let (file, _) = try open(path, limit: JSONLimits().bytes) else { return nil }
    defer { close(file) }
    let overlap = max(text.utf8.count - 1, 0)
    // A text that lies across two rounds begins in what the first one leaves.
    var kept = 0
    var passed = 0
    var buffer = [CChar](repeating: 0, count: max(1 << 16, 2 * overlap) + 1)
    while true {
      let count = buffer.withUnsafeMutableBytes {
        systemRead(file, UnsafeMutableRawBufferPointer(rebasing: $0[kept...].dropLast()))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .unreadable(path: path, reason: lastError())
      }
      if count == 0 { return nil }
      let length = kept + count
      buffer[length] = 0
      // After a zero byte nothing is found: no JSON text holds one.
      let place = buffer.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.flatMap { start in strstr(start, text).map { UnsafePointer($0) - start } }
      }
      if let place { return passed + place }
      let rest = min(overlap, length)
      passed += length - rest
      for index in 0..<rest { buffer[index] = buffer[length - rest + index] }
      kept = rest
    }
  }

  /// A regular file for reading, and its size; nil when there is none.
  private static func open(_ path: String, limit: Int) throws(TuningDatabaseError) -> (file: Int32, size: Int)? {
    let (file, size): (Int32, Int)
    do throws(PlainFile.Failure) {
      (file, size) = try PlainFile.open(path)
    } catch {
      if error.isMissing { return nil }
      throw .unreadable(path: path, reason: error.reason)
    }
    guard size <= limit else {
      close(file)
      throw .tooLarge(path: path, bytes: size, limit: limit)
    }
    return (file, size)
  }

  /// Puts a file in another's place in one step: whoever opens the path sees the old bytes or the new ones, also when the
  /// process is killed or the power fails in between. Links that lead to the old file, its mode and its owner stay.
  ///
  /// Only for the holder of the file's lock: what temporary files others have left behind is removed.
  ///
  /// - Throws: ``TuningDatabaseError/unwritable(path:reason:)``; the old file is then intact.
  static func replace(_ path: String, with bytes: [UInt8]) throws(TuningDatabaseError) {
    let target = ReplacedFile.target(of: path)
    let access = ReplacedFile.Access(of: target)
    removeLeftovers(of: target)
    let temporary = "\(temporaryPrefix(of: target))\(getpid()).tmp"
    let file = systemOpen(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
      ReplacedFile.initialMode(access, otherwise: 0o666))
    guard file >= 0 else { throw .unwritable(path: path, reason: lastError()) }
    access?.apply(to: file)
    let failure = writeAll(bytes, to: file) ?? (fsync(file) == 0 ? nil : lastError())
    let isClosed = close(file) == 0
    if let failure = failure ?? (isClosed ? nil : lastError()) {
      unlink(temporary)
      throw .unwritable(path: path, reason: failure)
    }
    guard rename(temporary, target) == 0 else {
      let reason = lastError()
      unlink(temporary)
      throw .unwritable(path: path, reason: reason)
    }
    synchronizeFolder(of: target)
  }

  /// Adds bytes at a plain file's end, after a line feed if its last line has none, and waits until they are on the disk. Where not
  /// all of them find room, the file is as it was.
  ///
  /// Only for the holder of the file's lock.
  ///
  /// - Parameter model: a file whose mode and owner the file gets if it is not there yet.
  /// - Returns: the file's new size.
  /// - Throws: ``TuningDatabaseError/unwritable(path:reason:)``.
  static func append(
    _ bytes: [UInt8], to path: String, like model: String? = nil
  ) throws(TuningDatabaseError) -> Int {
    let access = exists(path) ? nil : model.flatMap { ReplacedFile.Access(of: $0) }
    let file = systemOpen(
      path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
      ReplacedFile.initialMode(access, otherwise: 0o666))
    guard file >= 0 else { throw .unwritable(path: path, reason: lastError()) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unwritable(path: path, reason: "it is not a plain file")
    }
    access?.apply(to: file)
    let size = Int(status.st_size)
    var last: UInt8 = 0x0a
    if size > 0 { _ = pread(file, &last, 1, off_t(size - 1)) }
    // A line that a crash has torn gets its end here, so that it does not spoil the next.
    let text = last == 0x0a ? bytes : [0x0a] + bytes
    if let failure = writeAll(text, to: file) ?? (fsync(file) == 0 ? nil : lastError()) {
      // Half a line would be in the way of whoever reads or adds to the file next.
      _ = ftruncate(file, off_t(size))
      throw .unwritable(path: path, reason: failure)
    }
    if size == 0 { synchronizeFolder(of: path) }
    return size + text.count
  }

  /// Removes a file; that there is none is no error.
  ///
  /// - Throws: ``TuningDatabaseError/unwritable(path:reason:)``.
  static func remove(_ path: String) throws(TuningDatabaseError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw .unwritable(path: path, reason: lastError()) }
    synchronizeFolder(of: path)
  }

  /// Makes a folder and those that it lies in.
  ///
  /// - Throws: ``TuningDatabaseError/unwritable(path:reason:)``.
  static func makeFolder(_ path: String) throws(TuningDatabaseError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    var reason: String?
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty || prefix.hasSuffix("/") ? "\(part)" : "/\(part)"
      reason = mkdir(prefix, 0o777) == 0 || errno == EEXIST ? nil : lastError()
    }
    guard isFolder(path) else { throw .unwritable(path: path, reason: reason ?? "it is not a folder") }
  }

  /// Whether there is anything at a path; what cannot be looked at counts, since opening it says why.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return PlainFile.objection(to: path) == nil
      && (stat(path, &status) == 0 || errno != ENOENT && errno != ENOTDIR)
  }

  /// Whether a path is a folder.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return PlainFile.objection(to: path) == nil && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The folder that a path lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The part of a path after its last slash.
  static func name(of path: String) -> String { String(path.split(separator: "/").last ?? "") }

  /// What the system says of the call that has just failed.
  static func lastError() -> String { String(cString: strerror(errno)) }

  private static func temporaryPrefix(of path: String) -> String { "\(folder(of: path))/.\(name(of: path))." }

  private static func removeLeftovers(of path: String) {
    let prefix = ".\(name(of: path))."
    for name in FolderListing.names(in: folder(of: path)) where name.hasPrefix(prefix) && name.hasSuffix(".tmp") {
      unlink("\(folder(of: path))/\(name)")
    }
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> String? {
    FileSizeSignal.withheld {
      var rest = bytes[...]
      while !rest.isEmpty {
        let chunk = Array(rest.prefix(1 << 20))
        let count = write(file, chunk, chunk.count)
        if count < 0 {
          if errno == EINTR { continue }
          return lastError()
        }
        rest = rest.dropFirst(count)
      }
      return nil
    }
  }

  private static func synchronizeFolder(of path: String) {
    let folder = systemOpen(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    // Some file systems cannot do this for folders; the file itself is on the disk by then.
    _ = fsync(folder)
    close(folder)
  }
}

// Spelt out, since functions here have the same names.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  read(file, buffer.baseAddress, buffer.count)
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 { open(path, flags, mode) }
