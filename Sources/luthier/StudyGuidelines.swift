import ArgumentParser
import Autotuner
import GuidelineStudy
import Luthier
import Presentation

/// `luthier study`: the paper's experiments on this machine.
struct StudyGuidelines: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study", abstract: "Repeat the ShuffleNetV2 paper's experiments on this machine.",
    discussion: "Results are kept in the folder; the same command goes on where it was stopped.")

  @Argument(help: "all, or one of \(Experiment.allCases.map(\.rawValue).joined(separator: ", ")).")
  var experiment = "all"

  @OptionGroup var arguments: StudyArguments

  @Option(help: "Thread counts, such as 1,2. By default one and all that this process may use.")
  var threads: ThreadCounts?

  @Option(help: "How large the networks are: paper, or tiny, which only tries the code.")
  var size = StudyOptions.Size.paper

  @Option(help: "A Python that can import onnxruntime, to have its times beside ours.")
  var peerPython: String?

  @OptionGroup var printing: TableArguments

  func run() throws {
    let experiments = try chosen()
    var options = try arguments.options()
    options.size = size
    options.peerPython = peerPython
    if let threads {
      try threads.counts.forEach(checkThreads)
      options.threads = threads.counts
    }
    let progress = ProgressLine()
    let display = StudyProgress(progress)
    let study = try Study(options, cancellation: .onInterrupt(), report: display.show)
    var results: [ExperimentResult] = []
    for (index, experiment) in experiments.enumerated() {
      display.position = (index, experiments.count)
      let result = try study.run([experiment])[0]
      results.append(result)
      progress.clear()
      if printing.format == .text { print(ExperimentText(result).text + "\n") }
      _ = try study.writePictures(of: result)
    }
    let report = try study.writeReport(results)
    switch printing.format {
    case .text: print(report)
    case .json: print(try JSONOutput.text(StudyOutput(report: report, experiments: results.map(ExperimentTable.init))))
    }
  }

  private func chosen() throws -> [Experiment] {
    if experiment == "all" { return Experiment.allCases }
    guard let one = Experiment(rawValue: experiment) else {
      throw ValidationError(
        "no experiment is called '\(experiment)'; known are all, "
          + "\(Experiment.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return [one]
  }
}

extension StudyOptions.Size: ExpressibleByArgument {}

/// What the study and the design check share.
struct StudyArguments: ParsableArguments {
  @Option(help: "The folder of results and of what was tuned for them.")
  var folder = "luthier-study"

  @Option(help: "A kernel family to run wherever it applies, instead of tuned kernels: direct, im2col, winograd, …")
  var kernels: String?

  @Option(help: "Rounds in which everything is timed in turn.")
  var rounds = 15

  func validate() throws {
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is \(rounds); allowed are 1 to 1000.") }
  }

  func options() throws -> StudyOptions {
    var options = StudyOptions(folder: folder, rounds: rounds)
    if let kernels { try checkFamily(kernels, in: .standard()) }
    options.family = kernels
    return options
  }
}

/// Shows a study's events.
final class StudyProgress {
  private let line: ProgressLine
  /// Which of how many experiments is running.
  var position = (index: 0, count: 1)
  private var name = ""

  init(_ line: ProgressLine) { self.line = line }

  func show(_ event: StudyEvent) {
    switch event {
    case .began(let experiment, _, _): name = experiment.rawValue
    case .resumed(let experiment, _, _): line.note("\(experiment.rawValue): kept from before")
    case .progress(let done, let text):
      line.update(
        done: (Double(position.index) + done) / Double(max(position.count, 1)), name.isEmpty ? text : "\(name): \(text)"
      )
    }
  }
}

/// The JSON of a study.
struct StudyOutput: Encodable {
  let report: String
  let experiments: [ExperimentTable]
}

/// An experiment's table with a row as an object.
struct ExperimentTable: Encodable {
  let experiment: String
  let rows: [[String: ExperimentResult.Cell]]
  let claims: [Claim]
  let notes: [String]
  let seconds: Double

  struct Claim: Encodable {
    let statement: String
    let paper: String
    let here: String
    let verdict: String
  }

  init(_ result: ExperimentResult) {
    experiment = result.experiment.rawValue
    rows = result.rows.map { row in
      Dictionary(zip(result.columns.map(\.key), row), uniquingKeysWith: { first, _ in first })
    }
    claims = result.claims.map { Claim(statement: $0.statement, paper: $0.paper, here: $0.here, verdict: $0.verdict) }
    notes = result.notes
    seconds = result.seconds
  }
}

/// An experiment for people.
struct ExperimentText {
  private let result: ExperimentResult

  init(_ result: ExperimentResult) { self.result = result }

  var text: String {
    var table = Table(result.columns.map { $0.digits == nil ? .text($0.title) : .number($0.title) })
    for row in result.rows { table.add(zip(result.columns, row).map { $0.text(of: $1) }) }
    var lines = [result.experiment.question, "", table.text, ""]
    for claim in result.claims {
      lines.append("\(claim.statement): \(claim.verdict)")
      lines.append("  paper: \(claim.paper)")
      lines.append("  here:  \(claim.here)")
    }
    return lines.joined(separator: "\n")
  }
}

extension StudyError: ExitStatusProviding {
  /// A clock that gives no time is a fault of ours; a file and a Python are those that somebody named.
  public var exitStatus: ExitStatus {
    switch self {
    case .notMeasured: .internalError
    case .unreadable: .badData
    case .peer: .usage
    }
  }
}
