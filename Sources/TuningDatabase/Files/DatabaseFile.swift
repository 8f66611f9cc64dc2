import HostPlatform
import LayerKernels

/// The file of one platform's database, with its journal and its lock beside it.
///
/// | file | what for |
/// | --- | --- |
/// | `<platform>.json` | the database; only ever replaced as a whole |
/// | `<platform>.journal.jsonl` | results of a tuning that has not ended, a line each; joined into the database and removed by the next ``update(platform:_:)`` |
/// | `<platform>.lock` | held while either is written |
///
/// Where the path is a link, all three lie where it leads. Reading gives the journal's results with the database's, and takes no
/// lock, since the database changes in one step. Several tuners may write at once: each adds to what the others have written.
public struct DatabaseFile: Hashable, Sendable {
  /// The database's path.
  public let path: String
  /// How long to wait for another process that writes.
  public let patience: Duration

  /// How large a journal grows before it is joined into the database, in bytes.
  static let maximumJournalSize = 8 << 20

  /// The file at a path.
  public init(path: String, patience: Duration = .seconds(30)) {
    self.path = path
    self.patience = patience
  }

  /// The file of a platform in a folder: `<platform>.json`, or with a digest of the fingerprint after its name where that
  /// file is another machine's, whose cores have the same name but other caches, for example.
  ///
  /// - Throws: ``TuningDatabaseError`` when there is a file of that name that cannot be read or is no database.
  public init(
    folder: String, platform: PlatformFingerprint, patience: Duration = .seconds(30)
  ) throws(TuningDatabaseError) {
    self = try Self.read(folder: folder, platform: platform, patience: patience).file
  }

  /// The file of a platform in a folder, with what it holds: read once, since start-up waits for it.
  static func read(
    folder: String, platform: PlatformFingerprint, patience: Duration = .seconds(30), scope: ReadingScope = .everything
  ) throws(TuningDatabaseError) -> (file: DatabaseFile, database: PlatformDatabase?) {
    let plain = DatabaseFile(path: "\(folder)/\(platform.name).json", patience: patience)
    let found = try plain.read(scope)
    guard let found, found.platform.differences(from: platform) != nil else { return (plain, found) }
    let own = DatabaseFile(path: "\(folder)/\(platform.name)-\(platform.digest).json", patience: patience)
    return (own, try own.read(scope))
  }

  private var stem: String {
    let target = ReplacedFile.target(of: path)
    return target.hasSuffix(".json") ? String(target.dropLast(5)) : target
  }

  /// The journal's path.
  public var journalPath: String { stem + FolderListing.journalSuffix }

  /// The lock's path.
  public var lockPath: String { stem + ".lock" }

  /// What the file and its journal hold; nil when there is neither. Neither is changed.
  ///
  /// - Throws: ``TuningDatabaseError`` when one cannot be read, is not a database, or they are of two platforms.
  public func read(_ scope: ReadingScope = .everything) throws(TuningDatabaseError) -> PlatformDatabase? {
    // The journal first: a tuner that ends in between puts its results into the database before it removes them there.
    let journal = try Journal.read(journalPath, scope: scope)
    return try journal.joined(to: readDatabase(scope), path: journalPath)
  }

  /// Whether there is a database, or the journal of one to be.
  public var exists: Bool { FileAccess.exists(path) || FileAccess.exists(journalPath) }

  private func readDatabase(_ scope: ReadingScope) throws(TuningDatabaseError) -> PlatformDatabase? {
    if scope == .conversions, try FileAccess.position(of: LayoutConversionProblem.operation, in: path) == nil {
      // Almost always: what a file does not name need not be looked for after thousands of brackets.
      return try readDatabase(.network(fingerprint: ""))
    }
    if scope.allowsMissingEntries, let end = try FileAccess.position(of: "\"entries\"", in: path),
      let head = try FileAccess.read(path, first: end)
    {
      do throws(TuningDatabaseError) {
        return try PlatformDatabase(decoding: head, path: path, scope: scope)
      } catch {
        // The profiles stand elsewhere, or are malformed: the whole text tells which.
      }
    }
    guard let bytes = try FileAccess.read(path) else { return nil }
    return try PlatformDatabase(decoding: bytes, path: path, scope: scope)
  }

