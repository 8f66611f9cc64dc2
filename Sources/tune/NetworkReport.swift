import Autotuner
import Luthier
import Presentation

/// What tuning a network gave: layer by layer the winner and the runner-up, then the network before and after.
struct NetworkReport: Encodable {
  struct Layer: Encodable {
    let layer: String
    let problem: String
    let kernel: String
    let median_us: Double?
    let spread: Double?
    let runner_up: String?
    let runner_up_slower_by: Double?
    /// Whether it and the chosen one cannot be told apart, so that a fixed order decides.
    let runner_up_is_tied: Bool
    /// What it would cost to bring the chosen kernel's layouts into the runner-up's and back, where that is faster alone.
    let runner_up_conversion_us: Double?
    let candidates: Int

    /// Layers of one problem on one kernel are one row of the table.
    var row: [String] { [problem, kernel] }
  }

  struct Spending: Encodable {
    let layer: String
    let kernel: String
    /// What the layer alone changes at the output; nil for a stored choice.
    let error: Double?
    let saves_us: Double
  }

  let network: String
  let threads: Int
  let layers: [Layer]
  let untuned_ms: Double?
  let layer_wise_ms: Double?
  let tuned_ms: Double?
  /// The spread of the kept network's time, relative to its median.
  let tuned_spread: Double?
  /// What the layers add up to; nil when nothing was timed.
  let predicted_ms: Double?
  let decision: String
  /// What the profile errs at the network's output, relative to its largest value; nil for exact choices.
  let error: Double?
  /// What it was allowed to err; nil where only exact kernels competed.
  let allowed_error: Double?
  /// The layers that the error is spent on.
  let spending: [Spending]
  let noisy_layers: Int
  /// When it was tuned, if everything was in the database and nothing was timed now.
  let stored_since: String?

