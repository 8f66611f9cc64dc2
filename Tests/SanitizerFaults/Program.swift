import HostPlatform
import LayerKernels

/// Faults made on purpose, and the same work without them: a sanitizer's run counts only if it reports the one and passes the
/// other.
///
/// `sanitizer-faults overflow|race|barrier|lock`
@main
enum SanitizerFaults {
  static func main() throws {
    let fault = CommandLine.arguments.dropFirst().first
    let block = UnsafeMutablePointer<UInt8>.allocate(capacity: 100)
    block.initialize(repeating: 0, count: 100)
    defer { block.deallocate() }
    switch fault {
    case "overflow":
      // A number that the optimizer does not know.
      block[100 * min(CommandLine.arguments.count, 1)] = 1
    case "race":
      try ThreadTeam(threads: 2).run(SharedByte(byte: block, hasTurns: false))
    case "barrier":
      try ThreadTeam(threads: 2).run(SharedByte(byte: block, hasTurns: true))
      // What the last member wrote, its caller reads and writes again.
      block[0] &+= 1
    case "lock":
      let count = Lock([0])
      try ThreadTeam(threads: 2).run { _ in
        // An array, so that its memory is written under the lock, too.
        for _ in 0..<100_000 { count.withLock { $0[0] += 1 } }
      }
      block[0] = count.withLock { UInt8(truncatingIfNeeded: $0[0]) }
    default:
      print("usage: sanitizer-faults overflow|race|barrier|lock")
      return
    }
    print("\(fault ?? "") ended with \(block[0])")
  }
}

/// Members that write one byte: in turns with a barrier between, or all at once.
private struct SharedByte: TeamWork {
  nonisolated(unsafe) let byte: UnsafeMutablePointer<UInt8>
  let hasTurns: Bool

  func run(as member: borrowing TeamMember) {
    // Both are here before either writes.
    member.barrier()
    for turn in 0..<1000 {
      if !hasTurns || turn % member.count == member.index { byte.pointee &+= 1 }
      if hasTurns { member.barrier() }
    }
  }
}
