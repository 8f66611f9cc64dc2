import Autotuner
import Luthier

/// The four guidelines applied to somebody's own network: which layers go against them, what those cost on this machine, and what
/// layers of equal FLOPs that keep the guideline take. Everything is measured with tuned kernels.
public struct DesignCheck {
  private let workbench: StudyWorkbench
  private let threads: Int

  /// One violation with its times.
  public struct Finding: Encodable, Sendable {
    /// The guideline, 1 to 4.
    public let guideline: Int
    /// The layers.
    public let layers: [String]
    /// What is against the guideline.
    public let reason: String
    /// FLOPs of the layers.
    public let flops: Int
    /// The memory access cost of the layers, in elements.
    public let memory_access_cost: Int
    /// The layers' time within the network, in milliseconds.
    public let in_network_ms: Double
    /// The layers' time by themselves, layout conversions left out, in milliseconds: what ``alternative_ms`` compares with.
    public let alone_ms: Double
    /// What keeps the guideline at equal FLOPs.
    public let alternative: String
    /// FLOPs of the alternative.
    public let alternative_flops: Int?
    /// The alternative's time by itself, in milliseconds; nil where there is none to measure.
    public let alternative_ms: Double?
    /// The relative spread of the two times together: a smaller difference says nothing.
    public let spread: Double
    /// What the alternative would save, in milliseconds; nil where nothing was measured, negative where it would cost.
    public let saving_ms: Double?
  }

  /// What was found in a network.
  public struct Report: Encodable, Sendable {
    /// The network.
    public let network: String
    /// The threads that ran it.
    public let threads: Int
    /// The network's time, in milliseconds.
    public let network_ms: Double
    /// Layers that were looked at.
    public let layer_count: Int
    /// The violations, the most expensive first.
    public let findings: [Finding]
  }

  /// A check with the options' kernels and folder.
  ///
  /// - Throws: ``TuningDatabaseError`` when the folder cannot be used.
  public init(
    _ options: StudyOptions, threads: Int, cancellation: Cancellation, report: @escaping (StudyEvent) -> Void
  ) throws {
    workbench = try StudyWorkbench(options, cancellation: cancellation, report: report)
    self.threads = threads
  }

  /// Checks a network.
  ///
  /// - Throws: ``TuningError/interrupted``, ``StudyError``, or what tuning and compiling throw.
  public func check(_ graph: Graph) throws -> Report {
    let passed = try graph.applying(GraphPass.standard)
    workbench.report(.progress(done: 0, "\(graph.name): tuning the network"))
    let network = try workbench.compile(graph, threads: threads)
    let medians = try workbench.profile([network])[0].map(\.medianNanoseconds)
    var times: [String: Double] = [:]
    for (layer, median) in zip(network.layers, medians) { times[layer.name, default: 0] += median / 1e6 }
    let violations = try DesignViolation.all(in: passed)
    var measured: [[ProblemKey]: (time: Double, alternative: Double?, spread: Double)] = [:]
    let findings = try violations.enumerated().map { index, violation in
      workbench.report(
        .progress(done: 0.4 + 0.6 * Double(index) / Double(violations.count), violation.layers.joined(separator: ", ")))
      // Equal layers have equal times.
      let key = (violation.found + violation.kept + violation.keptWithout).map(\.key)
      let result = try measured[key] ?? measure(violation)
      measured[key] = result
      return Finding(
        guideline: violation.guideline, layers: violation.layers, reason: violation.reason,
        flops: violation.found.reduce(0) { $0 + $1.operationCount.flopsWithBias },
        memory_access_cost: violation.found.reduce(0) { $0 + $1.memoryAccessCost },
        in_network_ms: violation.layers.reduce(0) { $0 + (times[$1] ?? 0) }, alone_ms: result.time,
        alternative: violation.advice,
        alternative_flops: violation.kept.isEmpty
          ? nil
          : violation.kept.reduce(0) { $0 + $1.operationCount.flopsWithBias }
            - violation.keptWithout.reduce(0) { $0 + $1.operationCount.flopsWithBias },
        alternative_ms: result.alternative, spread: result.spread,
        saving_ms: result.alternative.map { result.time - $0 })
    }
    return Report(
      network: graph.name, threads: threads, network_ms: medians.reduce(0, +) / 1e6, layer_count: network.layers.count,
      findings: findings.sorted { $0.in_network_ms > $1.in_network_ms })
  }

  /// The time of the layers as they are and of what keeps the guideline, in turn.
  private func measure(
    _ violation: DesignViolation
  ) throws -> (time: Double, alternative: Double?, spread: Double) {
    let sides = [violation.found, violation.kept, violation.keptWithout]
    let networks = try sides.map { try $0.map { try workbench.compile(Self.single($0), threads: threads) } }
    // Without the conversions between the layer's layouts and the whole tensors of inputs and outputs.
    let all = networks.flatMap { $0 }
    let times = try zip(all, workbench.profile(all)).map { network, steps in
      zip(network.layers, steps).filter { !$0.0.isConversion }.map(\.1)
    }
    let nanoseconds = times.map { $0.reduce(0) { $0 + $1.medianNanoseconds } }
    var sums: [Double] = []
    var rest = nanoseconds[...]
    for side in networks {
      sums.append(rest.prefix(side.count).reduce(0, +) / 1e6)
      rest = rest.dropFirst(side.count)
    }
    let spread = times.joined().map(\.relativeSpread).max() ?? 0
    return (sums[0], violation.kept.isEmpty ? nil : max(sums[1] - sums[2], 0), spread)
  }

  /// A network of one layer with random weights.
  private static func single(_ problem: any LayerProblem) throws -> Graph {
    var graph = Graph(name: "\(problem.key)")
    var random = RandomSource(seed: 3)
    let inputs = try problem.inputShapes.enumerated().map { try graph.addInput("input\($0.offset)", shape: $0.element) }
    graph.addOutput(try graph.addLayer("layer", problem, uncheckedParameters: problem.draw(&random), inputs: inputs))
    return graph
  }
}

extension LayerProblem {
  /// Parameters whose type only the problem knows.
  fileprivate func draw(_ random: inout RandomSource) -> any Sendable { randomParameters(from: &random) }
}
