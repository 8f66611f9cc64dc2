import LayerKernels

extension KernelConformance {
  /// Checks a kernel with its configurations on every problem of a list that it applies to.
  ///
  /// Its answers are checked as well: reasons, efficiencies, configurations, that `prepare` survives configurations
  /// that no kernel ever offered, as a database may hold them, and that each problem can be read back from its key. Where the
  /// problems that it fails on have a field of their keys in common, such as a stride, the first report says so.
  ///
  /// - Returns: a report for each candidate, and one for the kernel's answers.
  /// - Throws: `KernelError` when no reference knows a problem; what is wrong with the kernel is in the reports.
  public func check<Kernel: LayerKernel>(
    _ kernel: Kernel, problems: [Kernel.Problem]
  ) throws -> [ConformanceReport] {
    var registry = KernelRegistry()
    try registry.register(kernel)
    var answersReport = ConformanceReport(kernel: kernel.identifier)
    var offered: [(problem: Kernel.Problem, candidates: [Candidate])] = []
    for problem in problems {
      Self.checkKey(of: problem, &answersReport)
      for answer in registry.answers(for: problem) {
        Self.check(answer, to: problem, &answersReport)
        if !answer.candidates.isEmpty { offered.append((problem, answer.candidates)) }
      }
    }
    if offered.isEmpty { answersReport.add("applies to none of the \(problems.count) problems") }
    var reports: [ConformanceReport] = []
    for candidates in Self.selection(from: offered.map(\.candidates), limit: configurationLimit) {
      for candidate in candidates { reports.append(try check(candidate)) }
    }
    if let pattern = Self.pattern(of: reports) { answersReport.add(pattern) }
    if let first = offered.first {
      try checkForeignConfigurations(of: kernel, first.problem, first.candidates, registry, &answersReport)
    }
    return [answersReport] + reports
  }

  /// A database keeps problems as keys and reads them back.
  private static func checkKey<Problem: LayerProblem>(of problem: Problem, _ report: inout ConformanceReport) {
    do {
      let key = try ProblemKey(parsing: problem.key.description)
      guard key.operation == Problem.operation else {
        return report.add("the key '\(key)' does not begin with its operation's name, \(Problem.operation)")
      }
      let read = try Problem(key: key)
      guard read != problem else { return }
      report.add(
        read.key == problem.key
          ? "the key '\(key)' does not say all of the problem: another has the same"
          : "the key '\(key)' is read back as '\(read.key)'")
    } catch {
      report.add("the key '\(problem.key)' cannot be read back: \(error)")
    }
  }

  /// What the problems that fail have in common.
  private static func pattern(of reports: [ConformanceReport]) -> String? {
    let failing = Set(reports.filter { !$0.isConforming }.compactMap(\.problem))
    var seen: Set<ProblemKey> = []
    let keys = reports.compactMap(\.problem).filter { seen.insert($0).inserted }
    return FailurePattern(failing: keys.filter(failing.contains), passing: keys.filter { !failing.contains($0) })
      .sentence
  }

  private static func check(
    _ answer: KernelAnswer, to problem: some LayerProblem, _ report: inout ConformanceReport
  ) {
    if case .refused(let reason) = answer.applicability {
      if reason.isEmpty { report.add("refuses '\(problem.key)' without a reason") }
      return
    }
    if !(answer.expectedEfficiency > 0 && answer.expectedEfficiency.isFinite) {
      report.add("expects an efficiency of \(answer.expectedEfficiency) on '\(problem.key)'")
    }
    let configurations = answer.candidates.map(\.configuration)
    if configurations.isEmpty { report.add("applies to '\(problem.key)', but offers no configuration for it") }
    if Set(configurations).count < configurations.count {
      report.add("offers a configuration twice for '\(problem.key)'")
    }
    if answer.version < 1 { report.add("has the version \(answer.version); versions count from 1") }
  }

  /// Chooses candidates of each problem: the first always, every configuration at least once over all the problems, and
  /// up to the limit of the others.
  static func selection(from offered: [[Candidate]], limit: Int?) -> [[Candidate]] {
    guard let limit else { return offered }
    var chosen = offered.map { Array($0.indices.prefix(1)) }
    var seen = Set(offered.compactMap { $0.first?.configuration })
    var places: [KernelConfiguration: [(problem: Int, index: Int)]] = [:]
    for (problem, candidates) in offered.enumerated() {
      for (index, candidate) in candidates.enumerated() {
        places[candidate.configuration, default: []].append((problem, index))
      }
    }
    for candidate in offered.joined() where seen.insert(candidate.configuration).inserted {
      let place = places[candidate.configuration, default: []].min {
        (chosen[$0.problem].count, $0.problem) < (chosen[$1.problem].count, $1.problem)
      }
      if let place { chosen[place.problem].append(place.index) }
    }
    for (problem, candidates) in offered.enumerated() {
      // Each problem starts elsewhere, so that together they see different ones.
      for step in candidates.indices where chosen[problem].count < min(limit, candidates.count) {
        let index = (problem + step) % candidates.count
        if !chosen[problem].contains(index) { chosen[problem].append(index) }
      }
    }
    return zip(offered, chosen).map { candidates, chosen in chosen.map { candidates[$0] } }
  }

  /// Prepares configurations that the kernel never offered: each has to be refused, or else to work.
  private func checkForeignConfigurations<Kernel: LayerKernel>(
    of kernel: Kernel, _ problem: Kernel.Problem, _ candidates: [Candidate], _ registry: KernelRegistry,
    _ report: inout ConformanceReport
  ) throws {
    guard let values = candidates.first?.configuration.values else { return }
    let parameters = kernel.anyParameters(for: problem, seed: seed)
    for name in values.keys.sorted() {
      for value in [nil, -1, 0, Int.max, Int.min] {
        var foreign = values
        foreign[name] = value
        let configuration = KernelConfiguration(foreign)
        if candidates.contains(where: { $0.configuration == configuration }) { continue }
        let candidate = try registry.candidate(named: kernel.identifier, configuration: configuration, for: problem)
        do { _ = try candidate.prepare(parameters: parameters) } catch {
          if !(error is KernelError) {
            report.add("refuses configuration '\(configuration)' with a \(type(of: error)) instead of a KernelError")
          }
          continue
        }
        for issue in try check(candidate, workerCounts: [1]).issues {
          report.add("accepts configuration '\(configuration)', but \(issue)")
        }
      }
    }
  }
}

extension LayerKernel {
  fileprivate func anyParameters(for problem: Problem, seed: UInt64) -> any Sendable {
    var random = RandomSource(seed: seed)
    return problem.randomParameters(from: &random)
  }
}
