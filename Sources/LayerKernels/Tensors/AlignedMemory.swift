/// Memory for elements, on boundaries that suit caches and vectors.
public enum AlignedMemory {
  /// The boundary, in bytes: a cache line, and the widest vector.
  public static let alignment = 64

  /// The boundary in elements.
  public static let elementAlignment = alignment / MemoryLayout<Float>.stride

  /// How many elements a run of `count` takes when the next run has to start on a boundary again.
  @inlinable
  public static func paddedCount(_ count: Int) -> Int {
    (count + elementAlignment - 1) / elementAlignment * elementAlignment
  }

  /// Allocates room for `count` floats on a boundary, with one boundary's slack behind, and fills it with zeros.
  ///
  /// Zeros, so that what lies in slack is never a signalling value and pages are charged to this call.
  public static func allocate(count: Int) -> UnsafeMutablePointer<Float> {
    let memory = allocateUninitialized(count: count)
    memory.initialize(repeating: 0, count: paddedCount(count) + elementAlignment)
    return memory
  }

  /// As ``allocate(count:)``, but the elements are not set: for memory that its owner fills at once.
  public static func allocateUninitialized(count: Int) -> UnsafeMutablePointer<Float> {
    let bytes = (paddedCount(count) + elementAlignment) * MemoryLayout<Float>.stride
    return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: alignment)
      .bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  /// Frees what ``allocate(count:)`` gave.
  public static func deallocate(_ memory: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(memory).deallocate()
  }
}

/// A fixed block of floats that a prepared kernel owns: packed weights, transformed filters, tables.
///
/// `@unchecked Sendable`: the block is written only inside ``init(count:fill:)``, before anybody else can see it.
public final class PackedWeights: @unchecked Sendable {
  /// The first element, 64-byte aligned; 64 bytes past the last may be read.
  public let start: UnsafePointer<Float>

  /// The number of elements.
  public let count: Int

  private let region: WeightRegion

  /// Allocates `count` zeros and lets `fill` write them once.
  ///
  /// - Throws: ``KernelError/noMemory(byteCount:)`` when the system has none left, and what `fill` throws.
  public init(count: Int, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) throws {
    let capacity = AlignedMemory.paddedCount(max(count, 1)) + AlignedMemory.elementAlignment
    let (block, region) = try WeightRegion.allocate(byteCount: capacity * MemoryLayout<Float>.stride)
    let memory = block.bindMemory(to: Float.self, capacity: capacity)
    start = UnsafePointer(memory)
    self.count = count
    self.region = region
    try fill(UnsafeMutableBufferPointer(start: memory, count: count))
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

  deinit { region.giveBack() }
}
