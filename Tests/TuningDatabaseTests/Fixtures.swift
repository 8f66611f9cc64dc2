import Foundation
import HostPlatform
import LayerKernels
import TuningDatabase

/// A kernel of a name, version and configurations, which nobody runs.
struct NamedKernel: LayerKernel {
  var identifier: KernelIdentifier
  var version = 1
  var aliases: [KernelIdentifier] = []
  var tiles: [Int] = [1]
  var layout = TensorLayout.planeList
  var error: ErrorClass = .exact()
  var largestChannelCount = Int.max

  struct Unprepared: Error {}

  func applicability(to problem: ConvolutionProblem) -> Applicability {
    problem.inputChannels <= largestChannelCount
      ? .applies : .refused("takes at most \(largestChannelCount) channels, not \(problem.inputChannels)")
  }

  func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] { tiles.map { ["tile": $0] } }

  func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: layout, inputCount: problem.inputShapes.count)
  }

  func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass { error }

  func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel { throw Unprepared() }
}

enum Fixture {
  /// A machine that does not depend on the one the tests run on.
  static func platform(
    microarchitecture: String = "Zen 5", instructionSets: [String] = ["portable", "avx2", "avx512"], l3: Int = 32,
    cores: Int = 2
  ) throws -> PlatformFingerprint {
    let sets = instructionSets.map { "\"\($0)\"" }.joined(separator: ",")
    return try JSONDecoder().decode(
      PlatformFingerprint.self,
      from: Data(
        """
        {"vendor": "amd", "family": 26, "model": 2, "microarchitecture": "\(microarchitecture)",
         "instructionSets": [\(sets)], "l1DataBytes": 49152, "l2Bytes": 1048576, "l3Bytes": \(l3 << 20),
         "physicalCores": \(cores), "logicalCores": \(cores), "operatingSystem": "linux", "architecture": "x86_64"}
        """.utf8))
  }

  static func convolution(
    channels: Int = 58, size: Int = 28, outputs: Int? = nil, kernel: Int = 1, stride: Int = 1, groups: Int = 1,
    epilogue: Epilogue = Epilogue(bias: true, activation: .relu)
  ) throws -> ConvolutionProblem {
    try ConvolutionProblem(
      inputChannels: channels, input: .init(size), outputChannels: outputs ?? channels,
      window: WindowGeometry(kernel: .init(kernel), stride: .init(stride), pads: .init(kernel / 2)), groups: groups,
      epilogue: epilogue)
  }

  static let kernels = [
    NamedKernel(identifier: "direct.pixels", version: 2, tiles: [6, 8, 14]),
    NamedKernel(identifier: "im2col.gemm", aliases: ["im2col.explicit"], tiles: [16, 32], layout: .rowMajor),
    NamedKernel(identifier: "winograd.f4x4", layout: .channelsLast),
    NamedKernel(identifier: "decomposed.channels", tiles: [8], error: .approximate(relativeError: nil)),
    NamedKernel(identifier: "reference.convolution", layout: .rowMajor, largestChannelCount: 200),
  ]

  static func registry(_ kernels: [NamedKernel] = kernels) throws -> KernelRegistry {
    var registry = KernelRegistry()
    for kernel in kernels { try registry.register(kernel) }
    return registry
  }

  static func library(
    _ kernels: [NamedKernel] = kernels, host: PlatformFingerprint? = nil, version: LibraryVersion = .current
  ) throws -> RunningLibrary {
    RunningLibrary(try registry(kernels), host: try host ?? platform(), version: version)
  }

  static let start = Timestamp(seconds: 1_790_000_000)

  static func time(_ nanoseconds: Double, spread: Double = 0.01, count: Int = 9) throws -> MeasuredTime {
    let middle = Double(count - 1) / 2
    let samples = (0..<count).map { nanoseconds * (1 + spread * (Double($0) - middle) / Double(count)) }
    guard let time = MeasuredTime(samples: samples) else { throw CocoaError(.coderInvalidValue) }
    return time
  }

