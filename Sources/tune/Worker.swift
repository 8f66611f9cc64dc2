import ArgumentParser
import Autotuner
import Luthier
import Presentation

/// `tune worker`: the process in which candidates run; the tuner starts it.
struct Worker: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run candidates for a tuner that asks on standard input.", shouldDisplay: false)

  @OptionGroup var plugins: PluginArguments

  func run() throws {
    let registry = try plugins.registry()
    TuningWorker.serve(registry: registry, oracle: registry.filter { $0.family == "reference" })
  }
}
