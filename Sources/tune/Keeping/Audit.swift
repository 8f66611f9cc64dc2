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

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let problem: String
    let stored: String
    let now: String
    /// How much longer the stored winner takes than the best now, as a fraction; 0 for the same one, nil where it cannot run.
    let regret: Double?
    /// Whether another candidate won that is not tied with the stored winner.
    let flips: Bool
    /// The stored winner's time now over its stored time.
    let replay: Double?
    /// Why the stored winner could not be timed again; nil when it was.
    let reason: String?
  }

  struct Result: Encodable {
    let database: String
    let problems: [Row]
    /// Nil where no stored winner could be timed, as are the next two.
    let median_regret: Double?
    let largest_regret: Double?
    let median_replay: Double?
    let flips: Int
  }

  func run() throws {
    let winners = try StoredWinners(sampling, in: databases, effort: effort)
    let tuner = try IsolatedProblemTuner(
      executable: ProgramFile.path,
      arguments: ProgramFile.arguments([Worker._commandName] + databases.plugins.arguments),
      options: TuningOptions(effort: effort), limits: limits.limits)
    let rows = try winners.rows { entry, old, stored in
      let fresh = try tuner.tune(
        winners.registry.problem(for: entry.key.problem), threads: entry.key.threads, known: nil,
        cancellation: winners.cancellation, report: { _ in })
      // Where no time was usable nobody won: then the stored winner is held against itself.
      let best = fresh.winner ?? old
      let isTied = fresh.record(of: old.kernel, old.configuration).map { $0.verdict == .tied || $0.verdict == .won }
      var times: (was: Double, now: Double)?
      var reason: String?
      switch try winners.retime(old, beside: [best], of: entry) {
      case .times(let found): times = (found[0].medianNanoseconds, found[1].medianNanoseconds)
      case .impossible(let text): reason = text
      }
      return Row(
        problem: entry.key.problem.description, stored: old.name, now: best.name,
        regret: times.map { old.name == best.name ? 0 : max($0.was / $0.now - 1, 0) },
        flips: old.name != best.name && isTied != true, replay: times.map { $0.was / stored.medianNanoseconds },
        reason: reason)
    }
    let result = Result(
      database: winners.file.path, problems: rows, median_regret: Statistics.median(rows.compactMap(\.regret)),
      largest_regret: rows.compactMap(\.regret).max(), median_replay: Statistics.median(rows.compactMap(\.replay)),
      flips: rows.count(where: \.flips))
    guard printing.format == .text else {
      print(try JSONOutput.text(result))
      return
    }
    var table = Table([
      .text("problem"), .text("stored"), .text("best now"), .number("regret"), .number("replay"), .text(""),
    ])
    for row in rows {
      table.add([
        row.problem, row.stored, row.now, row.regret.map(Figures.percent) ?? "-",
        row.replay.map { Figures.fixed($0, 2) } ?? "-",
        [row.flips ? "flips" : nil, row.reason].compactMap(\.self).joined(separator: "; "),
      ])
    }
    print(table.text)
    guard let median = result.median_regret, let largest = result.largest_regret, let replay = result.median_replay
    else {
      print("\nno stored winner could be timed again")
      return
    }
    print(
      "\nregret: median \(Figures.percent(median)), largest \(Figures.percent(largest)); "
        + "\(result.flips) of \(rows.count) winners flip; stored times replay at \(Figures.fixed(replay, 2)) ×")
  }
}
