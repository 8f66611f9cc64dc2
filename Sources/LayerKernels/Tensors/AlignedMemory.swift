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

  /// Allocates room for `count` floats on a boundary, with one boundary's slack after, and fills it with zeros.
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