  /// A record of one candidate with a median.
  static func record(
    _ kernel: String, _ tile: Int, _ nanoseconds: Double, problem: ConvolutionProblem? = nil, at second: Int = 0,
    dropped: Bool = false, error: Double = 1e-7, kernels: [NamedKernel] = kernels, library: LibraryVersion = .current
  ) throws -> CandidateRecord {
    let problem = try problem ?? convolution()
    let candidate = try registry(kernels).candidate(
      named: KernelIdentifier(kernel), configuration: ["tile": tile], for: problem)
    return .timed(
      candidate, time: try time(nanoseconds), maximumError: error, wasDropped: dropped,
      measured: Timestamp(seconds: start.seconds + second), library: library)
  }

  static func search(
    _ effort: TuningEffort, problem: ConvolutionProblem, at second: Int = 0, kernels: [NamedKernel] = kernels
  ) throws -> SearchRecord {
    SearchRecord(
      effort: effort, finished: Timestamp(seconds: start.seconds + second),
      offers: try registry(kernels).answers(for: problem).map { KernelOffer($0) }, noise: 0.013,
      conditions: ["governor": "performance", "load": "0.12 0.08 0.05", "denormals": "flushed"])
  }

  static func key(_ problem: ConvolutionProblem, threads: Int = 1, weights: String? = nil) -> TuningEntry.Key {
    TuningEntry.Key(problem: problem.key, threads: threads, weights: weights)
  }

  /// Entries of every verdict, and a profile.
  static func database() throws -> PlatformDatabase {
    var database = PlatformDatabase(platform: try platform(), created: start)
    let registry = try registry()
    let problems = [
      try convolution(), try convolution(channels: 232, size: 7),
      try convolution(channels: 116, size: 14, kernel: 3, groups: 116, epilogue: Epilogue(bias: true)),
    ]
    for (index, problem) in problems.enumerated() {
      for threads in [2, 1] {
        var records: [CandidateRecord] = []
        for (number, candidate) in registry.candidates(for: problem).enumerated() {
          let moment = Timestamp(seconds: start.seconds + number)
          switch number {
          case 5:
            records.append(
              .failed(candidate, .crashed, reason: "signal 11 in run", measured: moment))
          case 7:
            records.append(
              .failed(
                candidate, index == 0 ? .wrong : .timedOut, reason: "output 3 is NaN, \"quoted\"\nµ",
                maximumError: .nan,
                measured: moment))
          default:
            records.append(
              .timed(
                candidate,
                time: try time(
                  number == 6 ? 4000.5 : 10_000.3 + 1000 * Double((number * 5 + index) % 7), count: 11 + number * 9),
                maximumError: number == 6 ? 0.004 : 1.5e-7, wasDropped: number == 4, measured: moment))
          }
        }
        for answer in registry.answers(for: problem) {
          if case .refused(let reason) = answer.applicability {
            records.append(.refused(kernel: answer.kernel, version: answer.version, reason: reason, measured: start))
          }
        }
        database.record(
          records, for: key(problem, threads: threads), search: try search(.normal, problem: problem), at: start)
      }
    }
    database.record(try profile(database, problems: problems, registry: registry), at: start)
    return database
  }

  static func profile(
    _ database: PlatformDatabase, problems: [ConvolutionProblem], registry: KernelRegistry
  ) throws -> NetworkProfile {
    let layers = try problems.enumerated().map { index, problem in
      let winner = database.entry(key(problem))?.winner
      return NetworkProfile.Layer(
        node: "conv\(index)",
        candidate: try registry.candidate(
          named: winner?.kernel ?? "direct.pixels", configuration: winner?.configuration ?? ["tile": 6], for: problem),
        threads: 1)
    }
    return NetworkProfile(
      key: .init(
        network: "shufflenet_v2_x1_0", fingerprint: "00ff00ff00ff00ff",
        inputShapes: [try TensorShape([1, 3, 224, 224])], threads: 1),
      layers: layers, decisions: ["fuse:conv1+add": "apart"],
      totals: .init(
        untuned: try time(6.2e6), layerWise: try time(5.4e6), tuned: try time(5.3e6).withoutSamples()), effort: .normal,
      maximumError: 2.5e-6, tuned: start)
  }

  /// The bytes of ``database()``.
  static func bytes() throws -> [UInt8] { try database().encoded() }

  /// A new folder, which the function's end removes.
  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "luthier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }

  static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }

  static func contents(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

  /// The package's folder.
  static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
}
