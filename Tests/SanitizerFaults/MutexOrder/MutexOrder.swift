import Glibc
import Synchronization

// Tells Thread Sanitizer what a contended `Synchronization.Mutex` orders.
//
// Taking and leaving a mutex that is free is compiled into its user, where the sanitizer sees the atomics. Where threads wait for
// each other, it is done inside Swift's own library, which is not compiled for the sanitizer: what one thread has written under the
// mutex then seems to race with the next. This library stands before Swift's (`LD_PRELOAD`), waits in its own way, and says so.
extension _MutexHandle {
  /// Stands for `_lockSlow(_:)`: takes a mutex that another thread may hold.
  ///
  /// It never says that it waits, so that whoever holds the mutex leaves it in the code that the sanitizer sees.
  @_silgen_name("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF")
  public borrowing func lockSlow(_ thread: UInt32) {
    withUnsafePointer(to: self) { handle in
      // Its only stored property, and 0 where nobody holds it.
      let owner = UnsafeRawPointer(handle).assumingMemoryBound(to: Atomic<UInt32>.self)
      while !owner.pointee.compareExchange(expected: 0, desired: thread, ordering: .acquiring).exchanged { usleep(10) }
      acquire?(handle)
    }
  }
}

/// The sanitizer's function; nil in the programs that start the tests, which are compiled without it.
private let acquire: (@convention(c) (UnsafeRawPointer) -> Void)? = unsafeBitCast(
  dlsym(nil, "__tsan_acquire"), to: (@convention(c) (UnsafeRawPointer) -> Void)?.self)
