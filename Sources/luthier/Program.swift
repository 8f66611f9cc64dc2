import ArgumentParser
import Luthier
import Presentation

/// `luthier`: runs, measures and exports networks with what was tuned; it never tunes.
struct Program: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "luthier", abstract: "Runs, measures and exports networks with tuned kernels.",
    version: "luthier \(LibraryVersion.current)",
    subcommands: [
      RunNetwork.self, Classify.self, Detect.self, Bench.self, ProfileLayers.self, Export.self, CompileNetwork.self,
      CountOperations.self,
      Inspect.self, ListOperators.self, StudyGuidelines.self, Design.self,
    ])
}

@main
enum Main {
  static func main() { ProgramMain.run(Program.self) }
}
