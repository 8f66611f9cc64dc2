import HostPlatform
import LayerKernels

/// All that was tuned on one platform: what one file `TuningDB/<platform>.json` holds.
///
/// A layer tuned for one network serves every network with the same problem, so results are kept by problem; what was
/// chosen for a whole network stands in its profile. A database is a value; ``DatabaseFile`` reads and writes it.
public struct PlatformDatabase: Equatable, Sendable {
  /// The machine that the times are of.
  public internal(set) var platform: PlatformFingerprint
  /// The newest library that has written into it.
  public internal(set) var library: LibraryVersion
  /// When it was begun.
  public internal(set) var created: Timestamp
  /// When something was last added.
  public internal(set) var updated: Timestamp

  var entriesByKey: [TuningEntry.Key: TuningEntry] = [:]
  var profilesByKey: [NetworkProfile.Key: NetworkProfile] = [:]

  /// The version of the file's form that this library writes.
  public static let schemaVersion = 1

  /// A database without results.
  public init(platform: PlatformFingerprint, library: LibraryVersion = .current, created: Timestamp = .now()) {
    self.platform = platform
    self.library = library
    self.created = created
    updated = created
  }

  /// Every entry, in the order of the file.
  public var entries: [TuningEntry] { entriesByKey.values.sorted { $0.key < $1.key } }

  /// Every profile, in the order of the file.
  public var profiles: [NetworkProfile] { profilesByKey.values.sorted { $0.key < $1.key } }

  /// Whether nothing is in it.
  public var isEmpty: Bool { entriesByKey.isEmpty && profilesByKey.isEmpty }

  /// What is known of a problem; nil when nothing is.
  public func entry(_ key: TuningEntry.Key) -> TuningEntry? { entriesByKey[key] }

  /// What is known of a problem; nil when nothing is.
  public func entry(problem: ProblemKey, threads: Int, weights: String? = nil) -> TuningEntry? {
    entriesByKey[TuningEntry.Key(problem: problem, threads: threads, weights: weights)]
  }

  /// The choices for a network; nil when it was not tuned so.
  public func profile(_ key: NetworkProfile.Key) -> NetworkProfile? { profilesByKey[key] }

  /// Adds results of one problem, of which each replaces an older one of the same candidate.
  ///
  /// - Parameters:
  ///   - records: what came of candidates.
  ///   - key: the problem, threads and weights.
  ///   - ruling: who won and who is tied, where the tuner knows better than medians; nil to judge by them.
  ///   - search: given when the problem has now been tuned to the end; a less thorough one does not replace another.
  public mutating func record(
    _ records: [CandidateRecord], for key: TuningEntry.Key,
    ruling: (winner: CandidateRecord, tied: [CandidateRecord])? = nil, search: SearchRecord? = nil,
    at moment: Timestamp = .now()
  ) {
    var entry = entriesByKey[key] ?? TuningEntry(key: key)
    entry.add(records)
    if let ruling { entry.judge(winner: ruling.winner, tied: ruling.tied) }
    if let search { entry.finish(SearchRecord.better(entry.search, search)) }
    entriesByKey[key] = entry
    touch(moment)
  }

  /// Adds all that is known of one problem to what is there, as ``merge(_:)`` does.
  public mutating func record(_ entry: TuningEntry, at moment: Timestamp = .now()) {
    entriesByKey[entry.key] = entriesByKey[entry.key].map { $0.merged(with: entry) } ?? entry
    touch(moment)
  }

  /// Adds a network's choices, in place of older ones.
  public mutating func record(_ profile: NetworkProfile, at moment: Timestamp = .now()) {
    profilesByKey[profile.key] = profile
    touch(moment)
  }

  mutating func touch(_ moment: Timestamp) {
    updated = max(updated, moment)
    library = max(library, .current)
  }
}
