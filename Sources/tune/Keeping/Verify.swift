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

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let problem: String
    let kernel: String
    let stored_us: Double
    let now_us: Double?
    let ratio: Double?
    let spread: Double?
    let has_moved: Bool
    /// Why the winner could not be timed again; nil when it was.
    let reason: String?
  }

  func validate() throws {
    guard (0...10).contains(tolerance) else {
      throw ValidationError("--tolerance is \(tolerance); allowed are 0 to 10.")
    }
  }

  func run() throws {
    let winners = try StoredWinners(sampling, in: databases, effort: .normal)
    let rows = try winners.rows { entry, winner, stored in
      var time: MeasuredTime?
      var reason: String?
      switch try winners.retime(winner, of: entry) {
      case .times(let times): time = times.first
      case .impossible(let text): reason = text
      }
      let ratio = time.map { $0.medianNanoseconds / stored.medianNanoseconds }
      let noise = 2 * ((time?.relativeSpread ?? 0) + stored.relativeSpread)
      return Row(
        problem: entry.key.problem.description, kernel: winner.name, stored_us: stored.medianNanoseconds / 1e3,
        now_us: time.map { $0.medianNanoseconds / 1e3 }, ratio: ratio, spread: time?.relativeSpread,
        has_moved: ratio.map { ($0 - 1).magnitude > max(tolerance, noise) } ?? false, reason: reason)
    }
    guard printing.format == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    var table = Table([
      .text("problem"), .text("winner"), .number("stored"), .number("now"), .number("ratio"), .number("±"), .text(""),
    ])
    for row in rows {
      table.add([
        row.problem, row.kernel, Figures.time(nanoseconds: row.stored_us * 1e3),
        row.now_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-", row.ratio.map { Figures.fixed($0, 2) } ?? "-",
        row.spread.map(Figures.percent) ?? "-", row.reason ?? (row.has_moved ? "moved" : ""),
      ])
    }
    print(table.text)
    let timed = rows.count { $0.now_us != nil }
    print(
      "\n\(rows.count { $0.has_moved }) of \(timed) have moved by more than \(Figures.percent(tolerance))"
        + (timed < rows.count ? "; \(rows.count - timed) could not be timed" : ""))
  }
}
