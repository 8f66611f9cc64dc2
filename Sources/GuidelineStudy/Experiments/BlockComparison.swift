import Charts
import Autotuner
import Luthier

/// Networks of one experiment that do the same arithmetic in different forms, timed against each other.
struct BlockComparison {
  /// One form.
  struct Variant {
    /// The cells that say which form, as many as ``BlockComparison/labels``.
    let cells: [ExperimentResult.Cell]
    /// What bars are called.
    let name: String
    /// The network.
    let graph: Graph
    /// The rewritings that it is compiled with.
    var passes = GraphPass.standard
    /// The least memory access cost of one convolution by the paper's bound, where there is one.
    var bound: Double?
    /// The memory access cost of one convolution by the paper's formula, where there is one.
    var formula: Double?
  }

  let workbench: StudyWorkbench
  let experiment: Experiment
  /// The columns of ``Variant/cells``.
  let labels: [ExperimentResult.Column]

  /// Times groups of variants; the variants of one group are timed in turn.
  ///
  /// - Parameter groups: a name for each group, and its variants, the one that others are compared with first.
  func run(_ groups: [(name: String, variants: [Variant])]) throws -> ExperimentResult {
    var result = ExperimentResult(
      experiment,
      columns: [.text("width", "width")] + labels + [
        .number("threads", "threads"), .number("median_ms", "median ms", digits: 3),
        .number("spread", "± %", digits: 1), .number("images_per_second", "images/s", digits: 1),
        .number("relative_time", "× first", digits: 2), .number("mflops", "MFLOP", digits: 1),
        .number("gflops_per_second", "GFLOP/s", digits: 1), .number("mac", "MAC of the network"),
        .number("mac_of_convolution", "MAC of a convolution"), .number("mac_bound", "its bound"),
      ])
    let steps = Double(max(groups.count * workbench.options.threads.count, 1))
    var step = 0.0
    for threads in workbench.options.threads {
      var chart = BarChart(
        "\(experiment.rawValue), \(threads) thread\(threads == 1 ? "" : "s")", axis: "median ms",
        series: groups.first?.variants.map(\.name) ?? [])
      for (name, variants) in groups {
        let networks = try variants.enumerated().map { index, variant in
          workbench.report(
            .progress(
              done: (step + Double(index) / Double(variants.count) * 0.9) / steps,
              "\(name) \(variant.name), \(threads) thread\(threads == 1 ? "" : "s")"))
          return try workbench.compile(variant.graph, threads: threads, passes: variant.passes)
        }
        let times = try workbench.time(networks)
        for (variant, time) in zip(variants, times) {
          let flops = Double(variant.graph.flops)
          result.rows.append(
            [.text(name)] + variant.cells + [
              .number(Double(threads)), .number(time.medianNanoseconds / 1e6), .number(time.relativeSpread * 100),
              .number(1e9 / time.medianNanoseconds), .number(time.medianNanoseconds / times[0].medianNanoseconds),
              .number(flops / 1e6), .number(flops / time.medianNanoseconds),
              .number(Double(variant.graph.memoryAccessCost)), variant.formula.map { .number($0) } ?? .none,
              variant.bound.map { .number($0) } ?? .none,
            ])
        }
        chart.groups.append(
          BarChart.Group(
            name, times.map { $0.medianNanoseconds / 1e6 }, spreads: times.map(\.relativeSpread)))
        step += 1
      }
      result.pictures.append(.bars(chart))
    }
    return result
  }
}

extension ExperimentResult {
  /// The time of one form over that of another in every group and at every thread count, and what that says of a claim that
  /// the first takes longer.
  func ratios(
    of picked: ([Cell]) -> Bool, to base: ([Cell]) -> Bool
  ) -> (values: [Double], texts: [String], takesLonger: Bool?) {
    var values: [Double] = []
    var noise: [Double] = []
    var texts: [String] = []
    for row in rows where picked(row) {
      let partner = rows.first { other in
        base(other) && cell(other, "threads") == cell(row, "threads") && cell(other, "width") == cell(row, "width")
      }
      guard let partner, let time = cell(row, "median_ms").number, let other = cell(partner, "median_ms").number,
        other > 0
      else { continue }
      values.append(time / other)
      noise.append(((cell(row, "spread").number ?? 0) + (cell(partner, "spread").number ?? 0)) / 100)
      texts.append(
        "\(Figures.fixed(time / other, 2)) (\(cell(row, "width").text ?? ""), "
          + "\(Figures.fixed(cell(row, "threads").number ?? 0, 0)) thr.)")
    }
    guard let ratio = Statistics.median(values), let noise = Statistics.median(noise) else {
      return (values, texts, nil)
    }
    let band = max(noise, 0.02)
    return (values, texts, ratio > 1 + band ? true : ratio < 1 - band ? false : nil)
  }
}

extension Graph {
  /// FLOPs of all layers, biases included.
  var flops: Int { layerProblems.reduce(0) { $0 + $1.operationCount.flopsWithBias } }

  /// The memory access cost of all layers, in elements.
  var memoryAccessCost: Int { layerProblems.reduce(0) { $0 + $1.memoryAccessCost } }

  var layerProblems: [any LayerProblem] {
    nodes.compactMap { node in if case .layer(let problem, _) = node.operation { problem } else { nil } }
  }
}
