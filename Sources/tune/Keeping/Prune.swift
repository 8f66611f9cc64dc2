import ArgumentParser
import Luthier
import Presentation

/// `tune prune`: removes what no longer holds.
struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove results of kernels that have changed, and profiles that choose them.")

  @Flag(help: "Results of kernels that are unknown here, too, such as those of a plugin that is not loaded.")
  var unknownKernels = false

  @Flag(help: "Say what would be removed, and remove nothing.")
  var dryRun = false

  @OptionGroup var databases: DatabaseArguments

  @Option(help: "Print as text or json.")
  var output = OutputFormat.text

  struct Result: Encodable {
    let database: String
    let candidates: Int
    let entries: Int
    let profiles: Int
    let is_dry_run: Bool
  }

  func run() throws {
    let host = try PlatformFingerprint.current()
    let file = try databases.file(of: host)
    guard var database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    let library = RunningLibrary(try databases.plugins.registry(), host: host)
    var pruned = database.prune(library, removingUnknownKernels: unknownKernels)
    if !dryRun {
      _ = try file.update(platform: host) { stored in
        pruned = stored.prune(library, removingUnknownKernels: unknownKernels)
      }
    }
    let result = Result(
      database: file.path, candidates: pruned.candidates, entries: pruned.entries, profiles: pruned.profiles,
      is_dry_run: dryRun)
    guard output == .text else {
      print(try JSONOutput.text(result))
      return
    }
    print(
      "\(file.path): \(dryRun ? "would remove" : "removed") \(result.candidates) candidates, \(result.entries) whole problems, "
        + "\(result.profiles) profiles")
  }
}
