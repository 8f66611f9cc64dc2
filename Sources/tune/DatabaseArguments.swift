import ArgumentParser
import FoundationEssentials
import Luthier
import Presentation

/// The option that says where databases lie.
struct DatabaseArguments: ParsableArguments {
  @OptionGroup var plugins: PluginArguments

  @Option(
    help: ArgumentHelp(
      "The folder of databases.",
      discussion: "By default LUTHIER_TUNING_DB, else TuningDB where there is one, else the user's data folder."))
  var database: String?

  func validate() throws {
    if database == "" { throw ValidationError("--database is empty; leave it out for the default place.") }
  }

  /// The file of this platform's database.
  func file(of platform: PlatformFingerprint) throws -> DatabaseFile {
    var isFolder = false
    let hasOwn = FileManager.default.fileExists(atPath: Deployment.shippedFolder, isDirectory: &isFolder) && isFolder
    let named = DatabaseLocation.user(path: database)
    if hasOwn, named?.isExplicit != true {
      return try DatabaseFile(folder: Deployment.shippedFolder, platform: platform)
    }
    guard let named else { throw TuneProgramError.noFolder }
    return try named.file(of: platform)
  }
}
