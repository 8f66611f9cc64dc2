import Charts
import Luthier

/// Table 8: every network at its level of complexity, in images a second.
struct NetworkTableExperiment {
  let workbench: StudyWorkbench
  let measurements: NetworkMeasurements

  func run() throws -> ExperimentResult {
    var result = ExperimentResult(
      .networks,
      columns: [
        .text("level", "level"), .text("network", "network"), .number("threads", "threads"),
        .number("mflops", "MFLOPs (MACs)", digits: 0), .number("median_ms", "median ms", digits: 3),
        .number("spread", "± %", digits: 1), .number("images_per_second", "images/s", digits: 1),
        .number("onnxruntime_ms", "ONNX Runtime ms", digits: 3), .number("ratio", "× ONNX Runtime", digits: 2),
        .number("paper_mflops", "paper's MFLOPs"), .number("paper_gpu", "paper's GPU batches/s"),
        .number("paper_arm", "paper's ARM images/s", digits: 1),
      ])
    let all = try measurements.all()
    for level in NetworkMeasurements.levels(workbench.options.size) {
      for name in level.networks {
        for row in all where row.network == name {
          let paper = PaperFigures.networks[name]
          result.rows.append([
            .text(level.name), .text(name), .number(Double(row.threads)), .number(row.megaMultiplyAccumulates),
            .number(row.medianMilliseconds), .number(row.spread * 100), .number(1e3 / row.medianMilliseconds),
            row.peerMilliseconds.map { .number($0) } ?? .none,
            row.peerMilliseconds.map { .number(row.medianMilliseconds / $0) } ?? .none,
            paper.map { .number($0.megaFLOPs) } ?? .none, paper.map { .number($0.gpu) } ?? .none,
            paper.map { .number($0.arm) } ?? .none,
          ])
        }
      }
      for threads in workbench.options.threads {
        result.claims += claim(level, all.filter { $0.threads == threads && level.networks.contains($0.network) })
      }
    }
    for threads in workbench.options.threads {
      var chart = BarChart(
        "Images a second, \(threads) thread\(threads == 1 ? "" : "s")", axis: "images/s", series: ["images/s"])
      for row in all where row.threads == threads && row.level != "beyond" {
        chart.groups.append(BarChart.Group(row.network, [1e3 / row.medianMilliseconds], spreads: [row.spread]))
      }
      result.pictures.append(.bars(chart))
    }
    result.notes = [
      "FLOPs as the paper counts them: multiply-accumulates.",
      "Networks of one level are timed in turn; weights are random, which changes no time.",
    ]
    if workbench.options.peerPython != nil {
      result.notes.append("ONNX Runtime is timed after ours, level by level, with the same rounds and threads.")
    }
    return result
  }

  /// Whether ShuffleNetV2 is the fastest of its level, as in the paper's ARM column.
  private func claim(
    _ level: NetworkMeasurements.Level, _ rows: [NetworkMeasurements.Measurement]
  ) -> [ExperimentResult.Claim] {
    guard let ours = rows.first(where: { $0.network.hasPrefix("shufflenet_v2_x") }) else { return [] }
    let others = rows.filter { $0.network != ours.network }
    guard let best = others.min(by: { $0.medianMilliseconds < $1.medianMilliseconds }) else { return [] }
    let ratio = best.medianMilliseconds / ours.medianMilliseconds
    let band = max(best.spread + ours.spread, 0.02)
    let speeds = level.networks.compactMap { name in PaperFigures.networks[name].map { (name, $0.arm) } }
    let fastest = speeds.max { $0.1 < $1.1 }
    return [
      .init(
        "\(level.name): ShuffleNetV2 is the fastest, \(ours.threads) thread\(ours.threads == 1 ? "" : "s")",
        paper: fastest.map { "ARM: \($0.0) with \(Figures.fixed($0.1, 1)) images/s" } ?? "not in the paper",
        here: "\(ours.network) \(Figures.fixed(1e3 / ours.medianMilliseconds, 1)) images/s; "
          + "the best other, \(best.network), \(Figures.fixed(1e3 / best.medianMilliseconds, 1))",
        holds: ratio > 1 + band ? true : ratio < 1 - band ? false : nil)
    ]
  }
}
