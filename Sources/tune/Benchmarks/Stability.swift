import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// `tune benchmark stability`: how many choices differ between tunings of one network on one host.
struct Stability: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tune a network several times from nothing and count the choices that differ.",
    discussion: "Each tuning has a worker process of its own, as each run of 'tune' has.")

  @Option(help: "A network of the catalog or an ONNX file.")
  var network = "shufflenet_v2_x1_0"

  @OptionGroup var inputs: InputArguments

  @Option(help: "How many tunings.")
  var runs = 10

  @Option(help: "How thoroughly: quick, normal or thorough.")
  var effort = TuningEffort.normal

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let problem: String
    /// Each winner and how often it won.
    let winners: [String: Int]
    /// How much slower the slowest of the winners is than the fastest, by their medians over all runs.
    let spread: Double
  }

  struct Result: Encodable {
    let network: String
    let runs: Int
    let problems: Int
    let unanimous: Int
    let differing: [Row]
    /// How many of all choices are not the most frequent one of their problem.
    let minority_choices: Int
    let decisions: [String: Int]
    /// The layers of all profiles together, and how many of them run another candidate than the layer's usual one: what a
    /// deployment would notice.
    let profile_layers: Int
    let minority_profile_layers: Int
  }

  func validate() throws {
    guard (2...1000).contains(runs) else { throw ValidationError("--runs is \(runs); allowed are 2 to 1000.") }
  }

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let graph = try deployment.graph(of: network).applying(GraphPass.standard)
    let registry = try KernelRegistry.standard()
    let oracle = registry.filter { $0.family == "reference" }
    let options = TuningOptions(effort: effort)
    let cancellation = Cancellation.onInterrupt()
    let progress = ProgressLine()
    var winners: [ProblemKey: [String: Int]] = [:]
    var times: [ProblemKey: [String: [Double]]] = [:]
    var decisions: [String: Int] = [:]
    var kept: [String: [String: Int]] = [:]
    for run in 0..<runs {
      progress.update(done: Double(run) / Double(runs), "tuning \(run + 1) of \(runs)")
      let tuner = NetworkTuner(
        registry: registry, oracle: oracle, clock: SystemClock(), options: options,
        problemTuner: try IsolatedProblemTuner(
          executable: ProgramFile.path, arguments: ProgramFile.arguments([Worker._commandName]), options: options))
      let entries = try tuner.tuneProblems(
        of: [graph], threads: 1, known: { _ in nil }, keep: { _ in }, cancellation: cancellation, report: { _ in })
      for (problem, entry) in entries {
        if let winner = entry.winner { winners[problem, default: [:]][winner.name, default: 0] += 1 }
        for record in entry.candidates {
          guard let time = record.time?.medianNanoseconds else { continue }
          times[problem, default: [:]][record.name, default: []].append(time)
        }
      }
      let outcome = try tuner.choose(for: graph, threads: 1, entries: entries, cancellation: cancellation)
      decisions[outcome.decision.rawValue, default: 0] += 1
      for layer in outcome.profile.layers {
        kept[layer.node, default: [:]]["\(layer.kernel) \(layer.configuration)", default: 0] += 1
      }
    }
    progress.clear()
    let differing = winners.filter { $0.value.count > 1 }.sorted { $0.key.description < $1.key.description }
    let result = Result(
      network: graph.name, runs: runs, problems: winners.count, unanimous: winners.count { $0.value.count == 1 },
      differing: differing.map { problem, counts in
        let medians = counts.keys.compactMap { name in times[problem]?[name].flatMap { Statistics.median($0) } }
        return Row(
          problem: problem.description, winners: counts,
          spread: (medians.max() ?? 1) / max(medians.min() ?? 1, 1e-9) - 1)
      },
      minority_choices: Self.minority(winners.values), decisions: decisions, profile_layers: kept.count * runs,
      minority_profile_layers: Self.minority(kept.values))
    guard printing.format == .text else {
      print(try JSONOutput.text(result))
      return
    }
    var table = Table([.text("problem"), .text("winners"), .number("apart by")])
    for row in result.differing {
      let counts = row.winners.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      table.add([
        row.problem, counts.map { "\($0.value) × \($0.key)" }.joined(separator: "; "), Figures.percent(row.spread),
      ])
    }
    if !result.differing.isEmpty { print(table.text + "\n") }
    print(
      "\(result.network), \(runs) tunings: \(result.unanimous) of \(result.problems) problems always chose alike; "
        + "\(result.minority_choices) of \(result.problems * runs) choices differ from their problem's usual one; "
        + "\(result.minority_profile_layers) of \(result.profile_layers) layers of the kept profiles do; "
        + "decisions: \(result.decisions.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", "))"
    )
  }

  /// How many of all counted choices are not their place's usual one.
  private static func minority(_ counts: some Sequence<[String: Int]>) -> Int {
    counts.reduce(0) { $0 + $1.values.reduce(0, +) - ($1.values.max() ?? 0) }
  }
}
