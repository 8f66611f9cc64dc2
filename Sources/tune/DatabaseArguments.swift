import ArgumentParser
import FoundationEssentials
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
    var isFolder = false
    let hasOwn = FileManager.default.fileExists(atPath: Deployment.shippedFolder, isDirectory: &isFolder) && isFolder
    let location = DatabaseLocation.user(
      path: database ?? (hasOwn ? Deployment.shippedFolder : nil), environment: ProcessEnvironment.current)
    guard let location else { throw TuneProgramError.noFolder }
    return try location.file(of: platform)
  }
}
