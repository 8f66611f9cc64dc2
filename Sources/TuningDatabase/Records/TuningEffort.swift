/// How thoroughly candidates were searched and timed.
///
/// A result of a higher effort satisfies a request for a lower one, never the other way round.
public enum TuningEffort: String, Hashable, Sendable, CaseIterable, Comparable, Codable {
  /// Few candidates, few runs: a minute for a network.
  case quick
  /// What a deployment should have.
  case normal
  /// Everything, with time to spare.
  case thorough

  private var rank: Int {
    switch self {
    case .quick: 0
    case .normal: 1
    case .thorough: 2
    }
  }

  /// The less thorough before the more thorough.
  public static func < (left: TuningEffort, right: TuningEffort) -> Bool { left.rank < right.rank }
}
