import Foundation
import LayerKernels
import Testing

@Suite("The lock")
struct LockTests {
  @Test("Eight threads change a value in turns")
  func turns() {
    let numbers = Lock<[Int]>([0])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 { numbers.withLock { $0[0] += 1 } }
    }
    #expect(numbers.withLock { $0 } == [80_000])
  }

  @Test("What a closure throws is thrown, and the lock is free afterwards")
  func failures() {
    let number = Lock(1)
    #expect(throws: CancellationError.self) {
      try number.withLock { number throws(CancellationError) in
        number = 2
        throw CancellationError()
      }
    }
    #expect(number.withLock { $0 } == 2)
  }

  @Test("A value is freed with its lock")
  func lifetime() {
    final class Object: Sendable {}
    weak var freed: Object?
    do {
      let object = Object()
      let lock = Lock<Object?>(nil)
      lock.withLock { $0 = object }
      freed = object
    }
    #expect(freed == nil)
  }

  /// A lock that a thread holds until it is told.
  private final class Holder: Sendable {
    let lock = Lock<[Int]>([1])
    let isHeld = DispatchSemaphore(value: 0)
    let isOver = DispatchSemaphore(value: 0)
    let isFree = DispatchSemaphore(value: 0)

    func hold() {
      Thread {
        self.lock.withLock {
          $0.append(2)
          self.isHeld.signal()
          self.isOver.wait()
        }
        self.isFree.signal()
      }.start()
      isHeld.wait()
    }
  }

  @Test(
    "A child that is forked while another thread holds a lock makes the value anew; its parent's is what it was",
    .enabled(if: dlsym(nil, "__tsan_init") == nil))
  func fork() throws {
    // Swift hides fork(), because most of what a child may do is unsafe; a lock is what is tried here.
    let symbol = try #require(dlsym(nil, "fork"))
    let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
    let holder = Holder()
    for round in 0..<20 {
      if round == 10 { holder.hold() }
      let child = fork()
      if child == 0 {
        // A child that hangs is ended by this signal, and its status tells.
        alarm(60)
        let first = holder.lock.withLock { $0 }
        // Two threads of the child want it.
        ForkedThreads.run(2) { _ in
          for _ in 0..<1000 { holder.lock.withLock { $0[0] += 1 } }
        }
        _exit(first == [1] && holder.lock.withLock { $0 } == [2001] ? 42 : 1)
      }
      try #require(child > 0)
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      #expect(status == 42 << 8, "child \(round) ended with status \(status)")
    }
    holder.isOver.signal()
    holder.isFree.wait()
    #expect(holder.lock.withLock { $0 } == [1, 2])
  }

  @Test("No source of the library has a lock that a fork would break", arguments: ["Sources", "Plugins"])
  func sources(folder: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: folder)
    let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      // A program of its own, whose process nobody forks.
      .filter { !$0.pathComponents.contains("LuthierServer") }
    #expect(files.count > 20)
    let unsafe = ["Mutex<", "Mutex(", "os_unfair_lock", "OSAllocatedUnfairLock", "NSLock(", "NSRecursiveLock("]
    for file in files {
      let text = try Data(contentsOf: file)
      let found = unsafe.filter { text.range(of: Data($0.utf8)) != nil }
      #expect(found.isEmpty, "\(file.lastPathComponent) has \(found)")
    }
  }
}

/// Threads of a forked child: the system's own, because Foundation's are not made for one.
private final class ForkedThreads: Sendable {
  private let body: @Sendable (Int) -> Void
  private let index: Int

  private init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
    self.body = body
    self.index = index
  }

  /// Runs a closure on some threads and waits for them.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<count).map { index in
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          let mine = Unmanaged<ForkedThreads>.fromOpaque(argument).takeRetainedValue()
          mine.body(mine.index)
          return nil
        }, Unmanaged.passRetained(ForkedThreads(index, body)).toOpaque())
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}
