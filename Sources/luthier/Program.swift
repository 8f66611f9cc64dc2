import ArgumentParser
import Luthier
import Presentation
import TuneProgram

/// `luthier`: runs, measures and exports networks with what was tuned; it tunes only as `luthier tune`.
struct Program: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "luthier", abstract: "Runs, measures and exports networks with tuned kernels.",
    discussion: "'luthier tune' is the program 'tune', for where one file is to be both.",
    version: "luthier \(LibraryVersion.current)",
    subcommands: [
      RunNetwork.self, Classify.self, Detect.self, Bench.self, ProfileLayers.self, Export.self, CompileNetwork.self,
      CountOperations.self,
      Inspect.self, ListOperators.self, StudyGuidelines.self, Design.self, Serve.self,
    ])
}

@main
enum Main {
  static func main() {
    if ProgramFile.takesFirstWord("tune") { TuneMain.run() }
    ProgramMain.run(Program.self)
  }
}
