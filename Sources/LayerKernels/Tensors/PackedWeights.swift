/// A fixed block of floats that a prepared kernel owns: packed weights, transformed filters, tables.
///
/// Networks share blocks of the same bytes: steps of a loop that was unrolled, plans of one model for several sizes, and networks that
/// were loaded twice have their weights once in memory.
///
/// A compiled network's file holds such blocks, and loading it calls no `fill`: a kernel that keeps anything else of its weights makes it
/// without them, and takes no element for an index or an address, since the file may be anybody's.
///
/// `@unchecked Sendable`: the block is written only inside ``init(count:fill:)``, before anybody else can see it.
public final class PackedWeights: @unchecked Sendable {
  /// The first element, 64-byte aligned; 64 bytes past the last may be read.
  public let start: UnsafePointer<Float>

  /// The number of elements.
  public let count: Int

  /// Keeps the elements' memory.
  private let owner: any AnyObject & Sendable

  /// Allocates `count` zeros and lets `fill` write them once.
  ///
  /// - Throws: ``KernelError/noMemory(byteCount:)`` when the system has none left, and what `fill` throws.
  public init(count: Int, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) throws {
    if let supply = PackedBlockSupply.current {
      let block = try supply.next(count: count)
      start = block.start
      self.count = count
      owner = block.owner
      return
    }
    let capacity = Self.capacity(count: count)
    let fresh = try WeightBlock(byteCount: capacity * MemoryLayout<Float>.stride)
    let memory = fresh.start.bindMemory(to: Float.self, capacity: capacity)
    try fill(UnsafeMutableBufferPointer(start: memory, count: count))
    let block = WeightBlocks.shared(fresh)
    WeightBlocks.tally?.note(block)
    owner = block
    self.count = count
    start = UnsafeRawPointer(block.start).assumingMemoryBound(to: Float.self)
    PackedBlockRecorder.current?.add(self)
  }

  /// The elements of memory that a block of `count` elements has: up to a boundary, and 64 bytes that may be read.
  package static func capacity(count: Int) -> Int {
    AlignedMemory.paddedCount(max(count, 1)) + AlignedMemory.elementAlignment
  }

  /// Allocates `byteCount` zero bytes, rounded up to whole floats, and lets `fill` write them once: for elements of other types.
  ///
  /// - Throws: as ``init(count:fill:)``.
  public convenience init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    let size = MemoryLayout<Float>.stride
    try self.init(count: (byteCount + size - 1) / size) { memory in
      try fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(memory)[..<byteCount]))
    }
  }

  /// Runs what makes packed weights; those whose bytes are in use already become that memory.
  package static func sharing<Result>(_ body: () throws -> Result) rethrows -> Result {
    try WeightBlocks.$areShared.withValue(true) { try body() }
  }

  /// Runs what makes packed weights on this thread, and says how many bytes they are, shared ones once.
  package static func counting<Result>(_ body: () throws -> Result) rethrows -> (result: Result, byteCount: Int) {
    let tally = WeightBlocks.Tally()
    let result = try WeightBlocks.$tally.withValue(tally) { try body() }
    return (result, tally.byteCount)
  }
}
