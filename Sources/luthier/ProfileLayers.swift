import ArgumentParser
import Luthier
import Presentation

/// `luthier profile`: where a network's time goes, layer by layer.
struct ProfileLayers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Print each layer's kernel, time, share, GFLOP/s and fraction of peak.")

  @Argument(help: "An ONNX file or a network of the catalog.")
  var network: String

  @OptionGroup var arguments: DeploymentArguments

  @Option(help: "Runs that the medians are taken over.")
  var runs = 50

  func validate() throws {
    guard (1...100_000).contains(runs) else { throw ValidationError("--runs is \(runs); allowed are 1 to 100000.") }
  }

  struct Row: Encodable {
    let layer: String
    let kernel: String
    let source: String
    let problem: String
    let is_conversion: Bool
    let threads: Int
    let median_us: Double
    let share: Double
    let gflops: Double
    let fraction_of_peak: Double
    let bytes: Int
  }

  struct Result: Encodable {
    let network: String
    let threads: Int
    let total_ms: Double
    let peak_gflops: Double
    let layers: [Row]
  }

  func run() throws {
    let compiled = try arguments.deployment().load(network)
    var random = RandomSource(seed: 1)
    let inputs = compiled.inputs.map { random.tensor(shape: $0.shape) }
    let context = compiled.makeContext()
    var samples = [[Double]](repeating: [], count: compiled.layers.count)
    for round in 0..<(runs + 5) {
      let spans = try context.profile(inputs, clock: SystemClock())
      if round >= 5 { for (index, span) in spans.enumerated() { samples[index].append(Double(span)) } }
    }
    let medians = samples.map { MeasuredTime(samples: $0)?.medianNanoseconds ?? 0 }
    let total = medians.reduce(0, +)
    let peak = try PeakArithmetic.measure(InstructionSet.chosen(), clock: SystemClock()) * Double(compiled.threads)
    let rows = zip(compiled.layers, medians).map { layer, time in
      let gflops = Double(layer.problem.operationCount.flopsWithBias) / max(time, 1)
      return Row(
        layer: layer.name, kernel: layer.choice.candidate.name, source: layer.choice.source.description,
        problem: layer.problem.key.description, is_conversion: layer.isConversion, threads: layer.threads,
        median_us: time / 1e3, share: time / max(total, 1), gflops: gflops, fraction_of_peak: gflops / max(peak, 1e-9),
        bytes: layer.problem.memoryAccessCost * MemoryLayout<Float>.stride)
    }
    let result = Result(
      network: compiled.name, threads: compiled.threads, total_ms: total / 1e6, peak_gflops: peak, layers: rows)
    switch arguments.output {
    case .json: print(try JSONOutput.text(result))
    case .text: print(text(result))
    }
  }

  private func text(_ result: Result) -> String {
    var table = Table([
      .text("layer"), .text("kernel"), .number("time"), .number("share"), .number("GFLOP/s"), .number("of peak"),
      .number("KiB"),
    ])
    for row in result.layers {
      table.add([
        row.layer, row.kernel, Figures.time(nanoseconds: row.median_us * 1e3), Figures.percent(row.share),
        Figures.fixed(row.gflops, 1), Figures.percent(row.fraction_of_peak), Figures.fixed(Double(row.bytes) / 1024, 0),
      ])
    }
    return table.text
      + "\n\n\(result.network), \(result.threads) thread\(result.threads == 1 ? "" : "s"): "
      + "\(Figures.fixed(result.total_ms, 3)) ms; peak \(Figures.fixed(result.peak_gflops, 1)) GFLOP/s measured in this run"
  }
}
