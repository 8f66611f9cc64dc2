import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// `tune audit`: whether the database's choices are still the right ones.
struct Audit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Tune a sample of the problems again: time lost against the best now, winners that flip, times that replay.")

  @OptionGroup var sampling: SampleArguments

  @Option(help: "How thoroughly: quick, normal or thorough.")
  var effort = TuningEffort.quick

  @OptionGroup var limits: WorkerLimits

  @OptionGroup var databases: DatabaseArguments

  @Option(help: "Print as text or json.")
  var output = OutputFormat.text

  struct Row: Encodable {
    let problem: String
    let stored: String
    let now: String
    /// How much longer the stored winner takes than the best now, as a fraction; 0 for the same one.
    let regret: Double
    /// Whether another candidate won that is not tied with the stored winner.
    let flips: Bool
    /// The stored winner's time now over its stored time.
    let replay: Double
  }

  struct Result: Encodable {
    let database: String
    let problems: [Row]
    let median_regret: Double
    let largest_regret: Double
    let flips: Int
    let median_replay: Double
  }

  func run() throws {
    let file = try databases.file(of: .current())
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    let entries = try sampling.entries(of: database)
    let registry = try databases.plugins.registry()
    let options = TuningOptions(effort: effort)
    let tuner = try IsolatedProblemTuner(
      executable: ProgramFile.path, arguments: [Worker._commandName] + databases.plugins.arguments, options: options,
      limits: limits.limits)
    let timer = CandidateTimer(
      oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(), options: options)
    let progress = ProgressLine()
    let cancellation = Cancellation.onInterrupt()
    var rows: [Row] = []
    for (index, entry) in entries.enumerated() {
      progress.update(done: Double(index) / Double(entries.count), "\(entry.key.problem)")
      let problem = try registry.problem(for: entry.key.problem)
      let fresh = try tuner.tune(
        problem, threads: entry.key.threads, known: nil, cancellation: cancellation, report: { _ in })
      guard let old = entry.winner, let best = fresh.winner, let stored = old.time else { continue }
      // In turn, so that a drift between the two tunings is no regret.
      let pair = try [old, best].map {
        try registry.candidate(named: $0.kernel, configuration: $0.configuration, for: problem)
      }
      let timings = try timer.time(pair, threads: entry.key.threads, cancellation: cancellation)
      guard let was = timings[0]?.time.medianNanoseconds, let now = timings[1]?.time.medianNanoseconds else { continue }
      let isTied = fresh.record(of: old.kernel, old.configuration).map { $0.verdict == .tied || $0.verdict == .won }
      rows.append(
        Row(
          problem: entry.key.problem.description, stored: old.name, now: best.name,
          regret: old.name == best.name ? 0 : max(was / now - 1, 0), flips: old.name != best.name && isTied != true,
          replay: was / stored.medianNanoseconds))
    }
    progress.clear()
    let result = Result(
      database: file.path, problems: rows, median_regret: Statistics.median(rows.map(\.regret)) ?? 0,
      largest_regret: rows.map(\.regret).max() ?? 0, flips: rows.count(where: \.flips),
      median_replay: Statistics.median(rows.map(\.replay)) ?? 1)
    guard output == .text else {
      print(try JSONOutput.text(result))
      return
    }
    var table = Table([
      .text("problem"), .text("stored"), .text("best now"), .number("regret"), .number("replay"), .text(""),
    ])
    for row in rows {
      table.add([
        row.problem, row.stored, row.now, Figures.percent(row.regret), Figures.fixed(row.replay, 2),
        row.flips ? "flips" : "",
      ])
    }
    print(table.text)
    print(
      "\nregret: median \(Figures.percent(result.median_regret)), largest \(Figures.percent(result.largest_regret)); "
        + "\(result.flips) of \(rows.count) winners flip; stored times replay at \(Figures.fixed(result.median_replay, 2)) ×"
    )
  }
}
