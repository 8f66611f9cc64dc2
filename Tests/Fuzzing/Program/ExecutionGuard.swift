import Glibc

/// Ends the process when an execution crashes, hangs or takes too much memory, and saves its input first.
///
/// A crash leaves no way back into Swift, so the input is written by the signal's handler, which may only call what the
/// system allows there: everything that it needs is kept ready outside Swift's heap.
enum ExecutionGuard {
  /// How long an execution may take, in seconds of processor time: a busy machine is no hang.
  static let timeLimit = 1
  /// How much memory an execution may take beyond what the process had when it began, in bytes.
  static let memoryLimit = 512 << 20

  /// How much processor time the process has taken, which is what ``timeLimit`` is about.
  static var processorTime: Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  // Written by the one thread that fuzzes, before the call that the handler may interrupt.
  nonisolated(unsafe) private static let input = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 16)
  nonisolated(unsafe) private static var inputCount = 0
  nonisolated(unsafe) private static var path = strdup("crash.bin")

  /// Prepares for inputs that are to be saved at a path.
  static func start(savingTo path: String) {
    self.path = strdup(path)
    // The handler has a stack of its own: the parser may have used up the usual one.
    let size = 64 << 10
    var stack = stack_t(ss_sp: malloc(size), ss_flags: 0, ss_size: size)
    sigaltstack(&stack, nil)
    for signal in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGPROF] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { signal in ExecutionGuard.end(signal) }
      action.sa_flags = Int32(SA_ONSTACK)
      sigaction(signal, &action, nil)
    }
    limitMemory()
  }

  /// Runs one execution under the limits.
  static func run<Result>(_ bytes: [UInt8], _ body: () throws -> Result) rethrows -> Result {
    bytes.withUnsafeBytes { bytes in
      inputCount = min(bytes.count, 1 << 20)
      if let base = bytes.baseAddress { memcpy(input, base, inputCount) }
    }
    var timer = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: timeLimit, tv_usec: 0))
    setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    defer {
      timer.it_value.tv_sec = 0
      setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    }
    return try body()
  }

  /// Saves the input that runs now.
  static func saveInput() {
    guard let path else { return }
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = write(file, input, inputCount)
    close(file)
  }

  /// The address space may grow by the limit and no further: what asks for more fails, and a Swift array that fails ends here.
  private static func limitMemory() {
    guard let status = fopen("/proc/self/statm", "r") else { return }
    var pages = 0
    withUnsafeMutablePointer(to: &pages) { pointer in
      withVaList([pointer]) { _ = vfscanf(status, "%ld", $0) }
    }
    fclose(status)
    let bytes = rlim_t(pages * Int(sysconf(Int32(_SC_PAGESIZE))) + memoryLimit)
    var limit = rlimit(rlim_cur: bytes, rlim_max: rlim_t.max)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  private static func end(_ signal: Int32) {
    saveInput()
    let message: StaticString = signal == SIGPROF ? "\nhang: input saved\n" : "\ncrash: input saved\n"
    _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
    _exit(signal == SIGPROF ? 3 : 2)
  }
}
