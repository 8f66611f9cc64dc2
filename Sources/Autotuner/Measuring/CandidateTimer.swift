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
    let pinned = PinnedTeam(team)
    defer { withExtendedLifetime(pinned) {} }
    var errors: [Double] = []
    var firstTimes: [Double] = []
    func prepared(_ candidate: Candidate, _ pool: OperandPool) throws -> CandidateRun {
      try CandidateRun(
        candidate, parameters: setting.parameters, operands: pool.operands(in: candidate.layouts), team: team)
    }
    let pool = OperandPool(problem, inputs: setting.inputs)
    var runs = try candidates.map { candidate in
      try cancellation.check()
      let run = try prepared(candidate, pool)
      run.poison()
      _ = run.run(clock: clock)
      errors.append(
        run.result().largestDifference(
          from: setting.expected, step: problem.outputStep, tolerance: candidate.errorClass.tolerance))
      firstTimes.append(Double(run.run(clock: clock)))
      return run
    }
    var rules = options.rules
    rules.screeningRatio = .infinity
    rules.screeningRounds = rules.rounds
    rules.finalRounds = 0
    let results = Race(clock: clock, rules: rules).run(runs.count) { live in
      let pool = OperandPool(problem, inputs: setting.inputs)
      for index in live where !cancellation.isCancelled {
        if let renewed = try? prepared(candidates[index], pool) { runs[index] = renewed }
      }
    } time: { index in
      guard !cancellation.isCancelled else { return .nan }
      let repeats = options.repeats(forTime: firstTimes[index])
      caches.prepare(runs[index].operandMemory, team: team)
      return Double(runs[index].run(clock: clock, repeats: repeats)) / Double(repeats)
    }
    try cancellation.check()
    return zip(results, errors).map { result, error in
      MeasuredTime(samples: result.samples).map { Timing(time: $0, error: error) }
    }
  }
}
