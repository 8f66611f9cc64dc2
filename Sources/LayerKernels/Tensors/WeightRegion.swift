#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Pages that the packed weights of many layers share.
///
/// Loading a network writes each page of its packed weights once. Blocks of their own would leave the system to find the pages
/// one fault at a time, and to be told zeros that are there already; a region asks for them in steps.
///
/// `@unchecked Sendable`: the numbers of a region that is shared change only under the lock of ``blocks``, and a block belongs to
/// whoever took it.
final class WeightRegion: @unchecked Sendable {
  private let start: UnsafeMutableRawPointer
  private let byteCount: Int
  /// Bytes that have been given away.
  private var position = 0
  /// Blocks that somebody has. Counted under the lock, and not by references, because whoever has the pages next has to come
  /// after whoever read them last.
  private var blockCount = 0
  /// Bytes that are no longer zeros, because somebody had them before.
  private var used = 0
  /// Bytes whose pages have been asked for.
  private var populated = 0

  /// The bytes of a region that blocks share; larger blocks have one of their own.
  private static let sharedByteCount = 4 << 20
  /// The largest block that is put into a shared region: a region lives as long as any of its blocks.
  private static let sharedBlockLimit = 1 << 20
  /// How many bytes of pages are asked for at once.
  private static let step = 256 << 10

  private static let blocks = Lock<WeightRegion?>(nil)

  /// Zeros on a boundary of ``AlignedMemory/alignment``, and the region that keeps them.
  ///
  /// - Throws: ``KernelError/noMemory(byteCount:)``.
  static func allocate(byteCount: Int) throws(KernelError) -> (start: UnsafeMutableRawPointer, region: WeightRegion) {
    let size = (byteCount + AlignedMemory.alignment - 1) / AlignedMemory.alignment * AlignedMemory.alignment
    if size > sharedBlockLimit {
      let region = try WeightRegion(byteCount: size)
      return (region.take(size) ?? region.start, region)
    }
    return try blocks.withLock { current throws(KernelError) in
      // Nobody has a block any more, so the pages can serve again.
      if let current, current.blockCount == 0 { current.position = 0 }
      if let region = current, let start = region.take(size) { return (start, region) }
      let region = try WeightRegion(byteCount: sharedByteCount)
      current = region
      return (region.take(size) ?? region.start, region)
    }
  }

  private init(byteCount: Int) throws(KernelError) {
    let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { throw .noMemory(byteCount: byteCount) }
    start = memory
    self.byteCount = byteCount
  }

  /// Says that a block is no longer used. The latest one's bytes are the next block's.
  func giveBack(_ block: UnsafeMutableRawPointer, byteCount: Int) {
    Self.blocks.withLock { _ in
      blockCount -= 1
      let size = (byteCount + AlignedMemory.alignment - 1) / AlignedMemory.alignment * AlignedMemory.alignment
      if block + size == start + position { position -= size }
    }
  }

  private func take(_ size: Int) -> UnsafeMutableRawPointer? {
    guard size <= byteCount - position else { return nil }
    blockCount += 1
    let block = start + position
    if position < used { memset(block, 0, min(size, used - position)) }
    position += size
    used = max(used, position)
    populate(to: position)
    return block
  }

  /// Asks for the pages up to a position. That this is not possible does no harm: pages then come as they are touched.
  private func populate(to end: Int) {
    guard end > populated else { return }
    let begin = populated
    populated = min((end + Self.step - 1) / Self.step * Self.step, byteCount)
    #if os(Linux)
      // MADV_POPULATE_WRITE of Linux 5.14, which C libraries that are older do not name.
      let populateWrite: Int32 = 23
      let saved = errno
      madvise(start + begin, populated - begin, populateWrite)
      errno = saved
    #endif
  }

  deinit { munmap(start, byteCount) }
}
