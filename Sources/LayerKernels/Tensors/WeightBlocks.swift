#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Bytes of a region that one or more packed weights are.
///
/// `@unchecked Sendable`: written only by who made it, before it is shared.
final class WeightBlock: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let byteCount: Int
  private let region: WeightRegion
  /// What the block is found by; nil while nobody else can find it.
  fileprivate var sample: WeightBlocks.Sample?

  /// Zeros.
  ///
  /// - Throws: ``KernelError/noMemory(byteCount:)``.
  init(byteCount: Int) throws(KernelError) {
    (start, region) = try WeightRegion.allocate(byteCount: byteCount)
    self.byteCount = byteCount
  }

  deinit {
    if let sample { WeightBlocks.forget(sample) }
    region.giveBack(start, byteCount: byteCount)
  }
}

/// The blocks of packed weights that are in use, by some of their bytes.
enum WeightBlocks {
  /// Words from all over a block: equal blocks have equal samples, and few others have.
  struct Sample: Hashable {
    private let byteCount: Int
    private var hash: UInt64 = 0

    init(_ block: WeightBlock) {
      byteCount = block.byteCount
      let words = byteCount / 8
      let count = min(words, 64)
      for index in 0..<count {
        let word = block.start.load(fromByteOffset: index * words / count * 8, as: UInt64.self)
        hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
      }
    }
  }

  private struct Entry {
    weak var block: WeightBlock?
  }

  /// Smaller blocks cost more to remember than to have twice.
  private static let smallest = 4 << 10

  /// Whether packed weights that are made now may be memory that others have. Networks allow it; a tuner does not, because the places of
  /// its candidates' weights are part of what it measures.
  @TaskLocal static var areShared = false

  /// What counts the blocks that packed weights become.
  @TaskLocal static var tally: Tally?

  /// Blocks, each counted once.
  final class Tally: Sendable {
    private let sizes = Lock<[UInt: Int]>([:])

    var byteCount: Int { sizes.withLock { $0.values.reduce(0, +) } }

    func note(_ block: WeightBlock) { sizes.withLock { $0[UInt(bitPattern: block.start)] = block.byteCount } }
  }

  private static let known = Lock<[Sample: Entry]>([:])

  /// A block that has the same bytes and is in use, or else this one, which the next may share from now on.
  static func shared(_ fresh: WeightBlock) -> WeightBlock {
    guard areShared, fresh.byteCount >= smallest else { return fresh }
    let sample = Sample(fresh)
    let found = known.withLock { known -> WeightBlock? in
      if let block = known[sample]?.block { return block }
      known[sample] = Entry(block: fresh)
      fresh.sample = sample
      return nil
    }
    // Compared outside of the lock: nobody writes to a block any more.
    guard let found, found.byteCount == fresh.byteCount,
      memcmp(found.start, fresh.start, fresh.byteCount) == 0
    else { return fresh }
    return found
  }

  /// A block goes: it is not found any more.
  fileprivate static func forget(_ sample: Sample) {
    // Another block of this sample may have come after the last reader of the old one left. It leaves the lock with this reference:
    // if it is the last, the block goes, which takes the lock.
    _ = known.withLock { known -> WeightBlock? in
      guard let entry = known[sample] else { return nil }
      let block = entry.block
      if block == nil { known[sample] = nil }
      return block
    }
  }
}
