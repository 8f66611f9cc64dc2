import ArgumentParser
import Luthier
import Presentation

/// `tune show`: what a database holds.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print what this platform's database holds.")

  @OptionGroup var databases: DatabaseArguments

  @Flag(help: "Only entries that no longer hold, and why.")
  var stale = false

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let problem: String
    let threads: Int
    /// The digest of the weights for which approximate candidates' errors are known; nil for what holds for any weights.
    let weights: String?
    let winner: String?
    let median_us: Double?
    let spread: Double?
    let candidates: Int
    let effort: String?
    let stale: [String]
  }

  func run() throws {
    let host = try PlatformFingerprint.current()
    let file = try databases.file(of: host)
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    let library = RunningLibrary(try databases.plugins.registry(), host: host)
    let rows = database.entries.compactMap { entry -> Row? in
      let reasons = library.staleness(of: entry).map(\.description)
      if stale && reasons.isEmpty { return nil }
      return Row(
        problem: entry.key.problem.description, threads: entry.key.threads, weights: entry.key.weights,
        winner: entry.winner?.name,
        median_us: entry.winner?.time.map { $0.medianNanoseconds / 1e3 }, spread: entry.winner?.time?.relativeSpread,
        candidates: entry.candidates.count, effort: entry.search?.effort.rawValue, stale: reasons)
    }
    guard printing.format == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    print(
      "\(file.path): \(database.platform.name), \(database.entries.count) problems, \(database.profiles.count) profiles\n"
    )
    if stale, rows.isEmpty { print("no problem's result is stale") }
    var table = Table([
      .text("problem"), .number("threads"), .text("winner"), .number("time"), .number("±"), .number("tried"),
      .text("effort"), .text("stale"),
    ])
    for row in rows {
      table.add([
        row.problem, "\(row.threads)", row.winner ?? row.weights.map { "(approximate, on weights \($0))" } ?? "-",
        row.median_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-", row.spread.map(Figures.percent) ?? "-",
        "\(row.candidates)", row.effort ?? "-", row.stale.first ?? "",
      ])
    }
    if !rows.isEmpty { print(table.text) }
    for profile in database.profiles {
      let reasons = library.staleness(of: profile).map(\.description)
      if stale && reasons.isEmpty { continue }
      let time = profile.totals.tuned.map { Figures.time(nanoseconds: $0.medianNanoseconds) } ?? "not measured"
      let error = profile.maximumError.map { ", error \(Float($0))" } ?? ""
      print(
        "\nprofile \(profile.key): \(profile.layers.count) layers, \(time)\(error)"
          + (reasons.isEmpty ? "" : "; stale: \(reasons.joined(separator: "; "))"))
    }
  }
}
