import HostPlatform

/// Where the user's database lies.
///
/// In this order: a path given to the program; the environment variable `LUTHIER_TUNING_DB`; `$XDG_DATA_HOME/luthier`;
/// `~/.local/share/luthier` (XDG Base Directory Specification, where a variable that is no absolute path counts as unset).
public struct DatabaseLocation: Hashable, Sendable {
  /// Who named the location.
  public enum Origin: String, Hashable, Sendable {
    /// An argument of the program.
    case argument = "given"
    /// The environment variable.
    case environment = "LUTHIER_TUNING_DB"
    /// The user's data folder.
    case dataFolder = "the user's data folder"
  }

  /// A folder of databases, or one database file if the path ends in `.json`.
  public let path: String
  /// Who named it.
  public let origin: Origin

  /// The environment variable that names a location.
  public static let environmentVariable = "LUTHIER_TUNING_DB"

  /// The environment variables that ``user(path:environment:)`` looks at.
  public static let environmentVariables = [environmentVariable, "XDG_DATA_HOME", "HOME"]

  /// A location.
  public init(path: String, origin: Origin) {
    // A folder's name ends without a slash, so that paths below it have one.
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.origin = origin
  }

  /// Whether somebody asked for this location, so that failing to read it has to be said as an error.
  public var isExplicit: Bool { origin != .dataFolder }

  /// Whether there is anything at the location, be it a file, the journal of one, or a folder.
  public var exists: Bool { isFile ? DatabaseFile(path: path).exists : FileAccess.exists(path) }

  /// Whether the location is one database file.
  public var isFile: Bool { path.hasSuffix(".json") && !FileAccess.isFolder(path) }

  /// The database of a platform at this location, which need not exist yet.
  ///
  /// - Throws: ``TuningDatabaseError`` when there is a file of the platform's name that is no database.
  public func file(of platform: PlatformFingerprint) throws(TuningDatabaseError) -> DatabaseFile {
    isFile ? DatabaseFile(path: path) : try DatabaseFile(folder: path, platform: platform)
  }

  /// The user's location; nil when none is given and there is no home folder.
  ///
  /// - Parameters:
  ///   - path: an argument of the program; empty counts as not given.
  ///   - environment: environment variables by name; an empty value counts as unset.
  public static func user(
    path: String? = nil, environment: [String: String] = ProcessEnvironment.values(of: environmentVariables)
  ) -> DatabaseLocation? {
    if let path, !path.isEmpty { return DatabaseLocation(path: path, origin: .argument) }
    if let path = environment[environmentVariable], !path.isEmpty {
      return DatabaseLocation(path: path, origin: .environment)
    }
    if let folder = environment["XDG_DATA_HOME"], folder.hasPrefix("/") {
      return DatabaseLocation(path: "\(folder)/luthier", origin: .dataFolder)
    }
    if let home = environment["HOME"], home.hasPrefix("/") {
      return DatabaseLocation(path: "\(home)/.local/share/luthier", origin: .dataFolder)
    }
    return nil
  }
}
