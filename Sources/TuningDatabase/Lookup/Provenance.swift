import LayerKernels

/// Where a choice came from.
public enum Provenance: Hashable, Sendable, CustomStringConvertible {
  /// The problem was tuned with as many threads.
  case exact(source: String)
  /// A problem nearby was tuned: which one, how far it is (``TuningStore/maximumDistance``), and in which file it stands.
  case nearest(TuningEntry.Key, distance: Double, source: String)
  /// Nothing near was tuned: the kernel that expects most of itself.
  case heuristic

  /// Whether the problem itself was tuned.
  public var isExact: Bool {
    if case .exact = self { true } else { false }
  }

  /// `exact (TuningDB/amd-zen5-2c-avx512.json)`
  public var description: String {
    switch self {
    case .exact(let source): "exact (\(source))"
    case .nearest(let key, let distance, let source):
      "nearest, \(key) at distance \((distance * 100).rounded() / 100) (\(source))"
    case .heuristic: "heuristic"
    }
  }
}

/// A choice that a database gives.
public struct TunedChoice: Hashable, Sendable {
  /// The kernel's name today, which may be another than the file's.
  public let kernel: KernelIdentifier
  /// The chosen candidate, as it stands in the database.
  public let record: CandidateRecord
  /// Where it came from.
  public let provenance: Provenance
}

/// A candidate that is ready to be prepared, and where the choice came from.
public struct SelectedCandidate: Sendable {
  /// The candidate.
  public let candidate: Candidate
  /// Where the choice came from.
  public let provenance: Provenance
  /// The stored record; nil for a heuristic choice.
  public let record: CandidateRecord?
}
