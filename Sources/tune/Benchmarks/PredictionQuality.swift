import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// `tune benchmark prediction`: whether the sum of the layers' times, each measured alone, is the network's time.
struct PredictionQuality: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prediction", abstract: "Compare the sum of the layers' times with the network's.")

  @Option(help: "A network of the catalog or an ONNX file; may be given several times.")
  var network = ["shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "mobilenet_v2_x1_0", "resnet_18"]

  @OptionGroup var inputs: InputArguments

  @Option(help: "Threads that run the networks.")
  var threads = 1

  @Option(
    help: "How often each network is tuned; of several the median counts: a machine's speed may change in between.")
  var rounds = 1

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let network: String
    let layers: Int
    let predicted_ms: Double
    let measured_ms: Double
    let error: Double
  }

  func validate() throws {
    try checkThreads(threads)
    guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds); allowed are 1 to 100.") }
  }

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let registry = try KernelRegistry.standard()
    let oracle = registry.filter { $0.family == "reference" }
    let tuner = NetworkTuner(
      registry: registry, oracle: oracle, clock: SystemClock(), options: TuningOptions(effort: .quick))
    let cancellation = Cancellation.onInterrupt()
    let progress = ProgressLine()
    var rows: [Row] = []
    for (index, name) in network.enumerated() {
      progress.update(done: Double(index) / Double(network.count), name)
      let graph = try deployment.graph(of: name).applying(GraphPass.standard)
      var tries: [(predicted: Double, measured: Double)] = []
      for _ in 0..<rounds {
        let entries = try tuner.tuneProblems(
          of: [graph], threads: threads, known: { _ in nil }, keep: { _ in }, cancellation: cancellation,
          report: { _ in })
        let outcome = try tuner.choose(for: graph, threads: threads, entries: entries, cancellation: cancellation)
        // The network that was chosen together is the one whose layers were added up.
        guard let measured = outcome.timeTogether?.medianNanoseconds, let predicted = outcome.predictedTime else {
          continue
        }
        tries.append((predicted, measured))
      }
      let sorted = tries.sorted { $0.predicted / $0.measured < $1.predicted / $1.measured }
      guard !sorted.isEmpty else { continue }
      let median = sorted[sorted.count / 2]
      let layers = graph.nodes.count { node in if case .layer = node.operation { true } else { false } }
      rows.append(
        Row(
          network: graph.name, layers: layers, predicted_ms: median.predicted / 1e6,
          measured_ms: median.measured / 1e6, error: median.predicted / median.measured - 1))
    }
    progress.clear()
    guard printing.format == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    var table = Table([
      .text("network"), .number("layers"), .number("their sum"), .number("the network"), .number("off by"),
    ])
    for row in rows {
      table.add([
        row.network, "\(row.layers)", "\(Figures.fixed(row.predicted_ms, 3)) ms",
        "\(Figures.fixed(row.measured_ms, 3)) ms", Figures.percent(row.error),
      ])
    }
    print(table.text)
  }
}
