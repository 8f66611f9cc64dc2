import Autotuner
import Luthier
import Presentation

/// One run of the tuner: the database that it reads and writes, and the progress that it shows.
struct TuningSession {
  let file: DatabaseFile
  private let host: PlatformFingerprint
  private let registry: KernelRegistry
  private let options: TuningOptions
  private let cancellation: Cancellation
  private let limits: IsolatedProblemTuner.Limits
  private let plugins: PluginArguments

  init(
    host: PlatformFingerprint, file: DatabaseFile, plugins: PluginArguments, effort: TuningEffort, maximumError: Double,
    limits: IsolatedProblemTuner.Limits, cancellation: @autoclosure () -> Cancellation
  ) throws {
    self.host = host
    self.file = file
    self.limits = limits
    self.plugins = plugins
    registry = try plugins.registry()
    // After the plugins: a library that never returns asks for no cancellation, so until then a signal ends the process.
    self.cancellation = cancellation()
    var options = TuningOptions(effort: effort, maximumError: maximumError)
    options.conditions = Self.conditions()
    self.options = options
  }

  /// Tunes the networks for a thread count and writes what came of it.
  func tune(_ graphs: [Graph], threads: Int) throws -> [NetworkReport] {
    let progress = ProgressLine()
    var finished = 0.0
    let (tuner, entries, stored) = try tuneProblems(
      NetworkTuner<SystemClock>.problems(of: graphs), threads: threads, progress: progress, finished: &finished)
    // Layers that gain nothing from more threads run on one.
    let single =
      threads > 1
      ? try tuneProblems(
        NetworkTuner<SystemClock>.problems(of: graphs), threads: 1, progress: progress, finished: &finished
      ).entries : [:]
    var outcomes: [(Graph, NetworkTuner<SystemClock>.Outcome)] = []
    let library = RunningLibrary(registry, host: host)
    for graph in graphs {
      let key = graph.profileKey(threads: threads, allowedError: options.maximumError)
      if let profile = stored.profile(key), library.staleness(of: profile).isEmpty,
        let outcome = tuner.recall(profile, for: graph, entries: entries, single: single)
      {
        outcomes.append((graph, outcome))
        continue
      }
      progress.update(done: finished, "\(graph.name): choosing for the whole network")
      outcomes.append(
        (
          graph,
          try tuner.choose(
            for: graph, threads: threads, entries: entries, single: single, cancellation: cancellation)
        ))
    }
    progress.clear()
    let changed = outcomes.map(\.1).filter { !$0.isStored }
    if !changed.isEmpty {
      try write(
        Array(entries.values) + single.values + changed.flatMap(\.weightsEntries), changed.map(\.profile))
    }
    let conversions = ConversionTimer(
      registry: registry, clock: SystemClock(), threads: threads, choosers: [EntryChooser(entries: entries)])
    return try outcomes.map { graph, outcome in
      try NetworkReport(graph, outcome, threads: threads) { key, home, away in
        let time = try conversions.time(of: registry.problem(for: key), from: home, to: away)
        return time.isFinite ? time : nil
      }
    }
  }

  /// Tunes problems by themselves and writes what came of them.
  func tune(_ misses: [MissesFile.Miss]) throws -> [TuningEntry] {
    let progress = ProgressLine()
    var entries: [TuningEntry] = []
    for threads in Set(misses.map(\.threads)).sorted() {
      var finished = 0.0
      let problems = try misses.filter { $0.threads == threads }.map { try registry.problem(for: $0.problem) }
      let found = try tuneProblems(problems, threads: threads, progress: progress, finished: &finished).entries
      entries += problems.compactMap { found[$0.key] }
    }
    progress.clear()
    try write(entries, [])
    return entries
  }

  private func write(_ entries: some Sequence<TuningEntry>, _ profiles: [NetworkProfile]) throws {
    let library = RunningLibrary(registry, host: host)
    _ = try file.update(platform: host) { database in
      for entry in entries {
        database.removeRefused(of: entry.key, by: library)
        database.record(entry)
      }
      for profile in profiles { database.record(profile) }
    }
  }

  private func tuneProblems(
    _ problems: [any LayerProblem], threads: Int, progress: ProgressLine, finished: inout Double
  ) throws -> (tuner: NetworkTuner<SystemClock>, entries: [ProblemKey: TuningEntry], stored: PlatformDatabase) {
    // Recovers what an interrupted run has left in the journal, and finds out early that the folder cannot be written.
    let stored = try file.update(platform: host) { _ in }.database
    let library = RunningLibrary(registry, host: host)
    let tuner = NetworkTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(), options: options,
      problemTuner: try IsolatedProblemTuner(
        executable: ProgramFile.path, arguments: ProgramFile.arguments([Worker._commandName] + plugins.arguments),
        options: options,
        limits: limits))
    var done = finished
    let entries = try tuner.tune(
      problems, threads: threads,
      known: { key in stored.entry(key).map { library.removingStale($0) } },
      keep: { entry in
        var results = PlatformDatabase(platform: host)
        results.record(entry)
        try file.journal(results)
      },
      cancellation: cancellation,
      report: { event in Self.show(event, on: progress, finished: &done) })
    finished = done
    return (tuner, entries, stored)
  }

  private static func show(_ event: TuningEvent, on progress: ProgressLine, finished: inout Double) {
    switch event {
    case .began(let problem, let threads, let index, let count):
      finished = Double(index) / Double(max(count, 1))
      progress.update(done: finished, "\(TuningEntry.Key(problem: problem, threads: threads))")
    case .trying(let candidate, let position, let count, let best):
      let best = best.map { ", best \(Figures.time(nanoseconds: $0))" } ?? ""
      progress.update(done: finished, "\(candidate) (\(position + 1) of \(count)\(best))")
    case .finished(_, let index, let count), .known(_, let index, let count):
      finished = Double(index + 1) / Double(max(count, 1))
    case .racing, .timing: break
    case .noisy(let spread, let isRepeated):
      progress.note(
        "this host is noisy: spread \(Figures.percent(spread)); "
          + (isRepeated ? "the decision is repeated" : "the decision is marked uncertain"))
    case .note(let text): progress.note(text)
    }
  }

  /// What surrounds the measurement, for the record.
  private static func conditions() -> [String: String] {
    let now = HostConditions.current
    var facts = [
      "affinity": now.affinity.cores.map(String.init).joined(separator: ","), "denormals": "flushed",
      "caches": "activations hot, weights cold", "clock": "monotonic", "pinning": "each thread to a core of its own",
    ]
    if let load = now.loadAverages?.first { facts["load"] = Figures.fixed(load, 2) }
    if let governor = now.governor { facts["governor"] = governor }
    facts["wait-policy"] = now.blocktime.map { "blocktime \($0) ms" } ?? "by environment"
    return facts
  }
}