  /// What an update has done.
  public struct Update: Sendable {
    /// The database as it now is.
    public let database: PlatformDatabase
    /// Whether anything was different from what the file held.
    public let wasWritten: Bool
    /// How many results of an interrupted tuning were joined in.
    public let recoveredLineCount: Int
    /// How many lines of the journal could not be read: at most the one that a crash has torn, unless somebody edits it.
    public let skippedLineCount: Int
  }

  /// Reads the database, joins the journal in, changes it, and puts it in the old one's place, all under the lock.
  ///
  /// A file that does not exist begins as an empty database of the platform, and is not written while it is empty. A file
  /// that would not change is not written. With a function that does nothing this recovers an interrupted tuning.
  ///
  /// - Throws: ``TuningDatabaseError``; the old database and the journal are then intact.
  @discardableResult
  public func update(
    platform: PlatformFingerprint, _ change: (inout PlatformDatabase) throws(TuningDatabaseError) -> Void
  ) throws(TuningDatabaseError) -> Update {
    try withLock { () throws(TuningDatabaseError) in try updateLocked(platform: platform, change) }
  }

  /// Writes results of one problem or network down at once, so that they outlive the process.
  ///
  /// Costs one line's writing and the wait for the disk, however large the database is.
  ///
  /// - Parameter results: a database with nothing but these results.
  /// - Throws: ``TuningDatabaseError``.
  public func journal(_ results: PlatformDatabase) throws(TuningDatabaseError) {
    let line = try results.line()
    try withLock { () throws(TuningDatabaseError) in
      let size = try FileAccess.append(line, to: journalPath, like: path)
      if size > Self.maximumJournalSize {
        _ = try updateLocked(platform: results.platform) { (_) throws(TuningDatabaseError) in }
      }
    }
  }

  private func withLock<Result>(
    _ body: () throws(TuningDatabaseError) -> Result
  ) throws(TuningDatabaseError) -> Result {
    if let objection = PlainFile.objection(to: path) { throw .unwritable(path: path, reason: objection) }
    try FileAccess.makeFolder(FileAccess.folder(of: path))
    return try FileLock.withLock(lockPath, patience: patience, body)
  }

  private func updateLocked(
    platform: PlatformFingerprint, _ change: (inout PlatformDatabase) throws(TuningDatabaseError) -> Void
  ) throws(TuningDatabaseError) -> Update {
    let old = try FileAccess.read(path)
    let stored = try old.map { (bytes) throws(TuningDatabaseError) in try PlatformDatabase(decoding: bytes, path: path)
    }
    if let reason = stored?.platform.differences(from: platform) {
      throw .differentPlatform(path: path, reason: reason)
    }
    let journal = try Journal.read(journalPath)
    var database =
      try journal.joined(to: stored, path: journalPath) ?? PlatformDatabase(platform: platform)
    if let reason = database.platform.differences(from: platform) {
      throw .differentPlatform(path: journalPath, reason: reason)
    }
    try change(&database)
    let bytes = try database.encoded()
    let isNeeded = bytes != old && !(old == nil && database.isEmpty)
    // What is longer could never be read again.
    guard bytes.count <= JSONLimits().bytes else {
      throw .tooLarge(path: path, bytes: bytes.count, limit: JSONLimits().bytes)
    }
    if isNeeded { try FileAccess.replace(path, with: bytes) }
    if journal.exists { try FileAccess.remove(journalPath) }
    return Update(
      database: database, wasWritten: isNeeded, recoveredLineCount: journal.results.count,
      skippedLineCount: journal.skippedLineCount)
  }
}
