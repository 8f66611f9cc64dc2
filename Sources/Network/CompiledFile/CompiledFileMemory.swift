#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import HostPlatform
import LayerKernels

/// The bytes of a compiled network's file, for as long as somebody holds this.
///
/// `@unchecked Sendable`: the bytes are never written after ``init(copying:)``.
package final class CompiledFileMemory: @unchecked Sendable {
  package let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// What tells a file from every other, and from what it was before.
  private struct Identity: Hashable {
    let device: UInt64
    let file: UInt64
    let size: Int
    let seconds: Int
    let nanoseconds: Int
  }

  private struct Entry {
    weak var memory: CompiledFileMemory?
  }

  private static let mapped = Lock<[Identity: Entry]>([:])

  /// Bytes that are in no file.
  package init(copying source: UnsafeRawBufferPointer) {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(source.count, 1), alignment: CompiledFileLayout.pageSize)
    memory.copyMemory(from: source)
    bytes = UnsafeRawBufferPointer(rebasing: memory[..<source.count])
    isMapped = false
  }

  private init(mapping file: Int32, count: Int, path: String) throws(CompiledFileError) {
    guard count > 0 else { throw .malformed(path: path, reason: "it is empty") }
    // Shared, so that nothing is charged to this process: it is never written, and all who map the file have the same pages.
    guard let start = mmap(nil, count, PROT_READ, MAP_SHARED, file, 0), start != MAP_FAILED else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)), isMissing: false)
    }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
    isMapped = true
  }

  /// A plain file's bytes; those who ask for the same file while it is in use get the same memory.
  ///
  /// - Throws: ``CompiledFileError/unreadable(path:reason:isMissing:)``; ``CompiledFileError/malformed(path:reason:)`` for an empty
  ///   file.
  package static func of(_ path: String) throws(CompiledFileError) -> CompiledFileMemory {
    let (file, size): (Int32, Int)
    do throws(PlainFile.Failure) { (file, size) = try PlainFile.open(path) } catch {
      throw .unreadable(path: path, reason: error.reason, isMissing: error.isMissing)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { return try CompiledFileMemory(mapping: file, count: size, path: path) }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    let identity = Identity(
      device: UInt64(truncatingIfNeeded: status.st_dev), file: UInt64(truncatingIfNeeded: status.st_ino), size: size,
      seconds: Int(time.tv_sec), nanoseconds: Int(time.tv_nsec))
    return try mapped.withLock { mapped throws(CompiledFileError) in
      if let memory = mapped[identity]?.memory { return memory }
      mapped = mapped.filter { $0.value.memory != nil }
      let memory = try CompiledFileMemory(mapping: file, count: size, path: path)
      mapped[identity] = Entry(memory: memory)
      return memory
    }
  }

  deinit {
    let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
    if isMapped { munmap(start, bytes.count) } else { start?.deallocate() }
  }
}
