import FoundationEssentials
import HostPlatform
public import LayerKernels
import TuningDatabase

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The other end of an ``IsolatedProblemTuner``: the process in which candidates run and may die.
///
/// A program that tunes with kernels of its own serves with the registry that it tunes with:
///
/// ```swift
/// if CommandLine.arguments.dropFirst().first == "worker" { TuningWorker.serve(registry: registry, oracle: oracle) }
/// ```
public enum TuningWorker {
  /// The address space that a thread takes before any candidate runs, in bytes: its stack and what `malloc` sets aside for it.
  private static let memoryPerThread = 80 << 20

  /// Answers requests on standard input until there are no more, then ends the process.
  public static func serve(registry: KernelRegistry, oracle: KernelRegistry) -> Never {
    // Ctrl-C is the tuner's to answer; a worker whose tuner has died must not stay.
    signal(SIGINT, SIG_IGN)
    endWithTuner()
    // The program's own: a sanitizer's runtime, for one, takes terabytes.
    let addressSpace = MemoryLimit.addressSpaceInUse
    // What a kernel prints must not come between the messages.
    let output = dup(1)
    dup2(2, 1)
    while let line = readLine(strippingNewline: true) {
      do {
        let request = try JSONDecoder().decode(WorkerRequest.self, from: Data(line.utf8))
        limitMemory(
          to: addressSpace + request.memoryLimit
            + (min(max(request.threads, 1), TuningEntry.maximumThreadCount) - 1) * memoryPerThread
        )
        send(try answer(request, registry: registry, oracle: oracle, output: output), to: output)
      } catch TuningError.noCandidate(_, let reasons) {
        send(.noCandidate(reasons: reasons), to: output)
      } catch {
        send(.failed(reason: "\(error)"), to: output)
      }
    }
    exit(0)
  }

  private static func answer(
    _ request: WorkerRequest, registry: KernelRegistry, oracle: KernelRegistry, output: Int32
  ) throws -> WorkerMessage {
    let problem = try registry.problem(for: ProblemKey(parsing: request.problem))
    let tuner = ProblemTuner(
      registry: registry, oracle: oracle, clock: SystemClock(), options: request.options, isFenced: true)
    let entry = try tuner.tune(
      problem, threads: request.threads, known: try request.known.flatMap { try TuningEntry.reading($0) },
      among: request.chosen.map(Set.init), disqualified: request.disqualified, cancellation: Cancellation()
    ) { event in
      switch event {
      case .trying(let candidate, let position, let count, let best):
        send(.trying(candidate: candidate, position: position, count: count, best: best), to: output)
      case .racing(let candidates): send(.racing(candidates: candidates), to: output)
      case .timing(let position):
        // A tuner that has gone away is noticed by ``endWithTuner()``.
        _ = FileDescriptorWriting.writeAll(WorkerSteps.bytes(of: position), to: WorkerSteps.file)
      case .noisy(let spread, let isRepeated): send(.noisy(spread: spread, isRepeated: isRepeated), to: output)
      case .began, .finished, .known, .note: break
      }
    }
    return .entry(database: try entry.spelled(for: PlatformDatabase(platform: .current())))
  }

  /// Ends this process as soon as the tuner has closed its end of the pipe, even while a candidate hangs.
  private static func endWithTuner() {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { _ in
        // Asks for nothing but the hang-up, which is always told; sleeps until then.
        var request = pollfd(fd: 0, events: 0, revents: 0)
        while poll(&request, 1, -1) <= 0 || request.revents & Int16(POLLHUP | POLLERR | POLLNVAL) == 0 {}
        _exit(0)
      }, nil)
  }

  private static func limitMemory(to bytes: Int) {
    #if canImport(Glibc)
      let (memory, core) = (__rlimit_resource_t(RLIMIT_AS.rawValue), __rlimit_resource_t(RLIMIT_CORE.rawValue))
    #else
      let (memory, core) = (RLIMIT_AS, RLIMIT_CORE)
    #endif
    var limit = rlimit()
    if getrlimit(memory, &limit) == 0 {
      limit.rlim_cur = min(rlim_t(max(bytes, 1 << 28)), limit.rlim_max)
      setrlimit(memory, &limit)
    }
    // A dying worker is of no interest to a debugger, and writing its memory down would take seconds.
    if getrlimit(core, &limit) == 0 {
      limit.rlim_cur = 0
      setrlimit(core, &limit)
    }
  }

  private static func send(_ message: WorkerMessage, to file: Int32) {
    guard let line = try? message.line(), FileDescriptorWriting.writeAll(line, to: file) else {
      // The tuner has gone away.
      _exit(0)
    }
  }
}

/// Whole writes to pipes.
enum FileDescriptorWriting {
  /// Writes all bytes; false when the other end is closed.
  static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
