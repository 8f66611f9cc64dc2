/// The databases at a path: one file, or every database of a folder.
public enum DatabaseFolder {
  /// Reads what is at a path, with the results of tunings that were interrupted. A journal's own path stands for its database.
  ///
  /// - Returns: each file's path and content, in the alphabetical order of the paths.
  /// - Throws: ``TuningDatabaseError`` when there is none, or one cannot be read or is no database.
  public static func databases(
    at path: String
  ) throws(TuningDatabaseError) -> [(path: String, database: PlatformDatabase)] {
    let isFolder = FileAccess.isFolder(path)
    let suffix = FolderListing.journalSuffix
    let file = path.hasSuffix(suffix) ? "\(path.dropLast(suffix.count)).json" : path
    let paths = isFolder ? FolderListing.databases(in: path) : [file]
    var databases: [(path: String, database: PlatformDatabase)] = []
    for path in paths {
      guard let database = try DatabaseFile(path: path).read() else {
        throw .unreadable(path: path, reason: "there is no such file")
      }
      databases.append((path, database))
    }
    guard !databases.isEmpty else { throw .unreadable(path: path, reason: "the folder holds no database") }
    return databases
  }

  /// Joins databases, those of one platform into one.
  ///
  /// - Returns: one database a platform, in the order in which platforms came first.
  /// - Throws: ``TuningDatabaseError``; none when every database is sound.
  public static func merged(_ databases: [PlatformDatabase]) throws(TuningDatabaseError) -> [PlatformDatabase] {
    var merged: [PlatformDatabase] = []
    for database in databases {
      if let index = merged.firstIndex(where: { $0.platform.differences(from: database.platform) == nil }) {
        try merged[index].merge(database)
      } else {
        merged.append(database)
      }
    }
    return merged
  }
}
