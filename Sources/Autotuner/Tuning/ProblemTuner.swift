public import HostPlatform
public import LayerKernels
public import TuningDatabase

/// Finds the fastest right candidate of one problem on this machine.
///
/// Every candidate is first checked against the oracle on random data; only then may its time count. The default candidate,
/// which runs where nobody has tuned, is always in the race, so a tuned choice is never slower than an untuned one.
public struct ProblemTuner<Clock: MonotonicClock>: ProblemTuning {
  private let registry: KernelRegistry
  private let oracle: KernelRegistry
  private let clock: Clock
  private let options: TuningOptions
  private let caches = CacheState()
  private let isFenced: Bool

  /// A tuner.
  ///
  /// - Parameters:
  ///   - registry: the kernels that compete.
  ///   - oracle: kernels whose results are right by definition; the first that applies is asked.
  ///   - clock: what times are taken with.
  ///   - options: how long and how.
  ///   - isFenced: whether this process dies when a candidate touches memory beyond its operands: for worker processes.
  public init(
    registry: KernelRegistry, oracle: KernelRegistry, clock: Clock, options: TuningOptions, isFenced: Bool = false
  ) {
    self.registry = registry
    self.oracle = oracle
    self.clock = clock
    self.options = options
    self.isFenced = isFenced
  }

  /// Tunes a problem for a number of threads.
  ///
  /// - Parameters:
  ///   - problem: the layer whose kernels compete.
  ///   - threads: how many share the layer while it is timed.
  ///   - known: what the database has; candidates whose kernel is unchanged are not timed again, except the winner, which
  ///     new candidates race against.
  ///   - chosen: the names of the only candidates to try besides the default or the stored winner, as a search has picked them;
  ///     nil for all that the effort allows.
  ///   - cancellation: ends the tuning between two candidates when it is set.
  ///   - report: hears what is being tried.
  /// - Returns: the records of everything that was tried, judged.
  /// - Throws: ``TuningError``, or what an oracle throws.
  public func tune(
    _ problem: any LayerProblem, threads: Int, known: TuningEntry?, among chosen: Set<String>?,
    cancellation: Cancellation, report: (TuningEvent) -> Void
  ) throws -> TuningEntry {
    try tune(
      problem, threads: threads, known: known, among: chosen, disqualified: [], cancellation: cancellation,
      report: report)
  }

  /// As ``tune(_:threads:known:among:cancellation:report:)``, without candidates that have shown elsewhere that they must not run.
  func tune(
    _ problem: any LayerProblem, threads: Int, known: TuningEntry?, among chosen: Set<String>?,
    disqualified: [Disqualification], cancellation: Cancellation, report: (TuningEvent) -> Void
  ) throws -> TuningEntry {
    // What is added to a thorough search is searched as thoroughly: the entry says one effort for all that it holds.
    if let stored = known?.search?.effort, stored > options.effort {
      let raised = ProblemTuner(
        registry: registry, oracle: oracle, clock: clock, options: options.raised(to: stored), isFenced: isFenced)
      return try raised.tune(
        problem, threads: threads, known: known, among: chosen, disqualified: disqualified,
        cancellation: cancellation, report: report)
    }
    let team = try ThreadTeam(threads: threads)
    let pinned = PinnedTeam(team)
    defer { withExtendedLifetime(pinned) {} }
    let setting = try ProblemSetting(problem, oracle: oracle, clock: clock)

    let answers = registry.answers(for: problem, threads: threads)
    var records: [CandidateRecord] = []
    for answer in answers {
      guard case .refused(let reason) = answer.applicability else { continue }
      records.append(.refused(kernel: answer.kernel, version: answer.version, reason: reason))
    }
    let all = try contestants(answers, problem: problem, threads: threads, known: known, among: chosen)
    for candidate in all {
      guard let fault = disqualified.first(where: { $0.candidate == candidate.name }) else { continue }
      records.append(.failed(candidate, fault.isTimeout ? .timedOut : .crashed, reason: fault.reason))
    }
    let field = all.filter { candidate in !disqualified.contains { $0.candidate == candidate.name } }

    // First look: is the candidate right, and is it anywhere near the best?
    var pool = OperandPool(problem, inputs: setting.inputs, isFenced: isFenced)
    var contestants: [Contestant] = []
    var best: Double?
    for (position, candidate) in field.enumerated() {
      try cancellation.check()
      report(.trying(candidate: candidate.name, position: position, count: field.count, best: best))
      do {
        let start = clock.now()
        let run = try CandidateRun(
          candidate, parameters: setting.parameters, operands: pool.operands(in: candidate.layouts), team: team,
          fenced: isFenced)
        let preparation = clock.now() - start
        run.poison()
        _ = run.run(clock: clock)
        let error = run.result().largestDifference(
          from: setting.expected, step: problem.outputStep, tolerance: candidate.errorClass.tolerance)
        if let fault = fault(of: candidate, error: error, damage: run.damage()) {
          records.append(.failed(candidate, .wrong, reason: fault, maximumError: error))
          // What it has damaged must not be held against the next.
          pool = OperandPool(problem, inputs: setting.inputs, isFenced: isFenced)
          continue
        }
        let time = min(sample(run, repeats: 1, team: team), sample(run, repeats: 1, team: team))
        // What computes something else sets no pace for those who compute what was asked.
        if time > 0, !candidate.errorClass.isApproximate { best = min(best ?? time, time) }
        contestants.append(Contestant(run: run, firstTime: time, error: error, preparation: preparation))
      } catch let error as KernelError {
        records.append(.failed(candidate, .crashed, reason: error.description))
      }
    }
    guard !contestants.isEmpty else {
      throw TuningError.noCandidate(problem: problem.key, reasons: records.compactMap(\.reason))
    }

    // Those within reach of the best race; the default always does.
    let reach = (best ?? .infinity) * options.reach
    var racing: [Contestant] = []
    for (index, contestant) in contestants.enumerated() {
      if index == 0 || contestant.firstTime <= reach {
        racing.append(contestant)
      } else if let time = MeasuredTime(samples: [contestant.firstTime]) {
        records.append(
          .timed(contestant.run.candidate, time: time, maximumError: contestant.error, wasDropped: true))
      }
    }
    contestants = []
    let (results, noise) = decide(
      racing, setting: setting, team: team, cancellation: cancellation, report: report)
    try cancellation.check()

    var entry = TuningEntry(
      key: TuningEntry.Key(problem: problem.key, threads: threads), candidates: known?.candidates ?? [])
    var winner: CandidateRecord?
    var tied: [CandidateRecord] = []
    for result in results {
      let contestant = racing[result.contestant]
      guard let time = MeasuredTime(samples: result.samples) else { continue }
      let record = CandidateRecord.timed(
        contestant.run.candidate, time: time, maximumError: contestant.error, wasDropped: result.verdict == .dropped)
      records.append(record)
      if record.isApproximate { continue }
      if result.verdict == .won { winner = record }
      if result.verdict == .tied { tied.append(record) }
    }
    entry.add(records)
    if let winner { entry.judge(winner: winner, tied: tied) }
    entry.finish(
      SearchRecord(
        effort: options.effort, offers: answers.map(KernelOffer.init), noise: noise,
        isUncertain: noise > options.noiseLimit, conditions: options.conditions))
    return entry
  }

