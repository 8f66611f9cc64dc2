import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// `tune verify`: whether stored times still hold.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a sample of the stored winners again and say what has moved.")

  @OptionGroup var sampling: SampleArguments

  @Option(help: "The relative difference beyond which a time has moved.")
  var tolerance = 0.1

  @OptionGroup var databases: DatabaseArguments

  @Option(help: "Print as text or json.")
  var output = OutputFormat.text

  struct Row: Encodable {
    let problem: String
    let kernel: String
    let stored_us: Double
    let now_us: Double
    let ratio: Double
    let spread: Double
    let has_moved: Bool
  }

  func run() throws {
    let file = try databases.file(of: .current())
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    let entries = try sampling.entries(of: database)
    let registry = try databases.plugins.registry()
    let timer = CandidateTimer(
      oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: .normal))
    let progress = ProgressLine()
    let cancellation = Cancellation.onInterrupt()
    var rows: [Row] = []
    for (index, entry) in entries.enumerated() {
      progress.update(done: Double(index) / Double(entries.count), "\(entry.key.problem)")
      guard let winner = entry.winner, let stored = winner.time else { continue }
      let problem = try registry.problem(for: entry.key.problem)
      let candidate = try registry.candidate(
        named: winner.kernel, configuration: winner.configuration, for: problem)
      guard
        let timing = try timer.time([candidate], threads: entry.key.threads, cancellation: cancellation)[0]
      else { continue }
      let ratio = timing.time.medianNanoseconds / stored.medianNanoseconds
      let noise = 2 * (timing.time.relativeSpread + stored.relativeSpread)
      rows.append(
        Row(
          problem: entry.key.problem.description, kernel: winner.name, stored_us: stored.medianNanoseconds / 1e3,
          now_us: timing.time.medianNanoseconds / 1e3, ratio: ratio, spread: timing.time.relativeSpread,
          has_moved: (ratio - 1).magnitude > max(tolerance, noise)))
    }
    progress.clear()
    guard output == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    var table = Table([
      .text("problem"), .text("winner"), .number("stored"), .number("now"), .number("ratio"), .number("±"), .text(""),
    ])
    for row in rows {
      table.add([
        row.problem, row.kernel, Figures.time(nanoseconds: row.stored_us * 1e3),
        Figures.time(nanoseconds: row.now_us * 1e3), Figures.fixed(row.ratio, 2), Figures.percent(row.spread),
        row.has_moved ? "moved" : "",
      ])
    }
    print(table.text)
    print("\n\(rows.count { $0.has_moved }) of \(rows.count) have moved by more than \(Figures.percent(tolerance))")
  }
}
