import CFutex
import Synchronization

/// Work in phases, each of which is cut into shares that any thread may run, one after the other or at the same time.
///
/// A type of one's own rather than a closure, as ``TeamWork``.
package protocol PhasedWork: Sendable {
  /// How many phases there are; each begins when all shares of the one before are done.
  var phaseCount: Int { get }
  /// How many shares a phase has among so many members: at least 1, and no more than members.
  func shareCount(ofPhase phase: Int, members: Int) -> Int
  /// Runs one share.
  func run(phase: Int, share: Int, of count: Int)
  /// Called once after the last share of a phase, before the next begins.
  func finish(phase: Int)
  /// Called by each thread before its first share.
  func withMember(_ body: () -> Void)
}

/// Where the members of a run find what is to be done next.
///
/// A member takes its own share of a phase and then waits; where somebody else has not begun his in time, because he sleeps or
/// others have his core, it takes that, too. So a run waits for nobody who is not in the middle of a share.
///
/// `@unchecked Sendable`: all members change is atomic; the rest is set before they are called.
final class PhaseBoard: @unchecked Sendable {
  private typealias Word = Atomic<UInt32>

  /// From 1: the phase whose shares may be run.
  private let phase: UnsafeMutablePointer<Atomic<UInt32>>
  /// Shares of the phase that are not done.
  private let remaining: UnsafeMutablePointer<Atomic<UInt32>>
  private let sleepers: UnsafeMutablePointer<Atomic<UInt32>>
  /// For each share the last phase whose share somebody took, on two cache lines of its own.
  private let taken: UnsafeMutableRawPointer
  private let members: Int

  init(members: Int) {
    self.members = members
    let block = UnsafeMutableRawPointer.allocate(byteCount: (members + 2) * 128, alignment: 128)
    func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
      let word = (block + offset).bindMemory(to: Atomic<UInt32>.self, capacity: 1)
      word.initialize(to: Atomic(0))
      return word
    }
    phase = word(0)
    sleepers = word(64)
    remaining = word(128)
    taken = block + 256
    for member in 0..<members { _ = word(256 + member * 128) }
  }

  private func lastTaken(_ share: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    (taken + share * 128).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// Sets the board up for a run, before workers are called.
  func open(_ work: some PhasedWork, members: Int) {
    for member in 0..<members { lastTaken(member).pointee.store(0, ordering: .relaxed) }
    let shares = work.phaseCount > 0 ? work.shareCount(ofPhase: 0, members: members) : 0
    remaining.pointee.store(UInt32(truncatingIfNeeded: shares), ordering: .relaxed)
    phase.pointee.store(1, ordering: .releasing)
  }

  /// Runs shares until all phases are done.
  ///
  /// - Parameter isAlone: whether nobody else has come yet.
  func run(_ work: some PhasedWork, member: Int, members: Int, isAlone: () -> Bool) {
    let count = UInt32(truncatingIfNeeded: work.phaseCount)
    var current = phase.pointee.load(ordering: .acquiring)
    while current <= count {
      let shares = work.shareCount(ofPhase: Int(current) - 1, members: members)
      if member < shares { take(member, of: shares, in: current, work, members) }
      var patience = WaitPatience()
      var hasHelped = false
      while true {
        let now = phase.pointee.load(ordering: .acquiring)
        if now != current {
          current = now
          break
        }
        if !hasHelped, patience.isGraceOver || isAlone() {
          hasHelped = true
          for offset in 1...max(shares, 1) { take((member + offset) % shares, of: shares, in: current, work, members) }
        } else if patience.isOver {
          sleepers.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
          luthier_sleep_while(phase, current, -1)
          sleepers.pointee.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        } else {
          patience.wait()
        }
      }
    }
  }

  /// Runs a share unless somebody has it.
  private func take(
    _ share: Int, of shares: Int, in current: UInt32, _ work: some PhasedWork, _ members: Int
  ) {
    let last = lastTaken(share)
    let before = last.pointee.load(ordering: .relaxed)
    guard before < current,
      last.pointee.compareExchange(expected: before, desired: current, ordering: .acquiringAndReleasing).exchanged
    else { return }
    let index = Int(current) - 1
    work.run(phase: index, share: share, of: shares)
    guard remaining.pointee.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
    work.finish(phase: index)
    if index + 1 < work.phaseCount {
      let next = work.shareCount(ofPhase: index + 1, members: members)
      remaining.pointee.store(UInt32(truncatingIfNeeded: next), ordering: .relaxed)
    }
    phase.pointee.store(current + 1, ordering: .sequentiallyConsistent)
    if sleepers.pointee.load(ordering: .sequentiallyConsistent) > 0 { luthier_wake(phase, Int32.max) }
  }
}
