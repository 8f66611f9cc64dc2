import CFutex
import Synchronization

/// Whether a ``Lock`` is held, and by a thread of which process: U. Drepper, "Futexes Are Tricky" (2011), section 5, with the
/// number of forks for his 1.
struct LockState {
  typealias Word = Atomic<UInt32>

  enum Before {
    case free
    /// Held by a thread that this process does not have.
    case abandoned
  }

  private static let free: UInt32 = 0
  /// Set beside the number of forks where somebody may sleep.
  private static let isAwaited: UInt32 = 1 << 31
  /// How often a thread looks before it sleeps: most locks are held for less time than falling asleep takes.
  private static let spinLimit = 100

  private let word: UnsafeMutablePointer<Word>

  /// A lock that nobody holds, at the start of a block of memory.
  init(at block: UnsafeMutableRawPointer) {
    word = block.bindMemory(to: Word.self, capacity: 1)
    word.initialize(to: Word(Self.free))
  }

  /// Frees the block.
  func deallocate() {
    word.deinitialize(count: 1)
    UnsafeMutableRawPointer(word).deallocate()
  }

  /// Takes the lock as soon as no thread of this process holds it.
  func take() -> Before {
    let mine = ForkGeneration.current & ~Self.isAwaited
    if word.pointee.compareExchange(expected: Self.free, desired: mine, ordering: .acquiring).exchanged { return .free }
    return wait(mine)
  }

  func leave() {
    if word.pointee.exchange(Self.free, ordering: .releasing) & Self.isAwaited != 0 { luthier_wake(word, 1) }
  }

  private func wait(_ mine: UInt32) -> Before {
    // Whoever has slept does not know whether others still do.
    var taken = mine
    var spins = 0
    while true {
      let found = word.pointee.load(ordering: .relaxed)
      if found == Self.free || found & ~Self.isAwaited != mine {
        guard word.pointee.compareExchange(expected: found, desired: taken, ordering: .acquiring).exchanged else {
          continue
        }
        return found == Self.free ? .free : .abandoned
      }
      if spins < Self.spinLimit {
        spins += 1
        luthier_relax()
        continue
      }
      taken = mine | Self.isAwaited
      if found == mine {
        guard word.pointee.compareExchange(expected: mine, desired: taken, ordering: .relaxed).exchanged else {
          continue
        }
      }
      luthier_sleep_while(word, taken, -1)
    }
  }
}
