#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Memory between two pages that nobody may touch: a kernel that runs far past its operands dies at once, where guards of
/// special values would only be found damaged, or be missed.
///
/// For worker processes, which may die.
public final class FencedMemory {
  /// The first byte, on a 64-byte boundary.
  public let start: UnsafeMutableRawPointer
  private let mapping: UnsafeMutableRawPointer
  private let mappedSize: Int

  /// Room for so many bytes, rounded up to a multiple of 64, whose last one lies before the fence; zeros.
  ///
  /// - Throws: ``ProblemError`` when the system has no such memory.
  public init(byteCount: Int) throws(ProblemError) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let size = (max(byteCount, 1) + AlignedMemory.alignment - 1) / AlignedMemory.alignment * AlignedMemory.alignment
    let room = (size + page - 1) / page * page
    mappedSize = room + 2 * page
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    guard let mapping = mmap(nil, mappedSize, PROT_READ | PROT_WRITE, flags, -1, 0), mapping != MAP_FAILED else {
      throw .inconsistent("the system gives no \(byteCount) bytes: \(String(cString: strerror(errno)))")
    }
    self.mapping = mapping
    mprotect(mapping, page, PROT_NONE)
    mprotect(mapping + page + room, page, PROT_NONE)
    start = mapping + page + (room - size)
  }

  deinit { munmap(mapping, mappedSize) }
}