  /// A candidate that was found right.
  private struct Contestant {
    let run: CandidateRun
    /// Its time at first sight, in nanoseconds.
    let firstTime: Double
    let error: Double
    /// How long it took to prepare, in nanoseconds.
    let preparation: Int64
  }

  /// What takes longer than this to prepare, in nanoseconds, is not prepared again between the legs of a race.
  private static var longestPreparation: Int64 { 100_000_000 }

  /// Races the candidates; where the machine was too noisy to tell, again, and the quietest race counts.
  private func decide(
    _ racing: [Contestant], setting: ProblemSetting, team: ThreadTeam, cancellation: Cancellation,
    report: (TuningEvent) -> Void
  ) -> (results: [RaceResult], noise: Double) {
    let race = Race(clock: clock, rules: options.rules)
    var runs = racing.map(\.run)
    // The lower the rank, the faster: against those no exact kernel would stay in the race for long.
    let approximate = Set(runs.indices.filter { runs[$0].candidate.errorClass.isApproximate })
    report(.racing(candidates: runs.map(\.candidate.name)))
    func renew(_ contestants: [Int]) {
      guard let problem = runs.first?.candidate.problem else { return }
      let pool = OperandPool(problem, inputs: setting.inputs, isFenced: isFenced)
      for contestant in contestants where racing[contestant].preparation < Self.longestPreparation {
        guard !cancellation.isCancelled else { return }
        report(.timing(position: contestant))
        let candidate = runs[contestant].candidate
        // Where memory is short it goes on where it lies.
        let renewed = try? CandidateRun(
          candidate, parameters: setting.parameters, operands: pool.operands(in: candidate.layouts), team: team,
          fenced: isFenced)
        if let renewed { runs[contestant] = renewed }
      }
    }
    var best: (results: [RaceResult], noise: Double) = ([], .infinity)
    for attempt in 1...max(options.attempts, 1) {
      var wasCancelled = false
      let results = race.run(racing.count, unranked: approximate, renew: renew) { contestant in
        if wasCancelled || cancellation.isCancelled {
          wasCancelled = true
          return .nan
        }
        report(.timing(position: contestant))
        return sample(runs[contestant], repeats: options.repeats(forTime: racing[contestant].firstTime), team: team)
      }
      let noise = results.filter { $0.verdict == .won || $0.verdict == .tied }.map(\.spread).max() ?? 0
      if noise < best.noise || best.results.isEmpty { best = (results, noise) }
      if best.noise <= options.noiseLimit || wasCancelled { break }
      report(.noisy(spread: noise, isRepeated: attempt < options.attempts))
    }
    return best
  }

