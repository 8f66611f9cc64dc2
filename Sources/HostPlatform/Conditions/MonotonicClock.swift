#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A clock for measurements. Whatever measures takes one as a parameter, so that tests can lie about time.
public protocol MonotonicClock: Sendable {
  /// Nanoseconds since some moment that stays the same while the program runs.
  func now() -> Int64
}

/// The machine's own clock, which no time service sets or slews where the system has such a one.
public struct SystemClock: MonotonicClock {
  /// The machine's clock.
  public init() {}

  /// Nanoseconds since the machine started.
  public func now() -> Int64 {
    var time = timespec()
    // Kernels before 2.6.28 and some sandboxes have no raw clock.
    if clock_gettime(CLOCK_MONOTONIC_RAW, &time) != 0 { clock_gettime(CLOCK_MONOTONIC, &time) }
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
