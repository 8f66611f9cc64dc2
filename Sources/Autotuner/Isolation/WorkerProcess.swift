import FoundationEssentials
import HostPlatform
import LayerKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Sends without the signal that would end this process when the other end is closed.
private func sendWithoutSignal(_ socket: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
  #if os(Linux)
    send(socket, start, count, Int32(MSG_NOSIGNAL))
  #else
    send(socket, start, count, 0)
  #endif
}

/// A running worker process and the ways to it and from it.
final class WorkerProcess {
  private let process: pid_t
  private let input: Int32
  private let output: Int32
  private let steps: Int32
  private let errors: Int32
  private var pending: [UInt8] = []
  private var isReaped = false

  /// Starts a worker.
  ///
  /// - Throws: ``TuningError/worker(reason:)`` when the system starts none.
  init(executable: String, arguments: [String]) throws(TuningError) {
    var files: [Int32] = []
    func ends(_ what: String, _ open: (UnsafeMutablePointer<Int32>) -> Int32) throws(TuningError) -> [Int32] {
      var ends: [Int32] = [0, 0]
      guard open(&ends) == 0 else {
        let failure = Self.failure(what)
        files.forEach { close($0) }
        throw failure
      }
      files += ends
      return ends
    }
    // A socket, since writing to one whose reader has died can be told not to kill the writer.
    let toWorker = try ends("socketpair") { ClosedOnExecution.socketPair($0) }
    let fromWorker = try ends("pipe") { ClosedOnExecution.pipe($0) }
    let workerSteps = try ends("pipe") { ClosedOnExecution.pipe($0) }
    let workerErrors = try ends("pipe") { ClosedOnExecution.pipe($0) }
    // A kernel that writes more than anybody reads loses it instead of its time.
    for file in [workerSteps[0]] + workerErrors { _ = fcntl(file, F_SETFL, O_NONBLOCK) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, toWorker[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromWorker[1], 1)
    posix_spawn_file_actions_adddup2(&actions, workerErrors[1], 2)
    posix_spawn_file_actions_adddup2(&actions, workerSteps[1], WorkerSteps.file)
    var pointers: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
    var variables = Self.environment()
    var process = pid_t()
    let error = posix_spawn(&process, executable, &actions, nil, pointers, variables)
    posix_spawn_file_actions_destroy(&actions)
    for pointer in pointers + variables { free(pointer) }
    pointers = []
    variables = []
    close(toWorker[0])
    close(fromWorker[1])
    close(workerSteps[1])
    close(workerErrors[1])
    guard error == 0 else {
      close(toWorker[1])
      close(fromWorker[0])
      close(workerSteps[0])
      close(workerErrors[0])
      throw .worker(reason: "\(executable) does not start: \(String(cString: strerror(error)))")
    }
    self.process = process
    input = toWorker[1]
    output = fromWorker[0]
    steps = workerSteps[0]
    errors = workerErrors[0]
  }

  deinit {
    close(input)
    close(output)
    close(steps)
    close(errors)
    if !isReaped { _ = end() }
  }

  /// This process's variables, and that a crash is to end the worker at once: a backtrace of it would take seconds, and is of
  /// no use to the tuner.
  private static func environment() -> [UnsafeMutablePointer<CChar>?] {
    var variables: [UnsafeMutablePointer<CChar>?] = []
    var next = environ
    while let variable = next.pointee {
      if strncmp(variable, "SWIFT_BACKTRACE=", 16) != 0 { variables.append(strdup(variable)) }
      next += 1
    }
    return variables + [strdup("SWIFT_BACKTRACE=enable=no"), nil]
  }

  private static func failure(_ what: String) -> TuningError {
    .worker(reason: "\(what): \(String(cString: strerror(errno)))")
  }

  /// Sends a request; false when the worker has gone away.
  func send(_ request: WorkerRequest) throws -> Bool {
    var rest = (Array(try JSONEncoder().encode(request)) + [0x0a])[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { sendWithoutSignal(input, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// What came of waiting for a message.
  enum Received {
    case message(WorkerMessage)
    /// The worker has closed its end: it is dying or dead.
    case closed
    /// Nothing came in time.
    case nothing
    /// A line that is no message.
    case malformed(String)
  }

  /// Waits for the next message.
  func receive(milliseconds: Int) -> Received {
    while true {
      if let end = pending.firstIndex(of: 0x0a) {
        let line = Array(pending[..<end])
        pending.removeSubrange(...end)
        guard let message = try? JSONDecoder().decode(WorkerMessage.self, from: Data(line)) else {
          return .malformed(String(decoding: line.prefix(80), as: UTF8.self))
        }
        return .message(message)
      }
      var request = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, Int32(clamping: milliseconds))
      if ready < 0, errno == EINTR { return .nothing }
      guard ready > 0 else { return .nothing }
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = read(output, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return .closed }
      pending += buffer[..<count]
    }
  }

  /// Whether something waits to be received; also the end of what the worker says.
  var hasMessage: Bool {
    var request = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    return !pending.isEmpty || poll(&request, 1, 0) != 0
  }

  /// The last step that the worker has told since this was asked before; nil when it told none.
  func lastStep() -> Int? { WorkerSteps.last(in: Self.readAll(steps)) }

  /// The lines that the worker has written to standard error since this was asked before, such as what a runtime says of its end.
  func complaintLines() -> [String] {
    Self.readAll(errors).split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self).asSingleLine }
  }

  /// What is in a pipe; of one that is filled as fast as it is read, the first MiB.
  private static func readAll(_ file: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < 1 << 20 {
      let count = read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// Ends the worker if it still runs.
  ///
  /// - Returns: how it ended, in words: `ended by signal 11 (Segmentation fault) with at most 31 MiB in use`.
  func end() -> String {
    guard !isReaped else { return "has ended" }
    // A worker that has died by itself keeps its own status.
    kill(process, SIGKILL)
    var status: Int32 = 0
    var usage = rusage()
    while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
    isReaped = true
    let memory = "with at most \(usage.ru_maxrss / 1024) MiB in use"
    let number = status & 0x7f
    if number != 0 { return "ended by signal \(number) (\(String(cString: strsignal(number)))) \(memory)" }
    return "ended with status \((status >> 8) & 0xff) \(memory)"
  }

  /// Waits a moment for a worker that has closed its end to be dead, so that its own status is told and not ours.
  func waitUntilDead() {
    for _ in 0..<200 {
      var info = siginfo_t()
      if waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0, info.si_signo != 0 { return }
      usleep(10_000)
    }
  }
}
