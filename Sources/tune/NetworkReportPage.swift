import Luthier
import Presentation

/// A tuned network as a part of a page: its timeline, each layer's candidates, the paper's scatter of FLOPs against time, and
/// tables.
struct NetworkReportPage {
  private struct Layer {
    let layer: NetworkProfile.Layer
    let explanation: LayerExplanation?
    /// Nanoseconds of the kernel that runs.
    let time: Double
  }

  private let profile: NetworkProfile
  private let layers: [Layer]
  private let palette: Palette
  private let kernels: [String]
  private let roofline: Roofline
  /// Where each problem's candidates stand on the page.
  private let anchors: [ProblemKey: String]
  /// The most candidates that a problem's bars show.
  private static let barCount = 12
  /// How many problems' candidates are unfolded, those that take most of the time.
  private static let unfoldedCount = 6

  /// A part of a page.
  ///
  /// - Parameter number: tells the networks of one page apart.
  init(
    _ profile: NetworkProfile, number: Int, database: PlatformDatabase, registry: KernelRegistry, roofline: Roofline
  ) throws {
    self.profile = profile
    self.roofline = roofline
    let size = MemoryLayout<Float>.stride
    let weights = try profile.layers.reduce(0) { try $0 + registry.problem(for: $1.problem).parameterCount * size }
    var known: [ProblemKey: LayerExplanation] = [:]
    var anchors: [ProblemKey: String] = [:]
    let layers = try profile.layers.map { layer in
      if anchors[layer.problem] == nil { anchors[layer.problem] = "n\(number)-\(anchors.count)" }
      guard let entry = database.entry(problem: layer.problem, threads: profile.key.threads) else {
        return Layer(layer: layer, explanation: nil, time: 0)
      }
      let explanation =
        try known[layer.problem]
        ?? LayerExplanation(entry, registry: registry, roofline: roofline, networkWeights: weights)
      known[layer.problem] = explanation
      let record = entry.record(of: layer.kernel, layer.configuration)
      return Layer(
        layer: layer, explanation: explanation, time: (record ?? entry.winner)?.time?.medianNanoseconds ?? 0)
    }
    var times: [String: Double] = [:]
    for layer in layers { times[layer.layer.kernel.name, default: 0] += layer.time }
    kernels = times.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    palette = Palette(kinds: kernels)
    self.layers = layers
    self.anchors = anchors
  }

  var html: String {
    """
    <section><h2>\(Drawing.escaped("\(profile.key)"))</h2>
    \(totals)
    <p class='note'>\(Drawing.escaped(summary))</p>
    \(timeline)
    \(candidateChart)
    <p class='note'>A bar is the kernel that runs, a dot a candidate that was timed, a line the least time by the roofline:
    \(Drawing.escaped(rooflineText)).</p>
    \(scatter)
    <h3>Layers</h3>
    \(table)
    <h3>Every problem's candidates</h3>
    \(candidates)
    </section>
    """
  }

  private var total: Double { max(layers.reduce(0) { $0 + $1.time }, 1) }

  private var rooflineText: String {
    let slopes = [("L2", roofline.bandwidth.l2), ("L3", roofline.bandwidth.l3), ("memory", roofline.bandwidth.memory)]
    return "\(Figures.fixed(roofline.peak, 0)) GFLOP/s; "
      + slopes.compactMap { name, speed in speed.map { "\(name) \(Figures.fixed($0, 0)) GB/s" } }.joined(
        separator: ", ")
  }

  private var summary: String {
    let explanations = Set(layers.map(\.layer.problem)).compactMap { key in
      layers.first { $0.layer.problem == key }?.explanation
    }
    let timed = explanations.reduce(0) { $0 + $1.candidates.count { $0.median_us != nil } }
    let tied = explanations.count { $0.candidates.contains { $0.verdict == "tied" } }
    let uncertain = explanations.count(where: \.is_uncertain)
    return
      "\(layers.count) layers of \(explanations.count) problems; \(timed) candidates were timed; \(tied) problems have "
      + "winners that are tied with others, \(uncertain) were decided on a noisy machine. Tuned \(profile.tuned), effort "
      + "\(profile.effort.rawValue).\(errorText)"
  }

