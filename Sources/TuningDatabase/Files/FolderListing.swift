import FoundationEssentials

/// What lies in a folder.
enum FolderListing {
  /// The most databases that are looked at in one folder.
  static let maximumDatabaseCount = 256

  /// The names in a folder, in alphabetical order; none when it cannot be read.
  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// The paths of the databases in a folder.
  static func databases(in folder: String) -> [String] {
    names(in: folder).filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") && !$0.hasPrefix(".") }
      .prefix(maximumDatabaseCount).map { "\(folder)/\($0)" }
  }
}
