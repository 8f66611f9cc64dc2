import HostPlatform

/// The results of a tuning that has not ended.
///
/// Every line is a database of its own, so a line needs no other to be read, and older journals migrate like databases.
struct Journal {
  /// What the lines hold.
  var results: [PlatformDatabase] = []
  /// How many lines could not be read.
  var skippedLineCount = 0
  /// Whether there is a journal.
  var exists = false

  /// Reads a journal; what is no result, such as a line that a crash has torn, is skipped.
  ///
  /// - Throws: ``TuningDatabaseError`` when the file cannot be read, or a line is of another platform or newer schema.
  static func read(_ path: String, platform: PlatformFingerprint) throws(TuningDatabaseError) -> Journal {
    // One append may go beyond the size at which the journal is joined in, and each is bounded by a file's own limit.
    guard let bytes = try FileAccess.read(path, limit: JSONLimits().bytes + DatabaseFile.maximumJournalSize) else {
      return Journal()
    }
    var journal = Journal(exists: true)
    for line in bytes.split(separator: 0x0a) {
      do throws(TuningDatabaseError) {
        let results = try PlatformDatabase(decoding: Array(line), path: path)
        if let reason = results.platform.differences(from: platform) {
          throw .differentPlatform(path: path, reason: reason)
        }
        journal.results.append(results)
      } catch {
        guard case .malformed = error else { throw error }
        journal.skippedLineCount += 1
      }
    }
    return journal
  }
}
