import Foundation

/// Runs `body` on `count` operating system threads at the same time and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let done = DispatchSemaphore(value: 0)
  for index in 0..<count {
    Thread {
      body(index)
      done.signal()
    }.start()
  }
  for _ in 0..<count { done.wait() }
}

/// Values that several threads add to.
///
/// After a lock of Foundation's, which Thread Sanitizer knows.
/// `@unchecked Sendable`: the lock guards every access.
final class Collected<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var collected: [Value] = []

  func add(_ value: Value) {
    lock.withLock { collected.append(value) }
  }

  var values: [Value] { lock.withLock { collected } }
}
