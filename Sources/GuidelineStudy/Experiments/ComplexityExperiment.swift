import Charts
import Luthier

/// Figures 1 (c, d) and 2: whether FLOPs or memory access cost order the networks by their time, and what the time of two of
/// them consists of.
struct ComplexityExperiment {
  let workbench: StudyWorkbench
  let measurements: NetworkMeasurements

  func run() throws -> ExperimentResult {
    var result = ExperimentResult(
      .complexity,
      columns: [
        .text("network", "network"), .number("threads", "threads"), .number("mflops", "MFLOPs (MACs)"),
        .number("mac", "MAC"), .number("median_ms", "median ms", digits: 3),
        .number("gflops_per_second", "GFLOP/s", digits: 1), .number("convolution", "convolution %", digits: 1),
        .number("depthwise", "depthwise %", digits: 1), .number("elementwise", "element-wise %", digits: 1),
        .number("data", "data %", digits: 1), .number("other", "other %", digits: 1),
      ])
    let all = try measurements.all()
    for row in all {
      result.rows.append([
        .text(row.network), .number(Double(row.threads)), .number(row.megaMultiplyAccumulates),
        .number(Double(row.memoryAccessCost)), .number(row.medianMilliseconds),
        .number(2 * row.megaMultiplyAccumulates / row.medianMilliseconds), .none, .none, .none, .none, .none,
      ])
    }
    for threads in workbench.options.threads {
      let rows = all.filter { $0.threads == threads }
      result.claims += claims(rows, threads: threads)
      result.pictures.append(.scatter(scatter(rows, threads: threads)))
    }
    try addBreakdowns(to: &result)
    result.notes = [
      "Rows with percentages are figure 2's: what the network's time consists of, element-wise operations in epilogues or as layers "
        + "of their own. 'data' is layout conversions and movements of elements; channel shuffles, splits and concatenations move none here.",
      "The memory access cost is that of the layers that run, in elements.",
    ]
    return result
  }

  private func claims(_ rows: [NetworkMeasurements.Measurement], threads: Int) -> [ExperimentResult.Claim] {
    let times = rows.map(\.medianMilliseconds)
    let byFLOPs = RankCorrelation.spearman(rows.map(\.megaMultiplyAccumulates), times)
    let byAccess = RankCorrelation.spearman(rows.map { Double($0.memoryAccessCost) }, times)
    let inLevels = NetworkMeasurements.levels(workbench.options.size).filter { $0.name != "beyond" }.map { level in
      let times = rows.filter { $0.level == level.name }.map(\.medianMilliseconds)
      return (times.max() ?? 1) / max(times.min() ?? 1, 1e-9)
    }
    let suffix = "\(threads) thread\(threads == 1 ? "" : "s")"
    let widest = inLevels.max() ?? 1
    return [
      .init(
        "Networks of equal FLOPs differ in time (\(suffix))",
        paper: "figure 1 (c, d): at one level up to 4 times as fast on the GPU, up to 1.9 times on ARM (table 8)",
        here: "slowest over fastest within a level: "
          + inLevels.map { Figures.fixed($0, 2) }.joined(separator: ", "), holds: widest > 1.2),
      .init(
        "FLOPs order networks by time less well than they should (\(suffix))",
        paper: "no coefficient is given",
        here: "Spearman's rank correlation with time: FLOPs \(byFLOPs.map { Figures.fixed($0, 3) } ?? "-"), "
          + "MAC \(byAccess.map { Figures.fixed($0, 3) } ?? "-")",
        holds: byFLOPs.flatMap { flops in
          byAccess.map { access in
            (flops - access).magnitude < 0.02 ? nil : flops < access
          }
        } ?? nil),
    ]
  }

  private func scatter(_ rows: [NetworkMeasurements.Measurement], threads: Int) -> ScatterChart {
    let families = ["shufflenet_v2", "shufflenet_v1", "mobilenet", "xception", "densenet", "other"]
    var chart = ScatterChart(
      "FLOPs against time, \(threads) thread\(threads == 1 ? "" : "s")", horizontal: "MFLOPs (multiply-accumulates)",
      vertical: "median ms", kinds: families)
    for row in rows {
      let kind = families.firstIndex { row.network.hasPrefix($0) } ?? families.count - 1
      chart.points.append(
        .init(row.network, kind: kind, x: row.megaMultiplyAccumulates, y: row.medianMilliseconds))
    }
    return chart
  }

  /// Figure 2: the kinds of operations in the time of ShuffleNetV1 and MobileNetV2.
  private func addBreakdowns(to result: inout ExperimentResult) throws {
    let names =
      workbench.options.size == .paper ? ["shufflenet_v1_g3_x1_0", "mobilenet_v2_x1_0"] : ["mobilenet_v2_x0_35"]
    let unfused = GraphPass.standard.filter { $0.name != GraphPass.fuseEpilogues.name }
    var chart = BarChart(
      "What the time consists of, 1 thread", axis: "% of the time", series: OperationKind.allCases.map(\.rawValue))
    for name in names {
      for (passes, form) in [(GraphPass.standard, "in epilogues"), (unfused, "as layers")] {
        let network = try workbench.compile(
          StudyNetworks.graph(name, workbench.options.size), threads: 1, passes: passes)
        let medians = try workbench.profile([network])[0].map(\.medianNanoseconds)
        let total = max(medians.reduce(0, +), 1)
        var shares: [OperationKind: Double] = [:]
        for (layer, median) in zip(network.layers, medians) {
          shares[OperationKind(layer), default: 0] += 100 * median / total
        }
        let kinds = OperationKind.allCases.map { shares[$0, default: 0] }
        let flops = network.layers.reduce(0) { $0 + $1.problem.operationCount.flopsWithBias }
        result.rows.append(
          [
            .text("\(name), element-wise \(form)"), .number(1), .number(Double(flops) / 2e6),
            .number(Double(network.layers.reduce(0) { $0 + $1.problem.memoryAccessCost })), .number(total / 1e6),
            .number(Double(flops) / total),
          ] + kinds.map { .number($0) })
        chart.groups.append(BarChart.Group("\(name) \(form)", kinds))
      }
    }
    result.pictures.append(.bars(chart))
  }
}

/// The kinds of operations of the paper's figure 2, depthwise convolutions apart, which the paper counts as element-wise.
enum OperationKind: String, CaseIterable {
  case convolution
  case depthwise
  case elementwise = "element-wise"
  case data
  case other

  init(_ layer: CompiledLayer) {
    switch layer.problem {
    case _ where layer.isConversion: self = .data
    case let problem as ConvolutionProblem: self = problem.isDepthwise ? .depthwise : .convolution
    case is MatrixMultiplyProblem, is PointwiseDepthwiseProblem, is ConvolutionPoolingProblem: self = .convolution
    case is ElementwiseProblem: self = .elementwise
    case is RearrangementProblem, is LayoutConversionProblem: self = .data
    default: self = .other
    }
  }
}
