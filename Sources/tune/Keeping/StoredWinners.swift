import Autotuner
import Luthier
import Presentation

/// A database's winners that are held against this machine again, and what it takes to time them.
struct StoredWinners {
  /// The database's file.
  let file: DatabaseFile
  /// The kernels that run now.
  let registry: KernelRegistry
  /// What Ctrl-C sets.
  let cancellation = Cancellation.onInterrupt()
  private let library: RunningLibrary
  private let entries: [TuningEntry]
  private let timer: CandidateTimer<SystemClock>

  /// What came of timing candidates again.
  enum Retiming {
    /// Each one's time, in the order in which they were given.
    case times([MeasuredTime])
    /// The stored winner cannot be timed, and why.
    case impossible(reason: String)
  }

  /// The winners of a sample of the platform's database.
  ///
  /// - Throws: as ``SampleArguments/entries(of:_:)``.
  init(_ sampling: SampleArguments, in databases: DatabaseArguments, effort: TuningEffort) throws {
    let host = try PlatformFingerprint.current()
    file = try databases.file(of: host)
    registry = try databases.plugins.registry()
    library = RunningLibrary(registry, host: host)
    entries = try sampling.entries(of: file, library)
    timer = CandidateTimer(
      oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(), options: TuningOptions(effort: effort)
    )
  }

  /// What a function says of each winner and its stored time, while progress is shown.
  func rows<Row>(_ row: (TuningEntry, CandidateRecord, MeasuredTime) throws -> Row) rethrows -> [Row] {
    let progress = ProgressLine()
    defer { progress.clear() }
    var rows: [Row] = []
    for (index, entry) in entries.enumerated() {
      progress.update(done: Double(index) / Double(entries.count), "\(entry.key)")
      guard let winner = entry.winner, let stored = winner.time else { continue }
      rows.append(try row(entry, winner, stored))
    }
    return rows
  }

  /// Times a stored winner again, in turn with other candidates of its problem, so that a drift is no difference.
  ///
  /// - Throws: `TuningError`, or what an oracle throws.
  func retime(_ winner: CandidateRecord, beside others: [CandidateRecord] = [], of entry: TuningEntry) throws
    -> Retiming
  {
    if let reason = library.staleness(of: winner, problem: entry.key.problem) {
      return .impossible(reason: "stale: \(reason)")
    }
    do {
      let problem = try registry.problem(for: entry.key.problem)
      let candidates = try ([winner] + others).map {
        try registry.candidate(named: $0.kernel, configuration: $0.configuration, for: problem)
      }
      let times = try timer.time(candidates, threads: entry.key.threads, cancellation: cancellation)
        .compactMap { $0?.time }
      return times.count == candidates.count ? .times(times) : .impossible(reason: "the clock gave no usable time")
    } catch let error as KernelError {
      return .impossible(reason: "\(error)")
    }
  }
}
