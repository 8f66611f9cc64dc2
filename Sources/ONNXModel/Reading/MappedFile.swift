#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import HostPlatform
import LayerKernels

/// A file's bytes, mapped into memory for as long as somebody holds this.
///
/// `@unchecked Sendable`: the mapping is private and never written.
final class MappedFile: MemoryLender, @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  /// Maps a regular file.
  ///
  /// - Parameter isOnlyName: whether the path has to be the file's only name: no link, neither symbolic nor hard.
  init(_ path: String, limit: Int, isOnlyName: Bool = false) throws(ONNXError) {
    let (file, count): (Int32, Int)
    do throws(PlainFile.Failure) {
      (file, count) = try PlainFile.open(path, isOnlyName: isOnlyName)
    } catch { throw .unreadable(path: path, reason: error.reason) }
    defer { close(file) }
    guard count <= limit else { throw .tooLarge(name: path, bytes: count, limit: limit) }
    guard count > 0 else { throw .malformed(name: path, reason: "it is empty") }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
    #if os(Linux)
      // The system may hold the file in pages of 2 MiB; mapped as such, a few packed weights would bring as much to memory at once.
      madvise(start, count, MADV_NOHUGEPAGE)
    #endif
  }

  /// Lets the system take back the pages of bytes that have been packed; they are read again if somebody looks.
  func release(_ part: UnsafeRawBufferPointer) {
    // What a call costs is worth it for many pages only.
    guard part.count >= 1 << 16 else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard page > 0, let start = part.baseAddress else { return }
    let first = (Int(bitPattern: start) + page - 1) / page * page
    let count = (Int(bitPattern: start) + part.count - first) / page * page
    if count > 0 { madvise(UnsafeMutableRawPointer(bitPattern: first), count, MADV_DONTNEED) }
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
