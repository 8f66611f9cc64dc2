import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// The default subcommand: tune networks.
struct TuneNetworks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "networks", abstract: "Tune networks (what 'tune' does without a subcommand).")

  @Option(help: "The machine to tune: this-host, or the name that 'tune show' prints for it.")
  var platform = "this-host"

  @Option(help: "A network of the catalog or an ONNX file; may be given several times.")
  var network: [String] = []

  @Option(help: "A file of problems that deployments with --record met untuned: these are tuned instead of networks.")
  var misses: String?

  @OptionGroup var inputs: InputArguments

  @Option(help: "Thread counts to tune for, such as 1,2.")
  var threads = ThreadCounts([1])

  @Option(help: "How thoroughly: quick (within a minute), normal or thorough.")
  var effort = TuningEffort.normal

  @Option(
    help:
      "The error allowed at the network's output, relative to its largest value; above 0 approximate kernels compete.")
  var maxError = 0.0

  @OptionGroup var limits: WorkerLimits

  @OptionGroup var databases: DatabaseArguments

  @OptionGroup var printing: TableArguments

  func validate() throws {
    try threads.counts.forEach(checkThreads)
    guard (0...1).contains(maxError) else { throw ValidationError("--max-error is \(maxError); allowed are 0 to 1.") }
  }

  func run() throws {
    let host = try PlatformFingerprint.current()
    guard platform == "this-host" || platform == host.name else {
      throw ValidationError(
        "platform '\(platform)' is not this machine, which is '\(host.name)'; a machine is tuned where it stands.")
    }
    let cores = Processor.current.usableCores
    for count in threads.counts where count > cores && misses == nil {
      StandardStreams.writeError(
        "warning: \(count) threads share \(cores) \(cores == 1 ? "core" : "cores") here: they wait for each other, and "
          + "their times say little\n")
    }
    if let misses { return try tuneMisses(misses, host: host) }
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    deployment.operators = databases.plugins.operators()
    let names = network.isEmpty ? ["shufflenet_v2_x1_0"] : network
    let graphs = try names.map { try deployment.graph(of: $0).applying(GraphPass.standard) }
    let session = try TuningSession(
      host: host, file: databases.file(of: host), plugins: databases.plugins, effort: effort, maximumError: maxError,
      limits: limits.limits, cancellation: .onInterrupt())
    var reports: [NetworkReport] = []
    for count in threads.counts {
      reports += try session.tune(graphs, threads: count)
    }
    switch printing.format {
    case .text:
      print(reports.map(\.text).joined(separator: "\n\n"))
      print("\n\(session.file.path)")
    case .json:
      print(try JSONOutput.text(TuneOutput(platform: host.name, database: session.file.path, networks: reports)))
    }
  }
}

extension TuneNetworks {
  /// Tunes the problems that a file lists.
  private func tuneMisses(_ path: String, host: PlatformFingerprint) throws {
    guard network.isEmpty else { throw ValidationError("--misses and --network exclude each other.") }
    let file = MissesFile(path: path)
    guard file.exists else { throw MissesFileError.unreadable(path: path, reason: "there is no such file") }
    let contents = try file.contents()
    if contents.tornLineCount > 0 {
      StandardStreams.writeError(
        "warning: \(path) has \(contents.tornLineCount) \(contents.tornLineCount == 1 ? "line" : "lines") that nobody wrote to "
          + "the end; skipped\n")
    }
    let misses = contents.misses
    guard !misses.isEmpty else { throw TuneProgramError.noMisses(path: path) }
    if let miss = misses.first(where: { !CompilationOptions.allowedThreads.contains($0.threads) }) {
      throw TuneProgramError.missThreads(path: path, threads: miss.threads)
    }
    let session = try TuningSession(
      host: host, file: databases.file(of: host), plugins: databases.plugins, effort: effort, maximumError: maxError,
      limits: limits.limits, cancellation: .onInterrupt())
    let entries = try session.tune(misses)
    switch printing.format {
    case .json:
      print(
        try JSONOutput.text(
          entries.map {
            MissReport(problem: $0.key.problem.description, threads: $0.key.threads, winner: $0.winner?.name)
          }))
    case .text:
      for entry in entries { print("\(entry.key): \(entry.winner?.name ?? "no winner")") }
      print("\n\(session.file.path)")
    }
  }
}

/// The JSON of a problem that was tuned by itself.
struct MissReport: Encodable {
  let problem: String
  let threads: Int
  let winner: String?
}

/// The JSON of a whole run.
struct TuneOutput: Encodable {
  let platform: String
  let database: String
  let networks: [NetworkReport]
}

extension TuningEffort: ExpressibleByArgument {}
