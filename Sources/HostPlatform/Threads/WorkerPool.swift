#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// The crews of this process. A child after `fork()` begins with none, since its parent's threads stay behind.
enum WorkerPool {
  /// The crew that was made last, from which the others are reached; 0 without any.
  private static let head = Atomic<UInt>(0)
  private static let workers = Atomic<Int>(0)
  private static let isWatched = pthread_atfork(nil, nil, { WorkerPool.forget() }) == 0

  /// Nanoseconds after which workers end that are more than the cores.
  static let idleTime: Int64 = 2_000_000_000

  private static func forget() {
    head.store(0, ordering: .relaxed)
    workers.store(0, ordering: .relaxed)
    CoreAllowance.forget()
  }

  /// Counts workers that start, or (negative) end.
  static func count(_ change: Int) { workers.wrappingAdd(change, ordering: .relaxed) }

  /// Whether there are more workers than cores beside the callers'.
  static var hasSurplus: Bool {
    workers.load(ordering: .relaxed) > max(Processor.current.usableCores - 1, 1)
  }

  /// A crew that nobody else uses, with as many workers as the system lets us have. Nothing is allocated where there is one.
  static func crew(of size: Int) -> Crew {
    _ = isWatched
    var first = crew(at: head.load(ordering: .acquiring))
    var candidate = first
    while let crew = candidate {
      if crew.size == size, crew.claim() {
        crew.start()
        return crew
      }
      candidate = crew.next
    }
    while true {
      let crew = Crew(size: size, next: first)
      let expected = first.map { UInt(bitPattern: Unmanaged.passUnretained($0).toOpaque()) } ?? 0
      let reference = Unmanaged.passRetained(crew)
      let (exchanged, original) = head.compareExchange(
        expected: expected, desired: UInt(bitPattern: reference.toOpaque()), ordering: .acquiringAndReleasing)
      if exchanged {
        crew.start()
        return crew
      }
      reference.release()
      first = Self.crew(at: original)
    }
  }

  private static func crew(at bits: UInt) -> Crew? {
    UnsafeRawPointer(bitPattern: bits).map { Unmanaged<Crew>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// One worker's thread.
final class WorkerThread {
  private let crew: Crew
  private let index: Int
  private let call: UInt32

  private init(_ crew: Crew, _ index: Int, _ call: UInt32) {
    self.crew = crew
    self.index = index
    self.call = call
  }

  /// Bytes of a worker's stack, of which the system gives what is touched.
  private static let stackSize = 4 << 20

  /// Starts a thread that serves a crew.
  ///
  /// - Returns: false where the system refuses.
  static func start(_ crew: Crew, index: Int, call: UInt32) -> Bool {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return false }
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // The host's signals are for the host's threads; those that a fault raises stay with whoever makes it.
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF] { sigdelset(&blocked, signal) }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let argument = Unmanaged.passRetained(WorkerThread(crew, index, call))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        #if canImport(Darwin)
          let worker = Unmanaged<WorkerThread>.fromOpaque(argument).takeRetainedValue()
        #else
          guard let argument else { return nil }
          let worker = Unmanaged<WorkerThread>.fromOpaque(argument).takeRetainedValue()
        #endif
        worker.crew.serve(index: worker.index, after: worker.call)
        return nil
      }, argument.toOpaque())
    if status != 0 { argument.release() }
    return status == 0
  }
}
