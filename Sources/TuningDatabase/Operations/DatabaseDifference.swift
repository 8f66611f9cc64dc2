import LayerKernels

/// What differs between two databases, from the first to the second.
public struct DatabaseDifference: Hashable, Sendable, CustomStringConvertible {
  /// One difference.
  public enum Change: Hashable, Sendable {
    /// Only the second has the entry.
    case addedEntry(TuningEntry.Key, winner: CandidateRecord?)
    /// Only the first has the entry.
    case removedEntry(TuningEntry.Key, winner: CandidateRecord?)
    /// Another candidate won; with what has another version there.
    case winner(TuningEntry.Key, from: CandidateRecord?, to: CandidateRecord?, versions: [VersionChange])
    /// The same candidate won in another time, apart by more than the difference's tolerance.
    case time(TuningEntry.Key, from: CandidateRecord, to: CandidateRecord, versions: [VersionChange])
    /// The same candidate won in the same time, but results are of other versions.
    case versions(TuningEntry.Key, [VersionChange])
    /// Only the second has the profile.
    case addedProfile(NetworkProfile.Key)
    /// Only the first has the profile.
    case removedProfile(NetworkProfile.Key)
    /// The profile chooses otherwise for some nodes.
    case profile(NetworkProfile.Key, nodes: [String])
  }

  /// The differences: entries in the order of files, then profiles.
  public let changes: [Change]

  /// Compares two databases, which need not be of one platform.
  ///
  /// - Parameter tolerance: how far medians of one winner may be apart, relative to the smaller, without being named.
  public init(from old: PlatformDatabase, to new: PlatformDatabase, tolerance: Double = 0.05) {
    var changes: [Change] = []
    for key in Set(old.entriesByKey.keys).union(new.entriesByKey.keys).sorted() {
      switch (old.entriesByKey[key], new.entriesByKey[key]) {
      case (nil, let entry?): changes.append(.addedEntry(key, winner: entry.winner))
      case (let entry?, nil): changes.append(.removedEntry(key, winner: entry.winner))
      case (let before?, let after?): changes += Self.change(from: before, to: after, tolerance)
      case (nil, nil): break
      }
    }
    for key in Set(old.profilesByKey.keys).union(new.profilesByKey.keys).sorted() {
      switch (old.profilesByKey[key], new.profilesByKey[key]) {
      case (nil, _?): changes.append(.addedProfile(key))
      case (_?, nil): changes.append(.removedProfile(key))
      case (let before?, let after?):
        let nodes = Self.nodes(before, after)
        if !nodes.isEmpty { changes.append(.profile(key, nodes: nodes)) }
      case (nil, nil): break
      }
    }
    self.changes = changes
  }

  private static func change(
    from before: TuningEntry, to after: TuningEntry, _ tolerance: Double
  ) -> [Change] {
    let versions = VersionChange.changes(from: before, to: after)
    guard let old = before.winner, let new = after.winner, old.name == new.name else {
      if before.winner != nil || after.winner != nil {
        return [.winner(before.key, from: before.winner, to: after.winner, versions: versions)]
      }
      return versions.isEmpty ? [] : [.versions(before.key, versions)]
    }
    if let first = old.time?.medianNanoseconds, let second = new.time?.medianNanoseconds,
      abs(second - first) > tolerance * min(first, second)
    {
      return [.time(before.key, from: old, to: new, versions: versions)]
    }
    return versions.isEmpty ? [] : [.versions(before.key, versions)]
  }

  private static func nodes(_ before: NetworkProfile, _ after: NetworkProfile) -> [String] {
    let old = Dictionary(before.layers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
    let new = Dictionary(after.layers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
    return Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }
  }

  /// Whether nothing differs.
  public var isEmpty: Bool { changes.isEmpty }

  /// A line a difference, `+`, `-` or `~` first.
  public var description: String { changes.map(\.description).joined(separator: "\n") }
}

extension DatabaseDifference.Change: CustomStringConvertible {
  /// One line, `+`, `-` or `~` first.
  public var description: String {
    switch self {
    case .addedEntry(let key, let winner): "+ \(key): \(Self.text(winner, of: key))"
    case .removedEntry(let key, let winner): "- \(key): \(Self.text(winner, of: key))"
    case .winner(let key, let from, let to, let versions):
      "~ \(key): \(Self.text(from)) → \(Self.text(to))\(Self.text(versions))"
    case .time(let key, let from, let to, let versions):
      "~ \(key): \(to.name) \(Self.time(from)) → \(Self.time(to))\(Self.text(versions))"
    case .versions(let key, let versions): "~ \(key): the same winner\(Self.text(versions))"
    case .addedProfile(let key): "+ profile \(key)"
    case .removedProfile(let key): "- profile \(key)"
    case .profile(let key, let nodes):
      "~ profile \(key): \(nodes.count) \(nodes.count == 1 ? "layer" : "layers"): \(nodes.joined(separator: ", "))"
    }
  }

  /// What has another version in the entry; empty for what else differs.
  public var versions: [VersionChange] {
    switch self {
    case .winner(_, _, _, let versions), .time(_, _, _, let versions), .versions(_, let versions): versions
    case .addedEntry, .removedEntry, .addedProfile, .removedProfile, .profile: []
    }
  }

  private static func text(_ versions: [VersionChange]) -> String {
    versions.isEmpty ? "" : "; \(versions.map(\.description).joined(separator: ", "))"
  }

  private static func text(_ winner: CandidateRecord?, of key: TuningEntry.Key) -> String {
    // On some weights only errors of approximate candidates are known, which win in profiles.
    winner == nil && key.weights != nil ? "errors of approximate candidates" : text(winner)
  }

  private static func text(_ record: CandidateRecord?) -> String {
    record.map { "\($0.name) \(time($0))" } ?? "no winner"
  }

  private static func time(_ record: CandidateRecord) -> String {
    guard let time = record.time?.medianNanoseconds else { return "untimed" }
    return "\((time / 10).rounded() / 100) µs"
  }
}
