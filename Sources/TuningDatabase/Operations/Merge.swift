import HostPlatform

/// Databases of one platform joined into one.
///
/// Merging is commutative, associative and idempotent: however many machines of a fleet merge their files, in whatever
/// order, they get the same file.
extension PlatformDatabase {
  /// Adds everything that is in another database.
  ///
  /// Of two results of one candidate the newer stays; verdicts are decided anew where results of both are in one entry; of
  /// two searches the more thorough stays, of equally thorough ones the newer; of two profiles the newer.
  ///
  /// - Throws: ``TuningDatabaseError/differentPlatform(path:reason:)`` when the other is of another platform.
  public mutating func merge(_ other: PlatformDatabase) throws(TuningDatabaseError) {
    if let reason = other.platform.differences(from: platform) {
      throw .differentPlatform(path: nil, reason: reason)
    }
    for (key, entry) in other.entriesByKey {
      entriesByKey[key] = entriesByKey[key].map { $0.merged(with: entry) } ?? entry
    }
    for (key, profile) in other.profilesByKey {
      profilesByKey[key] = profilesByKey[key].map { NetworkProfile.newer($0, profile) } ?? profile
    }
    library = max(library, other.library)
    created = min(created, other.created)
    updated = max(updated, other.updated)
  }
}

extension TuningEntry {
  /// The union of two entries of one key.
  func merged(with other: TuningEntry) -> TuningEntry {
    var merged = self
    merged.search = SearchRecord.better(search, other.search)
    merged.candidates = Self.union(candidates, other.candidates)
    // A tuner judges by paired differences, which medians alone cannot repeat: its verdicts stand where all results that
    // are left are its own.
    let sources = [self, other].filter { merged.hasResults(of: $0) }
    if let source = sources.min(by: { $0.verdictText < $1.verdictText }) {
      merged.candidates = source.candidates
    } else {
      merged.judge()
    }
    return merged
  }

  private func hasResults(of source: TuningEntry) -> Bool {
    candidates.count == source.candidates.count
      && zip(candidates, source.candidates).allSatisfy { $0.measurement == $1.measurement }
  }

  private var verdictText: String { candidates.map(\.verdict.rawValue).joined(separator: " ") }

  /// Of every kernel's highest version, the newest record of each configuration, in the order of files.
  static func union(_ left: [CandidateRecord], _ right: [CandidateRecord]) -> [CandidateRecord] {
    var versions: [String: Int] = [:]
    for record in left + right { versions[record.kernel.name] = max(versions[record.kernel.name] ?? 0, record.version) }
    var newest: [String: CandidateRecord] = [:]
    for record in left + right where versions[record.kernel.name] == record.version {
      if let other = newest[record.name], !other.isOlder(than: record) { continue }
      newest[record.name] = record
    }
    return newest.values.sorted(by: CandidateRecord.precedes)
  }
}

extension CandidateRecord {
  /// The record without what depends on its rivals.
  var measurement: CandidateRecord {
    var copy = self
    if verdict.isTimed { copy.verdict = verdict == .dropped ? .dropped : .lost }
    return copy
  }

  /// Whether the other replaces this one: a later moment decides, and in one second any fixed order, so that merging does
  /// not depend on which side is which.
  func isOlder(than other: CandidateRecord) -> Bool {
    if measured != other.measured { return measured < other.measured }
    let (left, right) = (measurement, other.measurement)
    return left == right ? false : JSONWriter.line(left.json) < JSONWriter.line(right.json)
  }
}

extension SearchRecord {
  private var knowledge: (kernels: Int, versions: Int) {
    (offers.count, offers.reduce(0) { $0 &+ $1.version })
  }

  /// The more thorough of two searches, of equally thorough ones the newer.
  static func better(_ left: SearchRecord, _ right: SearchRecord) -> SearchRecord {
    if (left.effort, left.finished) != (right.effort, right.finished) {
      return (left.effort, left.finished) < (right.effort, right.finished) ? right : left
    }
    // Within one second: the one that knew more kernels, then newer ones, then any fixed order.
    if left.knowledge != right.knowledge { return left.knowledge < right.knowledge ? right : left }
    return JSONWriter.line(left.json) < JSONWriter.line(right.json) ? right : left
  }

  /// The better of two searches that may not be there.
  static func better(_ left: SearchRecord?, _ right: SearchRecord?) -> SearchRecord? {
    guard let left, let right else { return left ?? right }
    return better(left, right)
  }

  static func better(_ left: SearchRecord?, _ right: SearchRecord) -> SearchRecord {
    left.map { better($0, right) } ?? right
  }
}

extension NetworkProfile {
  /// The later of two profiles.
  static func newer(_ left: NetworkProfile, _ right: NetworkProfile) -> NetworkProfile {
    if left.tuned != right.tuned { return left.tuned < right.tuned ? right : left }
    return JSONWriter.line(left.json) < JSONWriter.line(right.json) ? right : left
  }
}
