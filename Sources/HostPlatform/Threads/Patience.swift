#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import CFutex

/// The time by which threads wait.
enum WaitClock {
  /// Nanoseconds, which never step back.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// How a member waits for the others in the middle of a run: it looks again and again, then lets others have its core between,
/// and at last sleeps, so that an idle core takes over whoever is waited for from one that others want.
struct WaitPatience {
  private var waits = 0

  private static let spinLimit = 500
  private static let yieldLimit = 200

  /// Whether it is time to sleep.
  var isOver: Bool { waits >= Self.spinLimit + Self.yieldLimit }

  /// Whether others have had the time to begin what is theirs.
  var isGraceOver: Bool { waits >= 100 }

  mutating func wait() {
    waits += 1
    if waits <= Self.spinLimit { luthier_relax() } else { sched_yield() }
  }
}

/// How an idle worker waits for the next run: it spins for a while, but not on a core that somebody else wants.
struct IdlePatience {
  /// Nanoseconds to spin.
  var blocktime: Int64 = 0
  /// How many times more the worker sleeps at once, since it was in the way.
  private var penalty = 0

  private static let penalties = 64
  /// Two looks at the clock lie a few microseconds apart, unless another thread had the core between.
  private static let pauseLimit: Int64 = 30_000

  init() {}

  /// Spins until something is there, the time is over, or somebody else had the core.
  mutating func spin(until isThere: () -> Bool) {
    let begin = WaitClock.now()
    var last = begin
    let limit = penalty > 0 ? 0 : blocktime
    if penalty > 0 { penalty -= 1 }
    while last - begin < limit {
      for _ in 0..<50 {
        if isThere() { return }
        luthier_relax()
      }
      if last - begin > 20_000 { sched_yield() }
      let now = WaitClock.now()
      if now - last > Self.pauseLimit {
        penalty = Self.penalties
        return
      }
      last = now
    }
  }
}
