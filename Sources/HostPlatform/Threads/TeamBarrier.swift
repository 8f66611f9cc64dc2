#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import CProcessor
import Synchronization

/// A place where the members of one run wait for each other, again and again.
///
/// The central sense-reversing barrier of J. M. Mellor-Crummey and M. L. Scott, "Algorithms for Scalable Synchronization
/// on Shared-Memory Multiprocessors" (ACM TOCS 9(1), 1991, section 3.1), with a count of generations for the sense, so that
/// members keep no state of their own. Those who wait read another cache line than those who arrive write.
struct TeamBarrier: ~Copyable {
  /// Two cache lines, because processors fetch them in pairs.
  private typealias Padding = InlineArray<16, UInt64>

  private let before = Padding(repeating: 0)
  private let arrivals = Atomic<Int>(0)
  private let between = Padding(repeating: 0)
  private let generation = Atomic<Int>(0)
  private let after = Padding(repeating: 0)
  /// How often a member looks, with a pause between, before it lets others have its core.
  private let spinLimit: Int

  init(spinLimit: Int) {
    self.spinLimit = spinLimit
  }

  /// Returns when `count` members have called it, which must be the same number for all of them.
  @inline(never)
  borrowing func wait(count: Int) {
    // Read before arriving: after that the last member may already have begun the next generation.
    let mine = generation.load(ordering: .relaxed)
    if arrivals.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == count {
      arrivals.store(0, ordering: .relaxed)
      generation.store(mine &+ 1, ordering: .releasing)
      return
    }
    var spins = 0
    while generation.load(ordering: .acquiring) == mine {
      if spins < spinLimit {
        spins &+= 1
        luthier_pause()
      } else {
        // The member that is missing may be waiting for this very core.
        sched_yield()
      }
    }
  }
}
