import ArgumentParser
import Luthier
import Presentation

/// `tune repro`: the command that times a stored candidate alone.
struct Reproduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repro",
    abstract: "Print the one-line command that times a layer's winner, or another candidate, alone.")

  @Argument(help: "A layer's name, a network's layer as NETWORK/LAYER, or a problem's key.")
  var layer: String

  @Option(help: "A kernel of the layer instead of its winner.")
  var kernel: String?

  @Option(help: "The kernel's configuration, such as m=14,n=2; by default its fastest.")
  var configuration: String?

  @Option(help: "The number of threads that the layer was tuned for.")
  var threads = 1

  @OptionGroup var databases: DatabaseArguments

  @Flag(help: "Print as JSON.")
  var json = false

  struct Result: Encodable {
    let problem: String
    let candidate: String
    let command: String
  }

  func validate() throws { try checkThreads(threads) }

  func run() throws {
    let file = try databases.file(of: .current())
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    guard let entry = database.entry(ofLayer: layer, threads: threads) else {
      throw TuneProgramError.unknownLayer(layer, threads: threads)
    }
    let record = try record(in: entry)
    var words =
      [ProgramFile.path] + ProgramFile.arguments(["time", "\(entry.key.problem)", "--kernel", record.kernel.name])
    if !record.configuration.values.isEmpty { words += ["--configuration", "\(record.configuration)"] }
    words += ["--threads", "\(threads)"] + databases.plugins.arguments
    let command = words.map(\.asShellWord).joined(separator: " ")
    let result = Result(problem: "\(entry.key.problem)", candidate: record.name, command: command)
    print(json ? try JSONOutput.text(result) : command)
  }

  private func record(in entry: TuningEntry) throws -> CandidateRecord {
    guard let kernel else {
      if configuration != nil { throw ValidationError("--configuration needs --kernel.") }
      guard let winner = entry.winner else { throw ValidationError("the layer has no winner; name a --kernel.") }
      return winner
    }
    // Fastest first, then what has no time; what the kernel refused never ran.
    let own = (entry.ranking(maximumError: .infinity) + entry.candidates).filter {
      $0.kernel.name == kernel && $0.verdict != .refused
    }
    let wanted = configuration.map { text in own.first { "\($0.configuration)" == text } } ?? own.first
    guard let wanted else {
      let names = entry.candidates.filter { $0.verdict != .refused }.map(\.name)
      throw ValidationError(
        "the layer has no candidate '\([kernel, configuration].compactMap { $0 }.joined(separator: " "))'; it has "
          + "\(names.joined(separator: "; ")).")
    }
    return wanted
  }
}

extension String {
  /// The text as one word of a POSIX shell's command line.
  fileprivate var asShellWord: String {
    let isPlain = !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=,:".contains($0)) }
    return isPlain ? self : "'\(split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
  }
}
