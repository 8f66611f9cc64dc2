import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// `tune time`: one candidate of one problem, alone.
struct TimeCandidate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "time", abstract: "Check and time one candidate of a problem, or what runs untuned.")

  @Argument(help: "The problem's key, as 'tune show' prints it.")
  var problem: String

  @Option(help: "The kernel's name; by default what runs untuned.")
  var kernel: String?

  @Option(help: "The kernel's configuration, such as m=14,n=2; by default its best guess.")
  var configuration: String?

  @Option(help: "Threads that share the work.")
  var threads = 1

  @Option(help: "Seconds that it may take in all, most of them the reference's.")
  var timeLimit = 120.0

  @OptionGroup var plugins: PluginArguments

  @OptionGroup var printing: TableArguments

  struct Result: Encodable {
    let problem: String
    let candidate: String
    let threads: Int
    let median_us: Double
    let min_us: Double
    let spread: Double
    let samples: Int
    let gflops: Double
    let error: Double
  }

  func validate() throws {
    try checkThreads(threads)
    guard (0.1...86_400).contains(timeLimit) else {
      throw ValidationError("--time-limit is \(timeLimit); allowed are 0.1 to 86400.")
    }
  }

  func run() throws {
    let registry = try plugins.registry()
    let problem = try registry.problem(for: ProblemKey(parsing: problem))
    let candidate = try candidate(for: problem, in: registry)
    let timer = CandidateTimer(
      oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: .normal))
    let limit = TimeLimit(seconds: timeLimit, what: "timing '\(problem.key)'", option: "--time-limit")
    defer { limit.lift() }
    guard let timing = try timer.time([candidate], threads: threads, cancellation: .onInterrupt())[0] else {
      throw TuningError.noCandidate(problem: problem.key, reasons: ["the clock gave no usable time"])
    }
    let result = Result(
      problem: problem.key.description, candidate: candidate.name, threads: threads,
      median_us: timing.time.medianNanoseconds / 1e3, min_us: timing.time.minimumNanoseconds / 1e3,
      spread: timing.time.relativeSpread, samples: timing.time.sampleCount,
      gflops: Double(problem.operationCount.flopsWithBias) / timing.time.medianNanoseconds, error: timing.error)
    switch printing.format {
    case .json: print(try JSONOutput.text(result))
    case .text:
      print(
        "\(result.candidate): \(Figures.time(nanoseconds: result.median_us * 1e3)) ± \(Figures.percent(result.spread)), "
          + "least \(Figures.time(nanoseconds: result.min_us * 1e3)), \(Figures.fixed(result.gflops, 1)) GFLOP/s, "
          + "error \(Float(result.error)), \(result.samples) samples")
    }
  }

  private func candidate(for problem: any LayerProblem, in registry: KernelRegistry) throws -> Candidate {
    guard let kernel else {
      if configuration != nil { throw ValidationError("--configuration needs --kernel.") }
      return try registry.defaultCandidate(for: problem)
    }
    if let configuration {
      guard let numbers = KernelConfiguration(parsing: configuration) else {
        throw ValidationError("--configuration is '\(configuration)'; it is written as m=14,n=2.")
      }
      return try registry.candidate(named: KernelIdentifier(kernel), configuration: numbers, for: problem)
    }
    let own = registry.candidates(for: problem).first { $0.kernel.name == kernel }
    return try own ?? registry.candidate(named: KernelIdentifier(kernel), configuration: [:], for: problem)
  }
}
