import Luthier

/// The JSON of one difference of two databases.
struct DatabaseChangeRow: Encodable {
  enum Kind: String, Encodable {
    case added, removed, winner, time, version
    case addedProfile = "added-profile"
    case removedProfile = "removed-profile"
    case profile
  }

  struct Winner: Encodable {
    let candidate: String
    let kernel_version: Int
    let library: String
    let median_us: Double?

    init(_ record: CandidateRecord) {
      candidate = record.name
      kernel_version = record.version
      library = record.library.description
      median_us = record.time.map { $0.medianNanoseconds / 1e3 }
    }
  }

  let kind: Kind
  /// The problem and its threads, or the profile.
  let of: String
  /// The winner of the first and of the second database; nil where it has none.
  let from: Winner?
  let to: Winner?
  /// Kernels and libraries that have another version in the second.
  let versions: [String]
  /// The layers that a profile chooses otherwise for.
  let layers: [String]

  init(_ change: DatabaseDifference.Change) {
    func winner(_ record: CandidateRecord?) -> Winner? { record.map(Winner.init) }
    versions = change.versions.map(\.description)
    switch change {
    case .addedEntry(let key, let record): (kind, of, from, to, layers) = (.added, "\(key)", nil, winner(record), [])
    case .removedEntry(let key, let record):
      (kind, of, from, to, layers) = (.removed, "\(key)", winner(record), nil, [])
    case .winner(let key, let old, let new, _):
      (kind, of, from, to, layers) = (.winner, "\(key)", winner(old), winner(new), [])
    case .time(let key, let old, let new, _):
      (kind, of, from, to, layers) = (.time, "\(key)", winner(old), winner(new), [])
    case .versions(let key, _): (kind, of, from, to, layers) = (.version, "\(key)", nil, nil, [])
    case .addedProfile(let key): (kind, of, from, to, layers) = (.addedProfile, "\(key)", nil, nil, [])
    case .removedProfile(let key): (kind, of, from, to, layers) = (.removedProfile, "\(key)", nil, nil, [])
    case .profile(let key, let nodes): (kind, of, from, to, layers) = (.profile, "\(key)", nil, nil, nodes)
    }
  }
}
