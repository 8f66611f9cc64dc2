import Luthier
import Presentation

/// A tuned network as a part of a page: its timeline, the paper's scatter of FLOPs against time, and each layer's candidates.
struct NetworkReportPage {
  private let profile: NetworkProfile
  private let layers: [(layer: NetworkProfile.Layer, explanation: LayerExplanation?, time: Double)]
  /// The most candidates that a layer's bars show.
  private static let barCount = 12

  init(
    _ profile: NetworkProfile, database: PlatformDatabase, registry: KernelRegistry, roofline: Roofline
  ) throws {
    self.profile = profile
    let size = MemoryLayout<Float>.stride
    let weights = try profile.layers.reduce(0) { try $0 + registry.problem(for: $1.problem).parameterCount * size }
    var known: [ProblemKey: LayerExplanation] = [:]
    layers = try profile.layers.map { layer in
      guard let entry = database.entry(problem: layer.problem, threads: profile.key.threads) else {
        return (layer, nil, 0)
      }
      let explanation =
        try known[layer.problem]
        ?? LayerExplanation(entry, registry: registry, roofline: roofline, networkWeights: weights)
      known[layer.problem] = explanation
      let record = entry.record(of: layer.kernel, layer.configuration)
      return (layer, explanation, (record ?? entry.winner)?.time?.medianNanoseconds ?? 0)
    }
  }

  var html: String {
    """
    <h2>\(Drawing.escaped(profile.key.network)), \(profile.key.threads) thread\(profile.key.threads == 1 ? "" : "s")</h2>
    \(totals)
    \(timeline)
    \(scatter)
    \(table)
    <h3>Every layer's candidates</h3>
    \(candidates)
    """
  }

  private var totals: String {
    func milliseconds(_ time: MeasuredTime?) -> String {
      time.map { "\(Figures.fixed($0.medianNanoseconds / 1e6, 3)) ms ± \(Figures.percent($0.relativeSpread))" } ?? "-"
    }
    return HTMLPage.table(
      [("choices", false), ("the whole network", true)],
      rows: [
        ["untuned", milliseconds(profile.totals.untuned)],
        ["each layer's own winner", milliseconds(profile.totals.layerWise)],
        ["kept (\(profile.decisions["choice"] ?? "-"))", milliseconds(profile.totals.tuned)],
      ])
  }

  private var timeline: String {
    let total = max(layers.reduce(0) { $0 + $1.time }, 1)
    let blocks = layers.map { entry in
      Timeline.Block(
        title: "\(entry.layer.node): \(name(entry.layer)), \(Figures.time(nanoseconds: entry.time))",
        share: entry.time / total, kind: entry.layer.kernel.family)
    }
    return Timeline(blocks).svg(
      title: "The layers in order, each as wide as its time; \(Figures.fixed(total / 1e6, 3)) ms together")
  }

  private var scatter: String {
    let families = Set(layers.map(\.layer.kernel.family)).sorted()
    var chart = ScatterChart(
      "Equal FLOPs, different times", horizontal: "MFLOP of a layer", vertical: "µs of a layer", kinds: families)
    chart.points = layers.compactMap { entry in
      guard let explanation = entry.explanation, explanation.flops > 0, entry.time > 0 else { return nil }
      return ScatterChart.Point(
        entry.layer.node, kind: families.firstIndex(of: entry.layer.kernel.family) ?? 0,
        x: Double(explanation.flops) / 1e6, y: entry.time / 1e3)
    }
    return Picture.scatter(chart).svg
  }

  private var table: String {
    HTMLPage.table(
      [
        ("layer", false), ("kernel", false), ("time", true), ("GFLOP/s", true), ("of the roofline", true),
        ("runner-up", false), ("would cost", true), ("problem", false),
      ],
      rows: layers.map { entry in
        let explanation = entry.explanation
        return [
          entry.layer.node, name(entry.layer), Figures.time(nanoseconds: entry.time),
          explanation.map { Figures.fixed(Double($0.flops) / max(entry.time, 1), 1) } ?? "-",
          explanation.map { Figures.percent($0.least_us * 1e3 / max(entry.time, 1)) } ?? "-",
          explanation?.runner_up ?? "-",
          explanation?.runner_up_costs_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-",
          entry.layer.problem.description,
        ]
      })
  }

  private var candidates: String {
    var seen: Set<ProblemKey> = []
    return layers.filter { seen.insert($0.layer.problem).inserted }.compactMap { entry in
      guard let explanation = entry.explanation else { return nil }
      let bars = explanation.candidates.compactMap { row -> RankingChart.Bar? in
        guard let time = row.median_us else { return nil }
        return RankingChart.Bar(
          row.candidate, value: time, spread: row.spread ?? 0, kind: KernelIdentifier(row.candidate).family,
          isChosen: row.candidate == name(entry.layer))
      }
      let out = explanation.candidates.filter { $0.median_us == nil }
      let reasons = HTMLPage.table(
        [("candidate", false), ("verdict", false), ("reason", false)],
        rows: out.map { [$0.candidate, $0.verdict, $0.reason ?? ""] })
      let hidden = bars.count > Self.barCount ? "<p class='note'>and \(bars.count - Self.barCount) slower ones</p>" : ""
      return "<details open><summary>\(Drawing.escaped(entry.layer.node)): "
        + "\(Drawing.escaped(explanation.problem))</summary>"
        + RankingChart(Array(bars.prefix(Self.barCount)), unit: "µs").svg + hidden
        + (out.isEmpty ? "" : "<details><summary>\(out.count) out of the race</summary>\(reasons)</details>")
        + "</details>"
    }.joined(separator: "\n")
  }

  private func name(_ layer: NetworkProfile.Layer) -> String {
    layer.configuration.values.isEmpty ? layer.kernel.name : "\(layer.kernel) \(layer.configuration)"
  }
}
