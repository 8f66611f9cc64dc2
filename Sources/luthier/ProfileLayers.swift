import ArgumentParser
import Luthier
import Presentation

/// `luthier profile`: where a network's time goes, layer by layer.
struct ProfileLayers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Print each layer's kernel, time, share and GFLOP/s beside what this machine could do at most.")

  @Argument(help: "An ONNX file or a network of the catalog.")
  var network: String

  @OptionGroup var arguments: DeploymentArguments

  @OptionGroup var printing: TableArguments

  @Option(help: "An SVG file for the roofline picture.")
  var picture: String?

  @Option(help: "Runs that the medians are taken over.")
  var runs = 50

  func validate() throws {
    guard (1...100_000).contains(runs) else { throw ValidationError("--runs is \(runs); allowed are 1 to 100000.") }
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
    let roofline = try Roofline.measure(threads: compiled.threads)
    let profile = NetworkLayerTimes(compiled, medians: medians, roofline: roofline)
    if let picture { try AtomicFile.write(Array(RooflinePicture(profile).svg.utf8), to: picture) }
    switch printing.format {
    case .json: print(try JSONOutput.text(profile))
    case .text: print(text(profile))
    }
  }

  private func text(_ profile: NetworkLayerTimes) -> String {
    var table = Table([
      .text("layer"), .text("kernel"), .number("time"), .number("share"), .number("GFLOP/s"), .number("of peak"),
      .number("KiB"), .number("GB/s"), .number("of roofline"), .text("bound by"),
    ])
    for row in profile.layers {
      table.add([
        row.layer, row.kernel, Figures.time(nanoseconds: row.median_us * 1e3), Figures.percent(row.share),
        Figures.fixed(row.gflops, 1), Figures.percent(row.fraction_of_peak), Figures.fixed(Double(row.bytes) / 1024, 0),
        Figures.fixed(row.gigabytes_per_second, 1), Figures.percent(row.fraction_of_roofline), row.bound.rawValue,
      ])
    }
    let bandwidth = profile.roofline.bandwidth
    let levels = [("L2", bandwidth.l2), ("L3", bandwidth.l3 ?? 0), ("memory", bandwidth.memory)].filter { $0.1 > 0 }
    return [
      table.text, "",
      "\(profile.network), \(profile.threads) thread\(profile.threads == 1 ? "" : "s"): "
        + "\(Figures.fixed(profile.total_ms, 3)) ms, \(Figures.percent(profile.fraction_of_peak)) of peak, "
        + "\(Figures.percent(profile.fraction_of_roofline)) of the roofline",
      "\(profile.free_movements.count) channel movements (shuffle, split, concat): 0 ns, 0 bytes",
      "measured in this run: \(Figures.fixed(profile.roofline.peak, 1)) GFLOP/s, "
        + levels.map { "\($0.0) \(Figures.fixed($0.1, 1)) GB/s" }.joined(separator: ", "),
    ].joined(separator: "\n")
  }
}
