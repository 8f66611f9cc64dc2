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

  @OptionGroup var printing: TableArguments

  func validate() throws { try checkThreads(threads) }

  func run() throws {
    let host = try PlatformFingerprint.current()
    let file = try databases.file(of: host)
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    guard let entry = database.entry(ofLayer: layer, threads: threads) else {
      throw TuneProgramError.unknownLayer(layer, threads: threads)
    }
    let explanation = try LayerExplanation(
      entry, profiles: database.profiles, registry: databases.plugins.registry(),
      roofline: .measure(threads: entry.key.threads))
    switch printing.format {
    case .text: print(explanation.text)
    case .json: print(try JSONOutput.text(explanation))
    }
  }
}
