import ArgumentParser
import Luthier
import Presentation

/// `tune explain`: why a layer runs on the kernel that it runs on.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print every candidate of a layer with its time, or why it does not apply.")

  @Argument(help: "A layer's name, a network's layer as NETWORK/LAYER, or a problem's key.")
  var layer: String

  @Option(help: "The number of threads that the layer was tuned for.")
  var threads = 1

  @OptionGroup var databases: DatabaseArguments

  @Option(help: "Print as text or json.")
  var output = OutputFormat.text

  func run() throws {
    let host = try PlatformFingerprint.current()
    let file = try databases.file(of: host)
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    guard let entry = entry(in: database) else { throw TuneProgramError.unknownLayer(layer) }
    let explanation = try LayerExplanation(
      entry, registry: .standard(), roofline: .measure(threads: entry.key.threads))
    switch output {
    case .text: print(explanation.text)
    case .json: print(try JSONOutput.text(explanation))
    }
  }

  private func entry(in database: PlatformDatabase) -> TuningEntry? {
    if let key = try? ProblemKey(parsing: layer), let entry = database.entry(problem: key, threads: threads) {
      return entry
    }
    for profile in database.profiles where profile.key.threads == threads {
      for candidate in profile.layers
      where candidate.node == layer || "\(profile.key.network)/\(candidate.node)" == layer {
        if let entry = database.entry(problem: candidate.problem, threads: threads) { return entry }
      }
    }
    return nil
  }
}
