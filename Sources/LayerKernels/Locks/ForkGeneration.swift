#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import Synchronization

/// How many forks lie between this process and the one that loaded the library.
enum ForkGeneration {
  private static let count = Atomic<UInt32>(1)
  private static let isWatched = pthread_atfork(nil, nil, { ForkGeneration.step() }) == 0

  /// From 1, and another number in a child than in its parent.
  static var current: UInt32 {
    _ = isWatched
    return count.load(ordering: .relaxed)
  }

  private static func step() { _ = count.wrappingAdd(1, ordering: .relaxed) }
}
