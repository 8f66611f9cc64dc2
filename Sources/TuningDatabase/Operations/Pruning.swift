import LayerKernels

extension PlatformDatabase {
  /// What pruning has removed.
  public struct Pruned: Hashable, Sendable {
    /// Candidates of entries that remain, and of entries that do not.
    public var candidates = 0
    /// Whole entries.
    public var entries = 0
    /// Profiles.
    public var profiles = 0

    /// Nothing removed.
    public init() {}
  }

  /// Removes what no longer holds: stale candidates, entries that then have none, and stale profiles.
  ///
  /// Results of kernels that are unknown here stay unless asked for: another program may have loaded the plugin they come
  /// from.
  @discardableResult
  public mutating func prune(_ library: RunningLibrary, removingUnknownKernels: Bool = false) -> Pruned {
    func isStale(_ reason: StalenessReason?) -> Bool {
      switch reason {
      case nil: false
      case .unknownKernel: removingUnknownKernels
      case .kernelVersion, .libraryVersion, .platform, .notOffered, .approximate: true
      }
    }
    var pruned = removeCandidates { record, key in isStale(library.staleness(of: record, problem: key.problem)) }
    for (key, profile) in profilesByKey where library.staleness(of: profile).contains(where: isStale) {
      profilesByKey[key] = nil
      pruned.profiles += 1
    }
    return pruned
  }

  /// Removes the candidates that a function names, and entries that then have none; entries that keep some are judged
  /// again where the winner is gone.
  private mutating func removeCandidates(_ isRemoved: (CandidateRecord, TuningEntry.Key) -> Bool) -> Pruned {
    var pruned = Pruned()
    for (key, entry) in entriesByKey {
      let remaining = entry.removing { isRemoved($0, key) }
      guard remaining.candidates.count < entry.candidates.count else { continue }
      pruned.candidates += entry.candidates.count - remaining.candidates.count
      if remaining.candidates.isEmpty {
        entriesByKey[key] = nil
        pruned.entries += 1
        continue
      }
      entriesByKey[key] = remaining
    }
    return pruned
  }

  /// Removes the raw samples of every time, which are most of a file; medians and spreads stay.
  ///
  /// - Returns: how many candidates had samples.
  @discardableResult
  public mutating func removeSamples() -> Int {
    var count = 0
    entriesByKey = entriesByKey.mapValues { entry in
      var entry = entry
      for (index, record) in entry.candidates.enumerated() where record.time?.samples.isEmpty == false {
        entry.candidates[index].time = record.time?.withoutSamples()
        count += 1
      }
      return entry
    }
    return count
  }

  /// A database with only what a deployment reads: profiles, and of each entry the fastest exact candidate of each kernel
  /// and every approximate one, without raw samples.
  ///
  /// - Parameter kernels: the only kernels whose candidates and profiles are kept; nil for all.
  public func forDeployment(kernels: Set<KernelIdentifier>? = nil) -> PlatformDatabase {
    var copy = self
    _ = copy.removeCandidates { record, _ in
      !record.verdict.isTimed || !(kernels?.contains(record.kernel) ?? true)
    }
    copy.entriesByKey = copy.entriesByKey.mapValues { $0.withFastestOfEachKernel() }
    if let kernels {
      copy.profilesByKey = profilesByKey.filter { $0.value.layers.allSatisfy { kernels.contains($0.kernel) } }
    }
    return copy
  }
}

extension RunningLibrary {
  /// An entry without the results that no longer hold, which a tuner times anew; where the winner is among them the next in
  /// line wins. Results of kernels that are unknown here stay. An entry with a result that no kernel offers was not written by a
  /// tuner that ended: it counts as never tuned to the end.
  public func removingStale(_ entry: TuningEntry) -> TuningEntry {
    var isDoubtful = false
    var remaining = entry.removing { record in
      switch staleness(of: record, problem: entry.key.problem) {
      case nil, .unknownKernel: return false
      case .kernelVersion, .libraryVersion, .platform: return true
      case .notOffered, .approximate:
        isDoubtful = true
        return true
      }
    }
    if isDoubtful { remaining.search = nil }
    return remaining
  }
}

extension PlatformDatabase {
  /// Takes away what an entry holds of candidates that their kernels refuse: no later result would replace it.
  public mutating func removeRefused(of key: TuningEntry.Key, by library: RunningLibrary) {
    guard let entry = entriesByKey[key] else { return }
    entriesByKey[key] = entry.removing { record in
      switch library.staleness(of: record, problem: entry.key.problem) {
      case .notOffered?, .approximate?: true
      default: false
      }
    }
  }
}

extension TuningEntry {
  /// The entry without some candidates, judged again where the winner is among them.
  fileprivate func removing(_ isRemoved: (CandidateRecord) -> Bool) -> TuningEntry {
    var remaining = self
    remaining.candidates.removeAll(where: isRemoved)
    if winner != nil, remaining.winner == nil { remaining.judge() }
    return remaining
  }

  /// The entry with one exact candidate a kernel, the fastest, and without raw samples.
  fileprivate func withFastestOfEachKernel() -> TuningEntry {
    var seen: Set<KernelIdentifier> = []
    // The ranking has the winner before what it is tied with, so a verdict never loses its winner here.
    let fastest = Set(ranking().filter { seen.insert($0.kernel).inserted }.map(\.name))
    var entry = self
    entry.candidates = candidates.compactMap { record in
      guard record.isApproximate || fastest.contains(record.name) else { return nil }
      var record = record
      record.time = record.time?.withoutSamples()
      return record
    }
    return entry
  }
}
