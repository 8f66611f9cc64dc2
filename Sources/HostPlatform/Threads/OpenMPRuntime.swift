#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import COpenMP
import Synchronization

/// The OpenMP library's state in this process.
///
/// libomp can be used on both sides of `fork()`, but not in a child that was forked while another thread was in the middle
/// of starting it: its locks stay locked there for ever. So the start is marked with the process that makes it.
enum OpenMPRuntime {
  private enum State {
    static let asleep = 0
    static let ready = -1
    static let unusable = -2
  }

  /// One of the above, or the number of the process that is starting the library.
  private static let state = Atomic<Int>(State.asleep)

  /// Starts the library where that has not happened, which takes about a millisecond.
  ///
  /// - Returns: false where it cannot be used in this process.
  static func start() -> Bool {
    let process = Int(getpid())
    while true {
      let found = state.load(ordering: .acquiring)
      switch found {
      case State.ready: return true
      case State.unusable: return false
      case State.asleep:
        guard state.compareExchange(expected: found, desired: process, ordering: .acquiringAndReleasing).exchanged
        else { continue }
        _ = omp_get_max_threads()
        state.store(State.ready, ordering: .releasing)
      case process:
        sched_yield()
      default:
        _ = state.compareExchange(expected: found, desired: State.unusable, ordering: .acquiringAndReleasing)
      }
    }
  }
}
