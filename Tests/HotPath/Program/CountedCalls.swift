import CAllocator
import Glibc
import Synchronization

/// How often this process has asked for memory and for locks, in any thread and any library.
///
/// The functions below stand in front of glibc's, since an executable's symbols come first.
enum CountedCalls {
  static let allocations = Atomic<Int>(0)
  static let locks = Atomic<Int>(0)

  /// glibc's own function, which has no second name that could be linked against.
  // Written once, by the thread that starts the program, before there is another.
  nonisolated(unsafe) fileprivate static var systemLock: (@convention(c) (OpaquePointer?) -> Int32)?

  fileprivate static func findSystemLock() -> (@convention(c) (OpaquePointer?) -> Int32)? {
    // RTLD_NEXT: the definition after this one.
    guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: -1), "pthread_mutex_lock") else { return nil }
    systemLock = unsafeBitCast(symbol, to: (@convention(c) (OpaquePointer?) -> Int32).self)
    return systemLock
  }
}

/// `malloc`, counted. The compiler keeps the name `malloc` for itself, so the linker gives it to this function (Package.swift).
@c(luthier_counted_malloc)
public func countedMalloc(_ size: Int) -> UnsafeMutableRawPointer? {
  CountedCalls.allocations.wrappingAdd(1, ordering: .relaxed)
  return __libc_malloc(size)
}

/// `calloc`, counted.
@c(calloc)
public func countedCalloc(_ count: Int, _ size: Int) -> UnsafeMutableRawPointer? {
  CountedCalls.allocations.wrappingAdd(1, ordering: .relaxed)
  return __libc_calloc(count, size)
}

/// `realloc`, counted.
@c(realloc)
public func countedRealloc(_ memory: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer? {
  CountedCalls.allocations.wrappingAdd(1, ordering: .relaxed)
  return __libc_realloc(memory, size)
}

/// `aligned_alloc`, counted.
@c(aligned_alloc)
public func countedAlignedAlloc(_ alignment: Int, _ size: Int) -> UnsafeMutableRawPointer? {
  CountedCalls.allocations.wrappingAdd(1, ordering: .relaxed)
  return __libc_memalign(alignment, size)
}

/// `posix_memalign`, counted.
@c(posix_memalign)
public func countedMemalign(
  _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: Int, _ size: Int
) -> Int32 {
  CountedCalls.allocations.wrappingAdd(1, ordering: .relaxed)
  result.pointee = __libc_memalign(alignment, size)
  return result.pointee == nil ? ENOMEM : 0
}

/// `pthread_mutex_lock`, counted.
@c(pthread_mutex_lock)
public func countedMutexLock(_ mutex: OpaquePointer?) -> Int32 {
  CountedCalls.locks.wrappingAdd(1, ordering: .relaxed)
  guard let lock = CountedCalls.systemLock ?? CountedCalls.findSystemLock() else { return EINVAL }
  return lock(mutex)
}
