import HostPlatform
public import LayerKernels
public import TuningDatabase

/// Tunes problems in a process of its own, so that a candidate that crashes, hangs, takes all memory or writes where it must not
/// is disqualified with the reason, and tuning goes on.
///
/// The worker says before each step which candidate it is about to run. When it dies or falls silent, that candidate is to
/// blame; a new worker begins again without it.
public final class IsolatedProblemTuner: ProblemTuning {
  /// What a candidate may take.
  public struct Limits: Hashable, Sendable {
    /// Seconds that one step may take: preparing and checking a candidate, or one sample of its time.
    public var secondsPerStep: Double
    /// Bytes of address space that the worker may take beyond what it has when it starts.
    public var memory: Int

    /// Half a minute and 4 GiB unless said otherwise.
    public init(secondsPerStep: Double = 30, memory: Int = 4 << 30) {
      self.secondsPerStep = secondsPerStep
      self.memory = memory
    }
  }

  private let executable: String
  private let arguments: [String]
  private let options: TuningOptions
  private let limits: Limits
  private let platform: PlatformFingerprint
  private var worker: WorkerProcess?

  /// The most candidates of one problem that may cost a worker its life.
  public static let maximumDisqualifications = 200

  /// A tuner whose workers are started from an executable that calls ``TuningWorker/serve(registry:oracle:)`` with the same
  /// kernels.
  ///
  /// - Throws: `InstructionSetError` when the platform cannot be told.
  public init(
    executable: String, arguments: [String], options: TuningOptions, limits: Limits = Limits()
  ) throws {
    self.executable = executable
    self.arguments = arguments
    self.options = options
    self.limits = limits
    platform = try PlatformFingerprint.current()
  }

  /// Tunes a problem in the worker process.
  ///
  /// - Throws: ``TuningError``.
  public func tune(
    _ problem: any LayerProblem, threads: Int, known: TuningEntry?, among chosen: Set<String>?,
    cancellation: Cancellation, report: (TuningEvent) -> Void
  ) throws -> TuningEntry {
    let known = try known?.spelled(for: PlatformDatabase(platform: platform))
    var disqualified: [Disqualification] = []
    while true {
      let request = WorkerRequest(
        problem: problem.key.description, threads: threads, options: options, known: known,
        chosen: chosen?.sorted(), disqualified: disqualified, memoryLimit: limits.memory)
      switch try attempt(request, problem: problem.key, cancellation: cancellation, report: report) {
      case .success(let entry): return entry
      case .failure(let fault):
        worker = nil
        guard disqualified.count < Self.maximumDisqualifications,
          !disqualified.contains(where: { $0.candidate == fault.candidate })
        else { throw TuningError.worker(reason: "\(fault.candidate) \(fault.reason), again") }
        report(.note("\(fault.candidate) is out of the race: \(fault.reason)"))
        disqualified.append(fault)
      }
    }
  }

  /// One worker's go at the problem.
  private func attempt(
    _ request: WorkerRequest, problem: ProblemKey, cancellation: Cancellation, report: (TuningEvent) -> Void
  ) throws -> Result<TuningEntry, Disqualification> {
    let worker = try self.worker ?? WorkerProcess(executable: executable, arguments: arguments)
    self.worker = worker
    guard try worker.send(request) else {
      self.worker = nil
      throw TuningError.worker(reason: "it \(worker.end()) before it was asked")
    }
    let clock = SystemClock()
    var current: String?
    var racing: [String] = []
    // How long the worker has told nothing. Time in which this process, too, stood still, since the machine slept or somebody
    // stopped both, is no fault of the candidate's.
    var silence = 0.0
    var last = clock.now()
    func followSteps() {
      guard let step = worker.lastStep(), racing.indices.contains(step) else { return }
      current = racing[step]
      silence = 0
    }
    // What an earlier problem has left.
    _ = worker.lastStep()
    // What the worker writes to standard error is passed on when it goes on, and is the reason where it does not. That it has gone
    // on is told by a message which was not there yet when the words were: it says nothing of when one was written that was.
    var complaints: [String] = []
    var precedingCount = 0
    func reason(_ end: String) -> String {
      let lines = complaints + worker.complaintLines()
      // Sanitizers say much before and after the line that says it all.
      let line = lines.last { $0.contains("Fatal error") || $0.hasPrefix("SUMMARY: ") } ?? lines.last
      return end + (line.map { ": \($0)" } ?? "")
    }
    while true {
      if cancellation.isCancelled {
        self.worker = nil
        _ = worker.end()
        throw TuningError.interrupted
      }
      let received = worker.receive(milliseconds: 50)
      let now = clock.now()
      silence += min(max(Double(now - last) / 1e9, 0), 0.25)
      last = now
      if case .message = received {
        for line in complaints.prefix(precedingCount) { report(.note(line)) }
        complaints.removeFirst(precedingCount)
        complaints += worker.complaintLines()
        precedingCount = worker.hasMessage ? 0 : complaints.count
      }
      switch received {
      case .message(.trying(let candidate, let position, let count, let best)):
        current = candidate
        report(.trying(candidate: candidate, position: position, count: count, best: best))
        silence = 0
      case .message(.racing(let candidates)):
        racing = candidates
        report(.racing(candidates: candidates))
        silence = 0
      case .message(.noisy(let spread, let isRepeated)):
        report(.noisy(spread: spread, isRepeated: isRepeated))
        silence = 0
      case .message(.entry(let text)):
        for line in complaints { report(.note(line)) }
        guard let entry = try TuningEntry.reading(text) else { throw TuningError.worker(reason: "it answered nothing") }
        return .success(entry)
      case .message(.noCandidate(let reasons)): throw TuningError.noCandidate(problem: problem, reasons: reasons)
      case .message(.failed(let reason)): throw TuningError.worker(reason: reason)
      case .malformed(let line): throw TuningError.worker(reason: "it answered '\(line)'")
      case .closed:
        followSteps()
        worker.waitUntilDead()
        let end = reason(worker.end())
        guard let current else { throw TuningError.worker(reason: "before a candidate ran it \(end)") }
        return .failure(
          Disqualification(candidate: current, reason: "its process \(end)", isTimeout: false))
      case .nothing:
        followSteps()
        // The reference comes before the first candidate and may take its time.
        let allowed = limits.secondsPerStep * (current == nil ? 20 : 1)
        guard silence > allowed else { continue }
        let end = worker.end()
        guard let current else {
          throw TuningError.worker(reason: "loading kernels and running the reference took over \(allowed) s, \(end)")
        }
        return .failure(
          Disqualification(candidate: current, reason: "did not end within \(limits.secondsPerStep) s", isTimeout: true)
        )
      }
    }
  }
}

extension Disqualification: Error {}
