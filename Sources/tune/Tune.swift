import ArgumentParser
import Luthier
import Presentation

/// `tune`: times every kernel on this machine and keeps the winners.
struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Times every kernel for every layer of a network on this machine and keeps the winners.",
    discussion: """
      tune --platform this-host                       ShuffleNetV2 x1.0 at 224, one thread
      tune --platform this-host --network model.onnx --threads 1,2 --effort thorough
      """,
    version: "luthier \(LibraryVersion.current)",
    subcommands: [
      TuneNetworks.self, Show.self, Explain.self, Report.self, Kernels.self, Reproduce.self, TimeCandidate.self,
      Verify.self, Audit.self, MergeDatabases.self, CompareDatabases.self, Prune.self, ExportDatabase.self,
      Benchmark.self, Worker.self,
    ],
    defaultSubcommand: TuneNetworks.self)
}

/// The program `tune`, in whichever file it is.
package enum TuneMain {
  /// Runs it on the process's arguments and ends the process.
  package static func run() -> Never { ProgramMain.run(Tune.self) }
}
