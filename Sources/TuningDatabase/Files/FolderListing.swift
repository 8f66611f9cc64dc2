import FoundationEssentials

/// What lies in a folder.
enum FolderListing {
  /// The most databases that are looked at in one folder.
  static let maximumDatabaseCount = 256

  /// The names in a folder, in alphabetical order; none when it cannot be read.
  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// What the name of a database's journal ends in, where the database's own ends in `.json`.
  static let journalSuffix = ".journal.jsonl"

  /// The paths of the databases in a folder, also of those that have only a journal yet.
  static func databases(in folder: String) -> [String] {
    let names = names(in: folder).filter { !$0.hasPrefix(".") }
    let databases = names.filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") }
    let journals = names.filter { $0.hasSuffix(journalSuffix) }.map { "\($0.dropLast(journalSuffix.count)).json" }
    return Set(databases + journals).sorted().prefix(maximumDatabaseCount).map { "\(folder)/\($0)" }
  }
}