  /// The candidates to try.
  ///
  /// Where the database knows the problem as thoroughly as is asked, these are the stored winner and what is new since: the
  /// candidates of kernels that were added, changed, or offer others than before. Else the default, then all in the registry's
  /// order, of each kernel at most as many as the effort allows.
  private func contestants(
    _ answers: [KernelAnswer], problem: some LayerProblem, threads: Int, known: TuningEntry?, among chosen: Set<String>?
  ) throws -> [Candidate] {
    let offers = answers.map(KernelOffer.init)
    var field: [Candidate] = []
    var pending = Set(offers.map(\.kernel))
    if let known, let winner = known.winner,
      let incumbent = try? registry.candidate(
        named: winner.kernel, configuration: winner.configuration, for: problem)
    {
      let library = RunningLibrary(registry, host: try PlatformFingerprint.current())
      pending = Set(library.pendingKernels(of: known, offers: offers, effort: options.effort))
      if pending.count < offers.count { field.append(incumbent) }
    }
    let isPartial = !field.isEmpty
    func isFirst(_ candidate: Candidate) -> Bool {
      guard let first = field.first, first.kernel == candidate.kernel else { return false }
      return first.canonicalConfiguration(threads: threads) == candidate.canonicalConfiguration(threads: threads)
    }
    if field.isEmpty, let first = try? registry.defaultCandidate(for: problem) { field.append(first) }
    func isWanted(_ candidate: Candidate, isGuess: Bool) -> Bool {
      let isChosen = chosen?.contains(candidate.name)
      guard pending.contains(candidate.kernel) else {
        return isChosen == true && known?.record(of: candidate.kernel, candidate.configuration) == nil
      }
      // What is new gets its chance, however little a search expects of it.
      return isChosen ?? true || isPartial && isGuess
    }
    for answer in answers {
      let limit = chosen == nil ? options.candidatesPerKernel : .max
      let guess = answer.candidates.first?.name
      for candidate in answer.candidates.prefix(limit) where !isFirst(candidate) {
        if candidate.errorClass.isApproximate {
          // They may never have been asked for before.
          let isKnown = isPartial && known?.record(of: candidate.kernel, candidate.configuration) != nil
          if options.maximumError > 0, !isKnown { field.append(candidate) }
        } else if isWanted(candidate, isGuess: candidate.name == guess) {
          field.append(candidate)
        }
      }
    }
    guard options.effort == .thorough else { return field }
    return field
      + registry.furtherCandidates(for: problem, threads: threads).filter { candidate in
        !candidate.errorClass.isApproximate && !isFirst(candidate) && isWanted(candidate, isGuess: false)
      }
  }

  private func fault(of candidate: Candidate, error: Double, damage: String?) -> String? {
    if let damage { return damage }
    switch candidate.errorClass {
    case .exact(let tolerance):
      // The negation also catches an error that is no number.
      return error <= Double(tolerance)
        ? nil : "its largest error is \(error) of the largest output; an exact kernel may have \(tolerance)"
    case .approximate(let allowed?) where !(error <= Double(allowed)):
      return "its largest error is \(error) of the largest output; it claims \(allowed)"
    case .approximate: return nil
    }
  }

  /// The time of one run with caches as in a network; tiny kernels are repeated within the span.
  private func sample(_ run: CandidateRun, repeats: Int, team: ThreadTeam) -> Double {
    caches.prepare(run.operandMemory, team: team)
    return Double(run.run(clock: clock, repeats: repeats)) / Double(repeats)
  }
}

extension Tensor {
  /// The largest difference from another tensor over that one's largest magnitude; infinite where something is no number in
  /// one of them only.
  ///
  /// - Parameters:
  ///   - step: the distance between neighbouring values of an output that is rounded; 0 for any other. Elements that are a step apart
  ///     count only where there are more of them than sums within the tolerance explain.
  ///   - tolerance: the largest difference of sums that are right, relative to the largest magnitude.
  func largestDifference(from expected: Tensor, step: Float = 0, tolerance: Double = 0) -> Double {
    guard shape == expected.shape else { return .infinity }
    return withElements { found in
      expected.withElements { expected in
        let largest = step > 0 ? expected.reduce(0.0) { $1.isFinite ? max($0, Double($1.magnitude)) : $0 } : 0
        let allowance = StepAllowance(step: step, tolerance: tolerance, largest: largest)
        var stepCount = 0
        var difference = 0.0
        var magnitude = 0.0
        for index in found.indices {
          let (a, b) = (Double(found[index]), Double(expected[index]))
          if a.isNaN && b.isNaN || a == b {
            if b.isFinite { magnitude = max(magnitude, b.magnitude) }
            continue
          }
          guard a.isFinite, b.isFinite else { return .infinity }
          magnitude = max(magnitude, b.magnitude)
          if allowance.isStep((a - b).magnitude) {
            stepCount += 1
          } else {
            difference = max(difference, (a - b).magnitude)
          }
        }
        if stepCount > allowance.count(of: found.count) { difference = max(difference, Double(step)) }
        return difference == 0 ? 0 : difference / max(magnitude, Double(Float.leastNormalMagnitude))
      }
    }
  }
}