  /// What the network may err, and where that is spent.
  private var errorText: String {
    let allowed = profile.key.allowedError
    guard allowed > 0 else { return "" }
    guard let error = profile.maximumError else {
      return " Of the error of \(Float(allowed)) that is allowed nothing is spent."
    }
    let nodes = layers.filter { entry in
      entry.explanation?.candidates.first { $0.candidate == name(entry.layer) }?.is_approximate == true
    }.map(\.layer.node)
    return " The error at the output is \(Float(error)), of \(Float(allowed)) allowed, for approximate kernels in "
      + "\(nodes.joined(separator: ", "))."
  }

  private var totals: String {
    func row(_ name: String, _ time: MeasuredTime?) -> [String] {
      guard let time else { return [name, "-", "-", "-"] }
      let ratio = profile.totals.untuned.map { $0.medianNanoseconds / time.medianNanoseconds }
      return [
        name, "\(Figures.fixed(time.medianNanoseconds / 1e6, 3)) ms", "± \(Figures.percent(time.relativeSpread))",
        ratio.map { "\(Figures.fixed($0, 2)) ×" } ?? "-",
      ]
    }
    return HTMLPage.table(
      [("choices", false), ("the whole network", true), ("spread", true), ("as fast as untuned", true)],
      rows: [
        row("untuned", profile.totals.untuned), row("each layer's own winner", profile.totals.layerWise),
        row("kept (\(profile.decisions["choice"] ?? "-"))", profile.totals.tuned),
      ])
  }

  private var timeline: String {
    let blocks = layers.map { entry in
      Timeline.Block(
        title: "\(entry.layer.node): \(name(entry.layer)), \(Figures.time(nanoseconds: entry.time)), "
          + "\(Figures.percent(entry.time / total))",
        share: entry.time / total, kind: entry.layer.kernel.name, label: entry.layer.node)
    }
    return Timeline(blocks, palette: palette).svg(
      title: "The layers in order, each as wide as its time; \(Figures.fixed(total / 1e6, 3)) ms together")
  }

  private var candidateChart: String {
    let columns = layers.map { entry in
      CandidateChart.Layer(
        name: entry.layer.node, kind: entry.layer.kernel.name, time: entry.time / 1e3,
        least: entry.explanation?.least_us,
        candidates: (entry.explanation?.candidates ?? []).compactMap { row in
          row.median_us.map { (row.candidate, $0) }
        })
    }
    return CandidateChart(columns, unit: "µs", palette: palette).svg(title: "A bar for each layer, with its candidates")
  }

  /// A point for each problem, not for each layer: equal ones lie on each other.
  private var scatter: String {
    var chart = ScatterChart(
      "Equal FLOPs, different times: a point for each problem", horizontal: "MFLOP of a layer",
      vertical: "µs of a layer", kinds: kernels)
    var seen: Set<ProblemKey> = []
    chart.points = layers.compactMap { entry in
      guard let explanation = entry.explanation, explanation.flops > 0, entry.time > 0,
        seen.insert(entry.layer.problem).inserted
      else { return nil }
      let count = layers.count { $0.layer.problem == entry.layer.problem }
      return ScatterChart.Point(
        entry.layer.node + (count > 1 ? " and \(count - 1) more" : ""),
        kind: kernels.firstIndex(of: entry.layer.kernel.name) ?? 0, x: Double(explanation.flops) / 1e6,
        y: entry.time / 1e3)
    }
    return chart.svg(palette: palette)
  }

  private var table: String {
    let columns: [(String, Bool)] = [
      ("layer", false), ("problem", false), ("kernel", false), ("time", true), ("share", true), ("GFLOP/s", true),
      ("of roofline", true), ("runner-up", false), ("would cost", true),
    ]
    let rows = layers.map { entry -> String in
      let explanation = entry.explanation
      let link =
        "<a href='#\(anchors[entry.layer.problem] ?? "")'>\(Drawing.escaped(entry.layer.node))</a>"
      let cells: [(String, Bool)] = [
        (link, false), (Drawing.escaped(entry.layer.problem.brief), false), (Drawing.escaped(name(entry.layer)), false),
        (Figures.time(nanoseconds: entry.time), true), (Figures.percent(entry.time / total), true),
        (explanation.map { Figures.fixed(Double($0.flops) / max(entry.time, 1), 1) } ?? "-", true),
        (explanation.map { Figures.percent($0.least_us * 1e3 / max(entry.time, 1)) } ?? "-", true),
        (Drawing.escaped(explanation?.runner_up ?? "-"), false),
        (explanation?.runner_up_costs_us.map { Figures.time(nanoseconds: $0 * 1e3) } ?? "-", true),
      ]
      return "<tr>" + cells.map { "<td\($0.1 ? " class='number'" : "")>\($0.0)</td>" }.joined() + "</tr>"
    }
    let head = columns.map { "<th\($0.1 ? " class='number'" : "")>\($0.0)</th>" }.joined()
    return "<table class='wide'><tr>\(head)</tr>\n\(rows.joined(separator: "\n"))</table>"
  }

