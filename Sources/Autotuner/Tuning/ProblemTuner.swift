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
  ///   - known: what the database has; candidates whose kernel is unchanged are not timed again, except the winner, which
  ///     new candidates race against.
  ///   - chosen: the names of the only candidates to try besides the default, as a search has picked them; nil for all that the
  ///     effort allows.
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
    let setting = try ProblemSetting(problem, oracle: oracle, clock: clock)

    let answers = registry.answers(for: problem)
    var records: [CandidateRecord] = []
    for answer in answers {
      guard case .refused(let reason) = answer.applicability else { continue }
      records.append(.refused(kernel: answer.kernel, version: answer.version, reason: reason))
    }
    let all = try contestants(answers, problem: problem, known: known, among: chosen)
    for candidate in all {
      guard let fault = disqualified.first(where: { $0.candidate == candidate.name }) else { continue }
      records.append(.failed(candidate, fault.isTimeout ? .timedOut : .crashed, reason: fault.reason))
    }
    let field = all.filter { candidate in !disqualified.contains { $0.candidate == candidate.name } }

    // First look: is the candidate right, and is it anywhere near the best?
    var runs: [CandidateRun] = []
    var firstTimes: [Double] = []
    var errors: [Double] = []
    var best: Double?
    for (position, candidate) in field.enumerated() {
      try cancellation.check()
      report(.trying(candidate: candidate.name, position: position, count: field.count, best: best))
      do {
        let run = try CandidateRun(
          candidate, parameters: setting.parameters, inputs: setting.inputs, team: team, fenced: isFenced)
        _ = run.run(clock: clock)
        let error = run.result().largestDifference(from: setting.expected)
        if let fault = fault(of: candidate, error: error, damage: run.damage()) {
          records.append(.failed(candidate, .wrong, reason: fault, maximumError: error))
          continue
        }
        let time = min(sample(run, repeats: 1), sample(run, repeats: 1))
        if time > 0 { best = min(best ?? time, time) }
        runs.append(run)
        firstTimes.append(time)
        errors.append(error)
      } catch let error as KernelError {
        records.append(.failed(candidate, .crashed, reason: error.description))
      }
    }
    guard !runs.isEmpty else {
      throw TuningError.noCandidate(problem: problem.key, reasons: records.compactMap(\.reason))
    }

    // Those within reach of the best race; the default always does.
    let reach = (best ?? .infinity) * options.reach
    let racing = runs.indices.filter { $0 == 0 || firstTimes[$0] <= reach }
    for index in runs.indices where !racing.contains(index) {
      guard let time = MeasuredTime(samples: [firstTimes[index]]) else { continue }
      records.append(.timed(runs[index].candidate, time: time, maximumError: errors[index], wasDropped: true))
    }
    let (results, noise) = decide(
      racing, runs: runs, firstTimes: firstTimes, cancellation: cancellation, report: report)
    try cancellation.check()

    var entry = TuningEntry(
      key: TuningEntry.Key(problem: problem.key, threads: threads), candidates: known?.candidates ?? [])
    var winner: CandidateRecord?
    var tied: [CandidateRecord] = []
    for result in results {
      let index = racing[result.contestant]
      guard let time = MeasuredTime(samples: result.samples) else { continue }
      let record = CandidateRecord.timed(
        runs[index].candidate, time: time, maximumError: errors[index], wasDropped: result.verdict == .dropped)
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

  /// Races the candidates; where the machine was too noisy to tell, again, and the quietest race counts.
  private func decide(
    _ racing: [Int], runs: [CandidateRun], firstTimes: [Double], cancellation: Cancellation,
    report: (TuningEvent) -> Void
  ) -> (results: [RaceResult], noise: Double) {
    let race = Race(clock: clock, rules: options.rules)
    var best: (results: [RaceResult], noise: Double) = ([], .infinity)
    for attempt in 1...max(options.attempts, 1) {
      var wasCancelled = false
      let results = race.run(racing.count) { contestant in
        if wasCancelled || cancellation.isCancelled {
          wasCancelled = true
          return .nan
        }
        let index = racing[contestant]
        report(.timing(candidate: runs[index].candidate.name))
        return sample(runs[index], repeats: options.repeats(forTime: firstTimes[index]))
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
    _ answers: [KernelAnswer], problem: any LayerProblem, known: TuningEntry?, among chosen: Set<String>?
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
    if field.isEmpty, let first = try? registry.defaultCandidate(for: problem) { field.append(first) }
    for answer in answers {
      let limit = chosen == nil ? options.candidatesPerKernel : .max
      let guess = answer.candidates.first?.name
      for candidate in answer.candidates.prefix(limit) where candidate.name != field.first?.name {
        if candidate.errorClass.isApproximate {
          // They may never have been asked for before.
          let isKnown = isPartial && known?.record(of: candidate.kernel, candidate.configuration) != nil
          if options.maximumError > 0, !isKnown { field.append(candidate) }
        } else if pending.contains(answer.kernel),
          // What is new gets its chance, however little a search expects of it.
          chosen?.contains(candidate.name) ?? true || isPartial && candidate.name == guess
        {
          field.append(candidate)
        }
      }
    }
    return field
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
  private func sample(_ run: CandidateRun, repeats: Int) -> Double {
    caches.prepare(touching: run.regions)
    return Double(run.run(clock: clock, repeats: repeats)) / Double(repeats)
  }
}

extension Tensor {
  /// The largest difference from another tensor over that one's largest magnitude; infinite where something is no number in
  /// one of them only.
  func largestDifference(from expected: Tensor) -> Double {
    guard shape == expected.shape else { return .infinity }
    return withElements { found in
      expected.withElements { expected in
        var difference = 0.0
        var magnitude = 0.0
        for index in found.indices {
          let (a, b) = (Double(found[index]), Double(expected[index]))
          if a.isNaN && b.isNaN || a == b {
            if b.isFinite { magnitude = max(magnitude, b.magnitude) }
            continue
          }
          guard a.isFinite, b.isFinite else { return .infinity }
          difference = max(difference, (a - b).magnitude)
          magnitude = max(magnitude, b.magnitude)
        }
        return difference == 0 ? 0 : difference / max(magnitude, Double(Float.leastNormalMagnitude))
      }
    }
  }
}
