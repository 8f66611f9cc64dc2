import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// `tune benchmark search`: what a search of a tenth of the candidates finds, beside trying all.
///
/// All is what a thorough tuning considers: what every kernel offers and its further configurations. The reference and the
/// decompositions are left out, which are slow to prepare and, as exact kernels, never expected to win: counting them would
/// flatter the search. The cost model knows every problem of the networks but the one that is searched, as a host knows
/// those that it tuned before.
struct SearchQuality: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Compare the cost model's search with trying every candidate.")

  @Option(help: "A network of the catalog or an ONNX file; may be given several times.")
  var network = ["shufflenet_v2_x1_0", "resnet_18"]

  @Option(help: "The part of the candidates that the search tries.")
  var share = 0.05

  @Option(help: "The least number of candidates of a problem that is searched.")
  var atLeast = 8

  @OptionGroup var inputs: InputArguments

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let problem: String
    let candidates: Int
    let tried: Int
    let exhaustive_ms: Double
    let search_ms: Double
    let exhaustive_winner: String
    let search_winner: String
    /// How much longer the search's choice takes, both timed in turn; 0 for the same candidate.
    let slower_by: Double
  }

  struct Result: Encodable {
    let problems: [Row]
    /// The search's measuring time over the exhaustive one's, all problems together.
    let time_share: Double
    let within_3_percent: Int
    let largest: Double
    /// How much longer all layers together take.
    let whole: Double
  }

  func validate() throws {
    guard (0.01...1).contains(share) else { throw ValidationError("--share is \(share); allowed are 0.01 to 1.") }
  }

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let graphs = try network.map { try deployment.graph(of: $0).applying(GraphPass.standard) }
    let allProblems = NetworkTuner<SystemClock>.problems(of: graphs)
    let registry = try KernelRegistry.standard()
    let oracle = registry.filter { $0.family == "reference" }
    var options = TuningOptions(effort: .thorough)
    options.rules.rounds = 15
    options.rules.finalRounds = 0
    let contestants = registry.filter { !["reference", "decomposed"].contains($0.family) }
    let tuner = ProblemTuner(registry: contestants, oracle: oracle, clock: SystemClock(), options: options)
    let timer = CandidateTimer(oracle: oracle, clock: SystemClock(), options: TuningOptions(effort: .normal))
    let progress = ProgressLine()
    let cancellation = Cancellation.onInterrupt()
    var entries: [TuningEntry] = []
    var spans: [Double] = []
    let problems = allProblems.filter { problem in
      contestants.answers(for: problem, threads: 1).reduce(0) { $0 + $1.candidates.count }
        + contestants.furtherCandidates(for: problem, threads: 1).count >= atLeast
    }
    for (index, problem) in problems.enumerated() {
      progress.update(done: 0.8 * Double(index) / Double(problems.count), "every candidate of \(problem.key)")
      let (entry, span) = try measured(problem, tuner, among: nil, cancellation)
      entries.append(entry)
      spans.append(span)
    }
    var rows: [Row] = []
    for (index, problem) in problems.enumerated() {
      var model = CostModel(threads: 1)
      for (other, entry) in entries.enumerated() where other != index { model.learn(entry, of: problems[other]) }
      let ordered = model.order(
        contestants.answers(for: problem, threads: 1),
        further: contestants.furtherCandidates(for: problem, threads: 1))
      guard let best = entries[index].winner else { continue }
      progress.update(done: 0.8 + 0.2 * Double(index) / Double(problems.count), "searching \(problem.key)")
      let tried = ordered.prefix(max(Int((Double(ordered.count) * share).rounded()), 1))
      let (found, span) = try measured(problem, tuner, among: Set(tried.map(\.name)), cancellation)
      guard let winner = found.winner else { continue }
      let pair = try [best, winner].map {
        try registry.candidate(named: $0.kernel, configuration: $0.configuration, for: problem)
      }
      let timings = try timer.time(pair, threads: 1, cancellation: cancellation)
      guard let first = timings[0]?.time.medianNanoseconds, let second = timings[1]?.time.medianNanoseconds else {
        continue
      }
      rows.append(
        Row(
          problem: problem.key.description, candidates: ordered.count,
          tried: found.candidates.count { $0.time != nil }, exhaustive_ms: spans[index] / 1e6, search_ms: span / 1e6,
          exhaustive_winner: best.name, search_winner: winner.name,
          slower_by: best.name == winner.name ? 0 : second / first - 1))
    }
    progress.clear()
    let weights = rows.map { row in
      entries.first { $0.key.problem.description == row.problem }?.winner?.time?.medianNanoseconds ?? 0
    }
    let total = weights.reduce(0, +)
    let result = Result(
      problems: rows,
      time_share: rows.reduce(0) { $0 + $1.search_ms } / max(rows.reduce(0) { $0 + $1.exhaustive_ms }, 1e-9),
      within_3_percent: rows.count { $0.slower_by <= 0.03 }, largest: rows.map(\.slower_by).max() ?? 0,
      whole: zip(rows, weights).reduce(0) { $0 + $1.0.slower_by * $1.1 } / max(total, 1))
    switch printing.format {
    case .json: print(try JSONOutput.text(result))
    case .text: print(text(result))
    }
  }

  /// Tunes a problem and says how long its candidates took to be prepared, checked and raced; the reference, which both ways need
  /// alike, left out.
  private func measured(
    _ problem: any LayerProblem, _ tuner: ProblemTuner<SystemClock>, among chosen: Set<String>?,
    _ cancellation: Cancellation
  ) throws -> (TuningEntry, Double) {
    let clock = SystemClock()
    var start: Int64?
    let entry = try tuner.tune(
      problem, threads: 1, known: nil, among: chosen, cancellation: cancellation
    ) { event in
      if case .trying = event, start == nil { start = clock.now() }
    }
    return (entry, Double(clock.now() - (start ?? clock.now())))
  }

  private func text(_ result: Result) -> String {
    var table = Table([
      .text("problem"), .number("candidates"), .number("tried"), .number("all"), .number("search"),
      .text("winner of all"), .text("winner of the search"), .number("slower by"),
    ])
    for row in result.problems {
      table.add([
        row.problem, "\(row.candidates)", "\(row.tried)", Figures.time(nanoseconds: row.exhaustive_ms * 1e6),
        Figures.time(nanoseconds: row.search_ms * 1e6), row.exhaustive_winner,
        row.search_winner == row.exhaustive_winner ? "the same" : row.search_winner, Figures.percent(row.slower_by),
      ])
    }
    let large = result.problems.count { $0.candidates > 100 }
    return table.text
      + "\n\n\(large) of \(result.problems.count) problems have over 100 candidates; search took \(Figures.percent(result.time_share)) of the time; \(result.within_3_percent) of "
      + "\(result.problems.count) choices are within 3 %, the largest loss is \(Figures.percent(result.largest)), "
      + "all layers together lose \(Figures.percent(result.whole))"
  }
}
