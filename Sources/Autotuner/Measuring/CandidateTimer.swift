public import HostPlatform
public import LayerKernels
public import TuningDatabase

/// Times given candidates of a problem against each other, as the tuner does, and checks them.
public struct CandidateTimer<Clock: MonotonicClock> {
  private let oracle: KernelRegistry
  private let clock: Clock
  private let options: TuningOptions
  private let caches = CacheState()

  /// What came of a candidate.
  public struct Timing: Sendable {
    /// Its time.
    public let time: MeasuredTime
    /// The largest difference from the reference over the largest output.
    public let error: Double
  }

  /// A timer; see ``ProblemTuner`` for the parameters.
  public init(oracle: KernelRegistry, clock: Clock, options: TuningOptions) {
    self.oracle = oracle
    self.clock = clock
    self.options = options
  }

  /// Times the candidates in turn; none drops out.
  ///
  /// - Returns: a result for each, nil where the clock gave none.
  /// - Throws: ``TuningError/interrupted``, or what a kernel or the oracle throws.
  public func time(_ candidates: [Candidate], threads: Int, cancellation: Cancellation) throws -> [Timing?] {
    guard let problem = candidates.first?.problem else { return [] }
    let setting = try ProblemSetting(problem, oracle: oracle, clock: clock)
    let team = try ThreadTeam(threads: threads)
    var errors: [Double] = []
    var firstTimes: [Double] = []
    let runs = try candidates.map { candidate in
      try cancellation.check()
      let run = try CandidateRun(candidate, parameters: setting.parameters, inputs: setting.inputs, team: team)
      _ = run.run(clock: clock)
      errors.append(run.result().largestDifference(from: setting.expected))
      firstTimes.append(Double(run.run(clock: clock)))
      return run
    }
    var rules = options.rules
    rules.screeningRatio = .infinity
    rules.screeningRounds = rules.rounds
    let results = Race(clock: clock, rules: rules).run(runs.count) { index in
      guard !cancellation.isCancelled else { return .nan }
      let repeats = options.repeats(forTime: firstTimes[index])
      caches.prepare(touching: runs[index].regions)
      return Double(runs[index].run(clock: clock, repeats: repeats)) / Double(repeats)
    }
    try cancellation.check()
    return zip(results, errors).map { result, error in
      MeasuredTime(samples: result.samples).map { Timing(time: $0, error: error) }
    }
  }
}
