import Autotuner
import Luthier
import Presentation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One run of the tuner: the database that it reads and writes, and the progress that it shows.
struct TuningSession {
  let file: DatabaseFile
  private let host: PlatformFingerprint
  private let registry: KernelRegistry
  private let options: TuningOptions
  private let cancellation: Cancellation

  init(
    host: PlatformFingerprint, file: DatabaseFile, effort: TuningEffort, maximumError: Double,
    cancellation: Cancellation
  ) throws {
    self.host = host
    self.file = file
    self.cancellation = cancellation
    registry = try KernelRegistry.standard()
    var options = TuningOptions(effort: effort, maximumError: maximumError)
    options.conditions = Self.conditions()
    self.options = options
  }

  /// Tunes the networks for a thread count and writes what came of it.
  func tune(_ graphs: [Graph], threads: Int) throws -> [NetworkReport] {
    // Recovers what an interrupted run has left in the journal, and finds out early that the folder cannot be written.
    let stored = try file.update(platform: host) { _ in }.database
    let library = RunningLibrary(registry, host: host)
    let progress = ProgressLine()
    let tuner = NetworkTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(), options: options)
    var finished = 0.0
    let entries = try tuner.tuneProblems(
      of: graphs, threads: threads,
      known: { key in stored.entry(key).map { library.removingStale($0) } },
      keep: { entry in
        var results = PlatformDatabase(platform: host)
        results.record(entry)
        try file.journal(results)
      },
      cancellation: cancellation,
      report: { event in Self.show(event, on: progress, finished: &finished) })
    var outcomes: [(Graph, NetworkTuner<SystemClock>.Outcome)] = []
    for graph in graphs {
      progress.update(done: finished, "\(graph.name): choosing for the whole network")
      outcomes.append(
        (graph, try tuner.choose(for: graph, threads: threads, entries: entries, cancellation: cancellation)))
    }
    progress.clear()
    let profiles = outcomes.map(\.1.profile)
    try file.update(platform: host) { database in
      for entry in entries.values { database.record(entry) }
      for profile in profiles { database.record(profile) }
    }
    return outcomes.map { NetworkReport($0, $1, threads: threads) }
  }

  private static func show(_ event: TuningEvent, on progress: ProgressLine, finished: inout Double) {
    switch event {
    case .began(let problem, _, let index, let count):
      finished = Double(index) / Double(max(count, 1))
      progress.update(done: finished, "\(problem)")
    case .trying(let candidate, let position, let count, let best):
      let best = best.map { ", best \(Figures.time(nanoseconds: $0))" } ?? ""
      progress.update(done: finished, "\(candidate) (\(position + 1) of \(count)\(best))")
    case .finished(_, let index, let count), .known(_, let index, let count):
      finished = Double(index + 1) / Double(max(count, 1))
    case .note(let text): progress.note(text)
    }
  }

  /// What surrounds the measurement, for the record.
  private static func conditions() -> [String: String] {
    let now = HostConditions.current
    var facts = [
      "affinity": now.affinity.cores.map(String.init).joined(separator: ","), "denormals": "flushed",
      "caches": "activations hot, weights cold", "clock": "monotonic",
    ]
    if let load = now.loadAverages?.first { facts["load"] = Figures.fixed(load, 2) }
    if let governor = now.governor { facts["governor"] = governor }
    facts["wait-policy"] = now.blocktime.map { "blocktime \($0) ms" } ?? "by environment"
    return facts
  }
}

extension Cancellation {
  /// What Ctrl-C and a polite kill set; a second Ctrl-C ends the process at once.
  static func onInterrupt() -> Cancellation {
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { number in
        if interruption.isCancelled { _exit(130) }
        interruption.cancel()
        signal(number, SIG_DFL)
      }
    }
    return interruption
  }
}

private let interruption = Cancellation()

extension TuningError: ExitStatusProviding {
  /// Being asked to stop is nobody's fault; that no kernel is right is ours.
  public var exitStatus: ExitStatus {
    switch self {
    case .interrupted: .interrupted
    case .noCandidate: .internalError
    }
  }
}
