import ArgumentParser
import Luthier
import Presentation

/// `tune explain`: why a layer runs on the kernel that it runs on.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print every candidate of a layer with its time, or why it does not apply.")

  @Argument(help: "A layer's name, a network's layer as NETWORK/LAYER, or a problem's key.")
  var layer: String

  @Option(help: "The number of threads that the layer was tuned for.")
  var threads = 1

  @OptionGroup var databases: DatabaseArguments

  @Option(help: "Print as text or json.")
  var output = OutputFormat.text

  struct Row: Encodable {
    let candidate: String
    let verdict: String
    let reason: String?
    let median_us: Double?
    let spread: Double?
    let slower_by: Double?
    let gflops: Double?
    let error: Double?
    let layouts: String?
  }

  struct Explanation: Encodable {
    let problem: String
    let threads: Int
    let flops: Int
    let memory_access_cost: Int
    let candidates: [Row]
  }

  func run() throws {
    let host = try PlatformFingerprint.current()
    let file = try databases.file(of: host)
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    guard let entry = entry(in: database) else { throw TuneProgramError.unknownLayer(layer) }
    let problem = try KernelRegistry.standard().problem(for: entry.key.problem)
    let best = entry.winner?.time?.medianNanoseconds
    let ranked = entry.ranking()
    let others = entry.candidates.filter { record in !ranked.contains { $0.name == record.name } }
    let rows = (ranked + others).map { record in
      let time = record.time?.medianNanoseconds
      return Row(
        candidate: record.name, verdict: record.verdict.rawValue, reason: record.reason,
        median_us: time.map { $0 / 1e3 }, spread: record.time?.relativeSpread,
        slower_by: time.flatMap { time in best.map { time / $0 - 1 } },
        gflops: time.map { Double(problem.operationCount.flopsWithBias) / $0 }, error: record.maximumError,
        layouts: record.layouts.map { "\($0.inputs.map(\.rawValue).joined(separator: "+")) to \($0.output.rawValue)" })
    }
    let explanation = Explanation(
      problem: entry.key.problem.description, threads: entry.key.threads,
      flops: problem.operationCount.flopsWithBias, memory_access_cost: problem.memoryAccessCost, candidates: rows)
    guard output == .text else {
      print(try JSONOutput.text(explanation))
      return
    }
    print(
      "\(explanation.problem), \(explanation.threads) thread\(explanation.threads == 1 ? "" : "s")\n"
        + "\(explanation.flops) FLOPs, \(explanation.memory_access_cost) elements of memory access\n")
    var table = Table([
      .text("candidate"), .text("verdict"), .number("time"), .number("±"), .number("slower by"), .number("GFLOP/s"),
      .number("error"), .text("layouts or reason"),
    ])
    for row in rows {
      table.add([
        row.candidate, row.verdict, row.median_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-",
        row.spread.map(Figures.percent) ?? "-", row.slower_by.map(Figures.percent) ?? "-",
        row.gflops.map { Figures.fixed($0, 1) } ?? "-", row.error.map { "\(Float($0))" } ?? "-",
        row.reason ?? row.layouts ?? "",
      ])
    }
    print(table.text)
  }

  private func entry(in database: PlatformDatabase) -> TuningEntry? {
    if let key = try? ProblemKey(parsing: layer), let entry = database.entry(problem: key, threads: threads) {
      return entry
    }
    for profile in database.profiles where profile.key.threads == threads {
      for candidate in profile.layers
      where candidate.node == layer || "\(profile.key.network)/\(candidate.node)" == layer {
        if let entry = database.entry(problem: candidate.problem, threads: threads) { return entry }
      }
    }
    return nil
  }
}
