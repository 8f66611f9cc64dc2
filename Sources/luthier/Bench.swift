import ArgumentParser
import Luthier
import Presentation

/// `luthier bench`: the latency of a whole network.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a whole network.",
    discussion:
      "Inputs are random: floats from -1 to 1, whole numbers 0 and 1. GFLOP/s count the layers that kernels compute.")

  @Argument(help: "An ONNX file or a network of the catalog.")
  var network: String

  @OptionGroup var arguments: DeploymentArguments

  @OptionGroup var printing: TableArguments

  @Option(help: "Timed runs.")
  var runs = 100

  func validate() throws {
    guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs is \(runs); allowed are 1 to 1000000.") }
  }

  struct Result: Encodable {
    let network: String
    let threads: Int
    let median_ms: Double
    let min_ms: Double
    let spread: Double
    let runs: Int
    let gflops: Double
    let arena_bytes: Int
  }

  func run() throws {
    let deployment = try arguments.deployment()
    let model = try deployment.loadModel(network)
    let clock = SystemClock()
    let inputs = try model.randomInputs(seed: 1)
    let run = try runner(of: model, inputs)
    // Warm for at least three runs and a fifth of a second: processors take that long to reach their speed.
    let start = clock.now()
    var warmUps = 0
    while warmUps < 3 || clock.now() - start < 200_000_000 && warmUps < runs {
      try run()
      warmUps += 1
    }
    var times: [Double] = []
    for _ in 0..<runs {
      let start = clock.now()
      try run()
      times.append(Double(clock.now() - start))
    }
    let time = MeasuredTime(samples: times)
    let median = time?.medianNanoseconds ?? 0
    let networks = try model.networks(for: inputs)
    let flops = networks.reduce(0) { sum, network in
      network.layers.reduce(sum) { $0 + $1.problem.operationCount.flopsWithBias }
    }
    let result = Result(
      network: model.name, threads: deployment.threads, median_ms: median / 1e6, min_ms: (times.min() ?? 0) / 1e6,
      spread: time?.relativeSpread ?? 0, runs: runs, gflops: Double(flops) / max(median, 1),
      arena_bytes: networks.reduce(0) { $0 + $1.arenaSize } * MemoryLayout<Float>.stride)
    switch printing.format {
    case .json: print(try JSONOutput.text(result))
    case .text:
      var table = Table([
        .text("network"), .number("threads"), .number("median ms"), .number("min ms"), .number("±"), .number("runs"),
        .number("GFLOP/s"),
      ])
      table.add([
        result.network, "\(result.threads)", Figures.fixed(result.median_ms, 3), Figures.fixed(result.min_ms, 3),
        Figures.percent(result.spread), "\(result.runs)", Figures.fixed(result.gflops, 1),
      ])
      print(table.text)
    }
  }

  /// One run: of a network of layers in a context of its own, so that nothing but the network is timed.
  private func runner(of model: LoadedModel, _ inputs: [TypedTensor]) throws -> () throws -> Void {
    guard let network = model.wholeNetwork else { return { _ = try model.run(inputs) } }
    let context = network.makeContext()
    let floats = inputs.map(\.asFloats)
    return { _ = try context.run(floats) }
  }
}
