/// A value that one thread at a time may see, on both sides of `fork()`.
///
/// Swift's `Mutex` keeps the number of each thread that uses it, and after `fork()` a child's first thread still has its
/// parent's: the first lock that two threads of the child want ends it. This one keeps none.
///
/// A child that finds a lock held by a thread that the fork did not take along makes the value anew: what is half changed is
/// left as it is, and its memory is lost. So the value must be one that can begin again, as caches and pools can.
///
/// `@unchecked Sendable`: only whoever has taken the state touches the value.
package struct Lock<Value>: ~Copyable, @unchecked Sendable {
  private let state: LockState
  private let value: UnsafeMutablePointer<Value>
  private let initial: () -> Value

  /// A lock around a value.
  ///
  /// - Parameter initial: the value; asked for again in a child that cannot have its parent's.
  package init(_ initial: @autoclosure @escaping () -> sending Value) {
    self.initial = initial
    // One block: tensors have a lock each.
    let offset = max(MemoryLayout<LockState.Word>.stride, MemoryLayout<Value>.alignment)
    let block = UnsafeMutableRawPointer.allocate(
      byteCount: offset + MemoryLayout<Value>.stride,
      alignment: max(MemoryLayout<LockState.Word>.alignment, MemoryLayout<Value>.alignment))
    state = LockState(at: block)
    value = (block + offset).bindMemory(to: Value.self, capacity: 1)
    value.initialize(to: initial())
  }

  deinit {
    value.deinitialize(count: 1)
    state.deallocate()
  }

  /// Waits until nobody else sees the value, and shows it to a closure.
  ///
  /// The closure must not ask for the same lock, and it must not fork.
  package borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    if state.take() == .abandoned { value.initialize(to: initial()) }
    defer { state.leave() }
    return try body(&value.pointee)
  }
}
