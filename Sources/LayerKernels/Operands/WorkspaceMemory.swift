/// Scratch memory of a kernel's run, with guards at both ends.
public final class WorkspaceMemory {
  /// The bytes that the kernel asked for.
  public let byteCount: Int
  private let memory: UnsafeMutableRawPointer

  private static let guardSize = 256
  private static let guardByte: UInt8 = 0xA5

  /// Memory of `byteCount` bytes, all poison.
  public init(byteCount: Int) {
    precondition(byteCount >= 0, "a workspace has no negative size")
    self.byteCount = byteCount
    memory = .allocate(byteCount: byteCount + 2 * Self.guardSize, alignment: AlignedMemory.alignment)
    memory.initializeMemory(as: UInt8.self, repeating: Self.guardByte, count: byteCount + 2 * Self.guardSize)
    poison()
  }

  deinit { memory.deallocate() }

  /// The first byte, on a 64-byte boundary.
  public var start: UnsafeMutableRawPointer { memory + Self.guardSize }

  /// Makes every whole float NaN: a workspace's contents are unspecified at the start of a run.
  public func poison() {
    let count = byteCount / MemoryLayout<Float>.stride
    start.initializeMemory(as: Float.self, repeating: Poison.workspace.value, count: count)
  }

  /// What was written where nothing may be, in words; nil when nothing was.
  public func damage() -> String? {
    let end = start + byteCount
    for offset in 0..<Self.guardSize {
      if end.load(fromByteOffset: offset, as: UInt8.self) != Self.guardByte {
        return "the workspace of \(byteCount) bytes was overrun: byte \(byteCount + offset) was written"
      }
      if start.load(fromByteOffset: -1 - offset, as: UInt8.self) != Self.guardByte {
        return "memory was written \(offset + 1) bytes before the workspace"
      }
    }
    return nil
  }
}
