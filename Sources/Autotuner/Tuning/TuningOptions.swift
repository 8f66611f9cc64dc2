public import TuningDatabase

/// How long and how a tuner searches.
public struct TuningOptions: Hashable, Sendable, Codable {
  /// How thoroughly.
  public let effort: TuningEffort
  /// The error that approximate kernels may have at the network's output, relative to its largest magnitude; with 0 they do
  /// not compete.
  public let maximumError: Double
  /// The most candidates of one kernel that are tried, its best guesses first.
  public var candidatesPerKernel: Int
  /// How many times the best first time a candidate may take and still race.
  public var reach: Double
  /// The race's rules.
  public var rules: RaceRules
  /// What holds while it is measured, for the record.
  public var conditions: [String: String] = [:]
  /// The relative spread among the best above which a decision counts as uncertain.
  public var noiseLimit = 0.1
  /// The number of a problem's candidates above which a thorough tuning searches them by the cost model and does not try all.
  public var searchThreshold = 100
  /// The part of the candidates that a search tries, its best guesses first.
  public var searchShare = 0.08
  /// The longest that whole networks race, in nanoseconds.
  public var networkLimit: Int64 { rules.limit * 4 }
  /// How often a race is run at most, until the spread is below ``noiseLimit``.
  public var attempts = 3
  /// The shortest span that is timed, in nanoseconds: clocks tick in tens of them.
  public var minimumSpan = 10_000.0

  /// The usual numbers for an effort.
  public init(effort: TuningEffort, maximumError: Double = 0) {
    self.effort = effort
    self.maximumError = maximumError
    var rules = RaceRules()
    rules.warmUp = 10_000_000
    rules.legRounds = 4
    rules.settledRounds = 8
    switch effort {
    case .quick:
      candidatesPerKernel = 8
      reach = 1.6
      rules.rounds = 9
      rules.limit = 400_000_000
    case .normal:
      candidatesPerKernel = 24
      reach = 2
      rules.rounds = 24
      rules.finalRounds = 96
      rules.settledRounds = 16
      rules.limit = 2_500_000_000
    case .thorough:
      candidatesPerKernel = .max
      reach = 3
      rules.rounds = 60
      rules.finalRounds = 180
      rules.settledRounds = 20
      rules.limit = 10_000_000_000
    }
    self.rules = rules
  }

  /// The same with the thoroughness of a higher effort; these where that is no higher.
  func raised(to effort: TuningEffort) -> TuningOptions {
    guard effort > self.effort else { return self }
    var raised = TuningOptions(effort: effort, maximumError: maximumError)
    raised.conditions = conditions
    raised.noiseLimit = noiseLimit
    raised.searchThreshold = searchThreshold
    raised.searchShare = searchShare
    raised.attempts = attempts
    raised.minimumSpan = minimumSpan
    return raised
  }

  /// How many runs make one span of at least ``minimumSpan``, at most 16.
  func repeats(forTime time: Double) -> Int {
    guard time > 0, time < minimumSpan else { return 1 }
    return min(Int((minimumSpan / time).rounded(.up)), 16)
  }
}