  /// A report of an outcome.
  ///
  /// - Parameter conversion: the nanoseconds of bringing a problem's operands from one set of layouts into another and back; nil
  ///   where no kernel converts.
  init(
    _ graph: Graph, _ outcome: NetworkTuner<SystemClock>.Outcome, threads: Int,
    conversion: (ProblemKey, OperandLayouts, OperandLayouts) throws -> Double?
  ) rethrows {
    network = graph.name
    self.threads = threads
    let chosen = Dictionary(outcome.profile.layers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
    var known: [[String]: Double?] = [:]
    layers = try outcome.layers.map { node, entry in
      let layer = chosen[node]
      let record = layer.flatMap { entry.record(of: $0.kernel, $0.configuration) }
      let runnerUp = entry.ranking().first { $0.kernel != record?.kernel || $0.configuration != record?.configuration }
      let time = record?.time?.medianNanoseconds
      let slower = runnerUp?.time.flatMap { other in time.map { other.medianNanoseconds / $0 - 1 } }
      var cost: Double?
      if let slower, slower < 0, let home = record?.layouts, let away = runnerUp?.layouts, home != away {
        // Many layers are of one problem, and each of its conversions is timed once.
        let names = [entry.key.problem.description, record?.name ?? ""]
        let time = try known[names] ?? conversion(entry.key.problem, home, away)
        known[names] = .some(time)
        cost = time
      }
      return Layer(
        layer: node, problem: entry.key.problem.description, kernel: record?.name ?? layer?.kernel.name ?? "-",
        median_us: time.map { $0 / 1e3 }, spread: record?.time?.relativeSpread, runner_up: runnerUp?.name,
        runner_up_slower_by: slower,
        runner_up_is_tied: [record, runnerUp].allSatisfy { $0?.verdict == .won || $0?.verdict == .tied },
        runner_up_conversion_us: cost.map { $0 / 1e3 },
        candidates: entry.candidates.filter { $0.time != nil }.count)
    }
    let totals = outcome.profile.totals
    untuned_ms = totals.untuned.map { $0.medianNanoseconds / 1e6 }
    layer_wise_ms = totals.layerWise.map { $0.medianNanoseconds / 1e6 }
    tuned_ms = totals.tuned.map { $0.medianNanoseconds / 1e6 }
    tuned_spread = totals.tuned?.relativeSpread
    predicted_ms = outcome.predictedTime.map { $0 / 1e6 }
    stored_since = outcome.isStored ? outcome.profile.tuned.description : nil
    decision = outcome.decision.rawValue
    error = outcome.profile.maximumError
    allowed_error = outcome.profile.key.allowedError > 0 ? outcome.profile.key.allowedError : nil
    spending = outcome.spending.map {
      Spending(layer: $0.node, kernel: $0.candidate, error: $0.error, saves_us: $0.saving / 1e3)
    }
    noisy_layers = outcome.layers.filter { $0.entry.search?.isUncertain == true }.count
  }

  var text: String {
    func milliseconds(_ time: Double?) -> String { time.map { "\(Figures.fixed($0, 3)) ms" } ?? "not measured" }
    var lines = ["\(network), \(threads) \(threads == 1 ? "thread" : "threads")", "", table, ""]
    lines.append("untuned     \(milliseconds(untuned_ms))")
    lines.append("layer-wise  \(milliseconds(layer_wise_ms))")
    let origin =
      predicted_ms.map { "layers add up to \(Figures.fixed($0, 3)) ms" }
      ?? stored_since.map { "as stored at \($0): nothing has changed" } ?? "as stored"
    lines.append("tuned       \(milliseconds(tuned_ms))  (\(decision); \(origin))")
    lines += errorLines
    if let tuned_spread, tuned_spread > TuningOptions(effort: .normal).noiseLimit {
      lines.append(
        "this host is noisy: the network's time is spread by \(Figures.percent(tuned_spread)), so the choice between them is "
          + "uncertain")
    }
    if noisy_layers > 0 {
      lines.append(
        "this host is noisy: \(noisy_layers) of \(layers.count) layers were decided within a spread above 10 %")
    }
    return lines.joined(separator: "\n")
  }

  /// A row for each problem on each kernel, named after its first layer, with how many layers it serves.
  private var table: String {
    var table = Table([
      .text("first layer"), .number("layers"), .text("runs on"), .number("time"), .number("±"), .text("best other"),
      .text("which is"),
    ])
    let counts = Dictionary(grouping: layers, by: \.row).mapValues(\.count)
    var shown: Set<[String]> = []
    for layer in layers where shown.insert(layer.row).inserted {
      table.add([
        layer.layer, "\(counts[layer.row] ?? 1)", layer.kernel,
        layer.median_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-", layer.spread.map(Figures.percent) ?? "-",
        layer.runner_up ?? "-", against(layer),
      ])
    }
    return table.text
  }

  /// What stands against a layer's best other candidate: its time, or where that is less, why the network runs on another.
  private func against(_ layer: Layer) -> String {
    guard let slower = layer.runner_up_slower_by else { return "-" }
    guard slower < 0 else { return "\(Figures.percent(slower)) slower" }
    let faster = "\(Figures.percent(-slower)) faster"
    if layer.runner_up_is_tied { return "\(faster): a tie" }
    if let cost = layer.runner_up_conversion_us {
      return "\(faster), but for conversions of \(Figures.time(nanoseconds: cost * 1e3))"
    }
    return decision == NetworkTuner<SystemClock>.Decision.untuned.rawValue
      ? "\(faster), but the whole network is faster untuned" : "\(faster) by itself, but not in this network"
  }

  /// What was allowed to be wrong, what is, and what that is spent on.
  private var errorLines: [String] {
    guard let allowed_error else { return [] }
    guard let error else {
      return [
        "error       nothing of the \(Float(allowed_error)) allowed is spent: approximate kernels make the network no faster"
      ]
    }
    let parts = spending.map { part in
      "            \(part.layer): \(part.kernel), saves \(Figures.time(nanoseconds: part.saves_us * 1e3))"
        + (part.error.map { ", alone \(Float($0))" } ?? "")
    }
    return [
      "error       \(Float(error)) at the network's output, of \(Float(allowed_error)) allowed, for \(spending.count) "
        + "approximate \(spending.count == 1 ? "layer" : "layers"):"
    ] + parts
  }
}
