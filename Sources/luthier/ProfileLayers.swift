import ArgumentParser
import Luthier
import Presentation

/// `luthier profile`: where a network's time goes, layer by layer.
struct ProfileLayers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Print each layer's kernel, time, share and GFLOP/s beside what this machine could do at most.",
    discussion: "Operators that no kernel computes stand as rows of their own between the layers.")

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
    let deployment = try arguments.deployment()
    let model = try deployment.loadModel(network)
    let steps = try medians(of: model)
    let roofline = try Roofline.measure(threads: deployment.threads)
    let profile = NetworkLayerTimes(model.name, threads: deployment.threads, steps: steps, roofline: roofline)
    if let picture { try AtomicFile.write(Array(RooflinePicture(profile).svg.utf8), to: picture) }
    switch printing.format {
    case .json: print(try JSONOutput.text(profile))
    case .text: print(text(profile))
    }
  }

  /// The steps with the medians of their times; of steps that differ from run to run, as data decide, those of the last run.
  private func medians(of model: LoadedModel) throws -> [NetworkLayerTimes.Step] {
    let inputs = try model.randomInputs(seed: 1)
    var samples: [[Double]] = []
    var last: [ModelProgram.StepTime] = []
    for round in 0..<(runs + 5) {
      last = try model.profile(inputs, clock: SystemClock())
      guard round >= 5 else { continue }
      let times = last.flatMap(\.times)
      if samples.count != times.count { samples = [[Double]](repeating: [], count: times.count) }
      for (index, time) in times.enumerated() { samples[index].append(time) }
    }
    var medians = samples.map { MeasuredTime(samples: $0)?.medianNanoseconds ?? 0 }[...]
    return last.map { step in
      let own = Array(medians.prefix(step.times.count))
      medians = medians.dropFirst(own.count)
      switch step {
      case .network(let network, _): return .network(network, medians: own)
      case .tensorOperator(let node, let operatorName, _):
        return .tensorOperator(node: node, operatorName: operatorName, median: own.first ?? 0)
      }
    }
  }

  private func text(_ profile: NetworkLayerTimes) -> String {
    var table = Table([
      .text("layer"), .text("kernel"), .number("time"), .number("share"), .number("GFLOP/s"), .number("of peak"),
      .number("KiB"), .number("GB/s"), .number("of roofline"), .text("bound by"),
    ])
    var operators = profile.operators[...]
    func addOperators(after count: Int) {
      while let row = operators.first, row.after_layers == count {
        operators = operators.dropFirst()
        table.add([
          row.node, "operator \(row.operator_name)", Figures.time(nanoseconds: row.median_us * 1e3),
          Figures.percent(row.share),
        ])
      }
    }
    for (index, row) in profile.layers.enumerated() {
      addOperators(after: index)
      table.add([
        row.layer, row.kernel, Figures.time(nanoseconds: row.median_us * 1e3), Figures.percent(row.share),
        Figures.fixed(row.gflops, 1), Figures.percent(row.fraction_of_peak), Figures.fixed(Double(row.bytes) / 1024, 0),
        Figures.fixed(row.gigabytes_per_second, 1), Figures.percent(row.fraction_of_roofline), row.bound.rawValue,
      ])
    }
    addOperators(after: profile.layers.count)
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

extension ModelProgram.StepTime {
  /// The nanoseconds of each layer, or of the one operator.
  fileprivate var times: [Double] {
    switch self {
    case .network(_, let layers): layers.map { Double($0) }
    case .tensorOperator(_, _, let nanoseconds): [Double(nanoseconds)]
    }
  }
}
