import HostPlatform
import LayerKernels

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
  /// - Parameter scope: how much of each line is read.
  /// - Throws: ``TuningDatabaseError`` when the file cannot be read, or a line is of a newer schema.
  static func read(_ path: String, scope: ReadingScope = .everything) throws(TuningDatabaseError) -> Journal {
    // Almost always: what a file does not name need not be looked for in a line of each problem.
    switch scope {
    case .everything: break
    case .conversions:
      guard try FileAccess.position(of: LayoutConversionProblem.operation, in: path) != nil else { return Journal() }
    case .network(let fingerprint):
      guard !fingerprint.isEmpty, try FileAccess.position(of: fingerprint, in: path) != nil else { return Journal() }
    }
    // One append may go beyond the size at which the journal is joined in, and each is bounded by a file's own limit.
    guard let bytes = try FileAccess.read(path, limit: maximumSize) else { return Journal() }
    var journal = Journal(exists: true)
    for line in bytes.split(separator: 0x0a) {
      do throws(TuningDatabaseError) {
        journal.results.append(try PlatformDatabase(decoding: Array(line), path: path, scope: scope))
      } catch {
        guard case .malformed = error else { throw error }
        journal.skippedLineCount += 1
      }
    }
    return journal
  }

  static var maximumSize: Int { JSONLimits().bytes + DatabaseFile.maximumJournalSize }

  /// A database with the journal's results; nil where there is neither.
  ///
  /// - Throws: ``TuningDatabaseError/differentPlatform(path:reason:)`` when a line is of another platform than the others.
  func joined(to database: PlatformDatabase?, path: String) throws(TuningDatabaseError) -> PlatformDatabase? {
    guard let first = results.first else { return database }
    var joined = database ?? PlatformDatabase(platform: first.platform, created: first.created)
    for line in results {
      if let reason = line.platform.differences(from: joined.platform) {
        throw .differentPlatform(path: path, reason: reason)
      }
      try joined.merge(line)
    }
    return joined
  }
}
