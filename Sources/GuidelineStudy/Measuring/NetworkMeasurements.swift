import FoundationEssentials
import HostPlatform
import Luthier

/// The time of every network of table 8, which two experiments share; kept in a file network by network, so that a study that
/// was stopped goes on where it was.
final class NetworkMeasurements {
  /// One network at one thread count.
  struct Measurement: Codable, Sendable {
    let network: String
    let level: String
    let threads: Int
    let medianMilliseconds: Double
    let spread: Double
    /// Multiply-accumulates in millions, which the paper calls FLOPs.
    let megaMultiplyAccumulates: Double
    let memoryAccessCost: Int
    /// ONNX Runtime's median, where it was there.
    var peerMilliseconds: Double?
  }

  /// A level of complexity and the networks near it.
  struct Level {
    let name: String
    let networks: [String]
  }

  private struct Stored: Codable {
    let conditions: [String: String]
    var measurements: [Measurement]
  }

  private let workbench: StudyWorkbench
  private let path: String
  private var stored: Stored

  init(_ workbench: StudyWorkbench) {
    self.workbench = workbench
    path = "\(workbench.options.folder)/networks.json"
    let conditions = workbench.options.conditions
    let found = FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode(Stored.self, from: $0) }
    stored =
      found?.conditions == conditions
      ? found ?? Stored(conditions: conditions, measurements: []) : Stored(conditions: conditions, measurements: [])
  }

  /// The paper's levels, and a last one for the networks that are beyond them.
  static func levels(_ size: StudyOptions.Size) -> [Level] {
    guard size == .paper else {
      return [Level(name: "40 MFLOPs", networks: ["shufflenet_v2_x0_5", "mobilenet_v1_x0_25"])]
    }
    return [
      Level(
        name: "40 MFLOPs",
        networks: [
          "shufflenet_v2_x0_5", "shufflenet_v1_g3_x0_5", "mobilenet_v1_x0_25", "mobilenet_v2_x0_35", "xception_x0_5",
          "densenet_x0_5",
        ]),
      Level(
        name: "140 MFLOPs",
        networks: [
          "shufflenet_v2_x1_0", "shufflenet_v1_g3_x1_0", "mobilenet_v1_x0_5", "mobilenet_v2_x0_6", "xception_x1_0",
          "densenet_x1_0",
        ]),
      Level(
        name: "300 MFLOPs",
        networks: [
          "shufflenet_v2_x1_5", "shufflenet_v1_g3_x1_5", "mobilenet_v1_x0_75", "mobilenet_v2_x1_0", "xception_x1_5",
          "densenet_x1_5",
        ]),
      Level(
        name: "500+ MFLOPs",
        networks: [
          "shufflenet_v2_x2_0", "shufflenet_v1_g3_x2_0", "mobilenet_v1_x1_0", "mobilenet_v2_x1_4", "xception_x2_0",
          "densenet_x2_0", "nasnet_a_mobile",
        ]),
      Level(name: "beyond", networks: ["googlenet", "shufflenet_v2_50", "resnet_50"]),
    ]
  }

  /// Measures what is missing; the networks of one level are timed in turn.
  func all() throws -> [Measurement] {
    let levels = Self.levels(workbench.options.size)
    let steps = Double(levels.count * workbench.options.threads.count)
    var step = 0.0
    for level in levels {
      for threads in workbench.options.threads {
        try measure(level, threads: threads) { done, text in
          self.workbench.report(.progress(done: (step + done) / steps, text))
        }
        step += 1
      }
    }
    return stored.measurements
  }

  private func measure(_ level: Level, threads: Int, progress: (Double, String) -> Void) throws {
    let isMeasured = level.networks.allSatisfy { name in
      stored.measurements.contains { $0.network == name && $0.threads == threads }
    }
    if isMeasured { return }
    var graphs: [Graph] = []
    var networks: [CompiledNetwork] = []
    for (index, name) in level.networks.enumerated() {
      progress(
        Double(index) / Double(level.networks.count) * 0.9,
        "\(name), \(threads) thread\(threads == 1 ? "" : "s")")
      let graph = try StudyNetworks.graph(name, workbench.options.size)
      networks.append(try workbench.compile(graph, threads: threads))
      graphs.append(try graph.applying(GraphPass.standard))
    }
    let times = try workbench.time(networks)
    var peers = [Double?](repeating: nil, count: graphs.count)
    if let python = workbench.options.peerPython {
      progress(0.95, "ONNX Runtime, \(level.name)")
      peers = try PeerRuntime(python: python, rounds: workbench.options.rounds).milliseconds(
        of: graphs, threads: threads)
    }
    for index in graphs.indices {
      let (graph, time) = (graphs[index], times[index])
      let work = graph.layerProblems.reduce(0) { $0 + $1.operationCount.multiplyAccumulates }
      stored.measurements.append(
        Measurement(
          network: level.networks[index], level: level.name, threads: threads,
          medianMilliseconds: time.medianNanoseconds / 1e6, spread: time.relativeSpread,
          megaMultiplyAccumulates: Double(work) / 1e6, memoryAccessCost: graph.memoryAccessCost,
          peerMilliseconds: peers[index]))
    }
    try AtomicFile.write(Array(JSONEncoder().encode(stored)), to: path)
  }
}

/// Networks of the catalog at the study's size.
enum StudyNetworks {
  static func graph(_ name: String, _ size: StudyOptions.Size) throws -> Graph {
    guard let entry = NetworkCatalog.entry(named: name) else {
      throw DeploymentError.unknownNetwork(name: name, known: NetworkCatalog.entries.map(\.name))
    }
    return try size == .paper ? entry.graph() : entry.graph(height: 32, width: 32)
  }
}
