import ArgumentParser
import Luthier
import Presentation

/// `tune prune`: removes what no longer holds.
struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove results of kernels that have changed, and profiles that choose them; or raw samples.")

  @Flag(help: "What no longer holds. The default where nothing else is named.")
  var stale = false

  @Flag(help: "The raw samples of every time, which are most of the file; medians and spreads stay.")
  var samples = false

  @Flag(help: "Results of kernels that are unknown here, too, such as those of a plugin that is not loaded.")
  var unknownKernels = false

  @Flag(help: "Say what would be removed, and remove nothing.")
  var dryRun = false

  @OptionGroup var databases: DatabaseArguments

  @OptionGroup var printing: TableArguments

  struct Result: Encodable {
    let database: String
    let candidates: Int
    let entries: Int
    let profiles: Int
    /// Candidates that have lost their raw samples.
    let without_samples: Int
    let is_dry_run: Bool
  }

  func run() throws {
    let host = try PlatformFingerprint.current()
    let file = try databases.file(of: host)
    guard var database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    let library = RunningLibrary(try databases.plugins.registry(), host: host)
    var pruned = prune(&database, library)
    if !dryRun { _ = try file.update(platform: host) { stored in pruned = prune(&stored, library) } }
    let result = Result(
      database: file.path, candidates: pruned.stale.candidates, entries: pruned.stale.entries,
      profiles: pruned.stale.profiles, without_samples: pruned.samples, is_dry_run: dryRun)
    guard printing.format == .text else {
      print(try JSONOutput.text(result))
      return
    }
    print(
      "\(file.path): \(dryRun ? "would remove" : "removed") \(result.candidates) candidates, \(result.entries) whole problems, "
        + "\(result.profiles) profiles" + (samples ? ", the samples of \(result.without_samples) candidates" : ""))
  }

  private func prune(
    _ database: inout PlatformDatabase, _ library: RunningLibrary
  ) -> (stale: PlatformDatabase.Pruned, samples: Int) {
    let takesStale = stale || unknownKernels || !samples
    let pruned = takesStale ? database.prune(library, removingUnknownKernels: unknownKernels) : .init()
    return (pruned, samples ? database.removeSamples() : 0)
  }
}
