import ArgumentParser
import Luthier

/// The option that says where databases lie.
struct DatabaseArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of databases.",
      discussion: "By default TuningDB where there is one, else LUTHIER_TUNING_DB, else the user's data folder."))
  var database: String?

  /// The file of this platform's database.
  func file(of platform: PlatformFingerprint) throws -> DatabaseFile {
    let location = try DatabaseLocation.resolve(
      explicit: database ?? (FolderListing.isFolder("TuningDB") ? "TuningDB" : nil),
      environment: ProcessEnvironment.current)
    return location.isFile
      ? DatabaseFile(path: location.path) : try DatabaseFile(folder: location.path, platform: platform)
  }
}