  private var candidates: String {
    var seen: Set<ProblemKey> = []
    let distinct = layers.filter { seen.insert($0.layer.problem).inserted }
    func whole(_ entry: Layer) -> Double {
      entry.time * Double(layers.count { $0.layer.problem == entry.layer.problem })
    }
    let costly = Set(distinct.sorted { whole($0) > whole($1) }.prefix(Self.unfoldedCount).map(\.layer.problem))
    return distinct.compactMap { entry in
      guard let explanation = entry.explanation else { return nil }
      let bars = explanation.candidates.compactMap { row -> RankingChart.Bar? in
        guard let time = row.median_us else { return nil }
        return RankingChart.Bar(
          row.candidate, value: time, spread: row.spread ?? 0,
          kind: String(row.candidate.prefix { $0 != " " }), isChosen: row.candidate == name(entry.layer))
      }
      let out = explanation.candidates.filter { $0.median_us == nil }
      let reasons = HTMLPage.table(
        [("candidate", false), ("verdict", false), ("reason", false)],
        rows: out.map { [$0.candidate, $0.verdict, $0.reason ?? ""] })
      let hidden = bars.count > Self.barCount ? "<p class='note'>and \(bars.count - Self.barCount) slower ones</p>" : ""
      let search =
        "effort \(explanation.effort ?? "unknown"), spread of the best \(explanation.noise.map(Figures.percent) ?? "unknown")"
        + (explanation.is_uncertain ? ": uncertain, the machine was noisy" : "")
      return
        "<details id='\(anchors[entry.layer.problem] ?? "")'\(costly.contains(entry.layer.problem) ? " open='open'" : "")>"
        + "<summary>\(Drawing.escaped(entry.layer.problem.brief)), "
        + "\(layers.count { $0.layer.problem == entry.layer.problem }) × from \(Drawing.escaped(entry.layer.node)), "
        + "\(Figures.percent(whole(entry) / total)) of the time</summary>"
        + "<p class='note'><code>\(Drawing.escaped(explanation.problem))</code>; \(Drawing.escaped(search))</p>"
        + RankingChart(Array(bars.prefix(Self.barCount)), unit: "µs", palette: palette).svg + hidden
        + (out.isEmpty ? "" : "<details><summary>\(out.count) out of the race</summary>\(reasons)</details>")
        + "</details>"
    }.joined(separator: "\n")
  }

  private func name(_ layer: NetworkProfile.Layer) -> String { layer.candidateName }
}

extension ProblemKey {
  /// The problem in the words of a table: `24×56×56 to 58, 1×1`. The key itself for operations without windows.
  fileprivate var brief: String {
    func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    guard let channels = value("c"), let height = value("h"), let width = value("w"), let kernel = value("kernel")
    else {
      return fields.reduce(operation) { text, field in
        field.name == "epilogue" || field.name == "weights" ? text : "\(text) \(field.name)=\(field.value)"
      }
    }
    let stride = value("stride").flatMap { $0 == "1x1" ? nil : " stride \($0)" } ?? ""
    let window = "\(kernel)\(stride)".split(separator: "x").joined(separator: "×")
    let input = "\(value("n").flatMap { $0 == "1" ? nil : "\($0)×" } ?? "")\(channels)×\(height)×\(width)"
    guard let outputs = value("k") else { return "\(value("reduce") ?? operation) pooling \(input), \(window)" }
    let groups = value("groups") ?? "1"
    let kind = groups == "1" ? "" : groups == channels ? ", depthwise" : ", \(groups) groups"
    return "\(input) to \(outputs), \(window)\(kind)"
  }
}
