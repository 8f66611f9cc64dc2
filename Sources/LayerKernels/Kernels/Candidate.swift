/// A kernel with one of its configurations, for a problem whose type the caller need not know.
///
/// This is how the tuner and the network handle kernels of every operation alike.
public struct Candidate: Sendable {
  /// The problem.
  public let problem: any LayerProblem
  /// The kernel's name.
  public let kernel: KernelIdentifier
  /// The kernel's version.
  public let version: Int
  /// The kernel's numbers.
  public let configuration: KernelConfiguration
  /// The layouts that it reads and writes.
  public let layouts: OperandLayouts
  /// What its results are worth.
  public let errorClass: ErrorClass

  private let preparation: @Sendable (any Sendable) throws -> any PreparedKernel
  private let rounding: @Sendable (any Sendable) throws -> (any Sendable)?
  private let canonicalization: @Sendable (_ threads: Int) -> KernelConfiguration

  init<Kernel: LayerKernel>(_ kernel: Kernel, _ problem: Kernel.Problem, _ configuration: KernelConfiguration) {
    self.problem = problem
    self.kernel = kernel.identifier
    version = kernel.version
    self.configuration = configuration
    layouts = kernel.layouts(for: problem, configuration: configuration)
    errorClass = kernel.errorClass(for: problem, configuration: configuration)
    preparation = { parameters in
      guard let parameters = parameters as? Kernel.Problem.Parameters else {
        throw KernelError.parameterType(problem: problem.key)
      }
      return try kernel.prepare(problem, configuration: configuration, parameters: parameters)
    }
    rounding = { parameters in
      guard let parameters = parameters as? Kernel.Problem.Parameters else {
        throw KernelError.parameterType(problem: problem.key)
      }
      return try kernel.roundedParameters(parameters, for: problem)
    }
    canonicalization = { threads in
      kernel.canonicalConfiguration(configuration, for: problem, threads: threads)
    }
  }

  /// Packs the parameters, which have to be of the problem's `Parameters` type.
  ///
  /// - Throws: ``KernelError`` when they are not, or the kernel refuses its configuration.
  public func prepare(parameters: any Sendable) throws -> any PreparedKernel { try preparation(parameters) }

  /// The parameters as the kernel rounds them, on which it is exact; nil where it does not.
  ///
  /// - Throws: ``KernelError`` when they are of another type than the problem's, or such as the kernel cannot store.
  public func roundedParameters(_ parameters: any Sendable) throws -> (any Sendable)? { try rounding(parameters) }

  /// The canonical one of all configurations that behave alike with `threads` threads.
  public func canonicalConfiguration(threads: Int) -> KernelConfiguration { canonicalization(threads) }

  /// `direct.pointwise.pixels m=14,n=2`
  public var name: String { configuration.values.isEmpty ? kernel.name : "\(kernel) \(configuration)" }
}

/// What one kernel says to a problem.
public struct KernelAnswer: Sendable {
  /// The kernel's name.
  public let kernel: KernelIdentifier
  /// The kernel's version.
  public let version: Int
  /// Whether it applies, and if not why.
  public let applicability: Applicability
  /// The fraction of peak that its author expects; 0 when it does not apply.
  public let expectedEfficiency: Double
  /// Its candidates, the best guess first; empty when it does not apply.
  public let candidates: [Candidate]
}

extension KernelRegistry {
  /// What each kernel of the problem's operation says to it, in order.
  public func answers(for problem: some LayerProblem) -> [KernelAnswer] {
    kernels(for: type(of: problem)).map { Self.answer(of: $0, to: problem) }
  }

  /// What each kernel says to the problem where so many threads share the work: of candidates that run alike there only the first.
  public func answers(for problem: some LayerProblem, threads: Int) -> [KernelAnswer] {
    answers(for: problem).map { answer in
      var seen: Set<KernelConfiguration> = []
      return KernelAnswer(
        kernel: answer.kernel, version: answer.version, applicability: answer.applicability,
        expectedEfficiency: answer.expectedEfficiency,
        candidates: answer.candidates.filter { seen.insert($0.canonicalConfiguration(threads: threads)).inserted })
    }
  }

  private static func answer<Kernel: LayerKernel>(of kernel: Kernel, to problem: Kernel.Problem) -> KernelAnswer {
    let applicability = kernel.applicability(to: problem)
    return KernelAnswer(
      kernel: kernel.identifier, version: kernel.version, applicability: applicability,
      expectedEfficiency: applicability.isApplicable ? kernel.expectedEfficiency(for: problem) : 0,
      candidates: applicability.isApplicable
        ? kernel.configurations(for: problem).map { Candidate(kernel, problem, $0) } : [])
  }

  /// Every candidate of every kernel that applies, in order.
  public func candidates(for problem: some LayerProblem) -> [Candidate] {
    answers(for: problem).flatMap(\.candidates)
  }

  /// What only a thorough search considers: the further candidates of every kernel that applies, in order, each once and none
  /// that ``candidates(for:)`` has.
  public func furtherCandidates(for problem: some LayerProblem) -> [Candidate] {
    kernels(for: type(of: problem)).flatMap { Self.furtherCandidates(of: $0, for: problem) }
  }

  /// What only a thorough search considers where so many threads share the work: of candidates that run alike there only the
  /// first, and none that ``answers(for:threads:)`` has.
  public func furtherCandidates(for problem: some LayerProblem, threads: Int) -> [Candidate] {
    var seen: [KernelIdentifier: Set<KernelConfiguration>] = [:]
    func isNew(_ candidate: Candidate) -> Bool {
      seen[candidate.kernel, default: []].insert(candidate.canonicalConfiguration(threads: threads)).inserted
    }
    for candidate in candidates(for: problem) { _ = isNew(candidate) }
    return furtherCandidates(for: problem).filter(isNew)
  }

  private static func furtherCandidates<Kernel: LayerKernel>(
    of kernel: Kernel, for problem: Kernel.Problem
  ) -> [Candidate] {
    guard kernel.applicability(to: problem).isApplicable else { return [] }
    var known = Set(kernel.configurations(for: problem))
    return kernel.furtherConfigurations(for: problem).filter { known.insert($0).inserted }.map {
      Candidate(kernel, problem, $0)
    }
  }

  /// What a kernel, by its name or alias, offers for a problem: the candidates that every tuning considers, or, where asked for,
  /// those that only a thorough one does. None where there is no such kernel or it does not apply.
  package func offers(
    of name: KernelIdentifier, for problem: some LayerProblem, further: Bool
  ) -> [Candidate] {
    for kernel in kernels(for: type(of: problem)) where kernel.identifier == name || kernel.aliases.contains(name) {
      return further
        ? Self.furtherCandidates(of: kernel, for: problem) : Self.answer(of: kernel, to: problem).candidates
    }
    return []
  }

  /// The candidate of a kernel's name or alias with the given configuration.
  ///
  /// - Throws: ``KernelError`` when there is no such kernel or it does not apply.
  public func candidate(
    named name: KernelIdentifier, configuration: KernelConfiguration, for problem: some LayerProblem
  ) throws(KernelError) -> Candidate {
    for kernel in kernels(for: type(of: problem)) where kernel.identifier == name || kernel.aliases.contains(name) {
      return try Self.candidate(of: kernel, configuration, problem)
    }
    throw .unknownKernel(name: name.name, operation: type(of: problem).operation)
  }

  private static func candidate<Kernel: LayerKernel>(
    of kernel: Kernel, _ configuration: KernelConfiguration, _ problem: Kernel.Problem
  ) throws(KernelError) -> Candidate {
    if case .refused(let reason) = kernel.applicability(to: problem) {
      throw .notApplicable(kernel: kernel.identifier, problem: problem.key, reason: reason)
    }
    return Candidate(kernel, problem, configuration)
  }

  /// What runs where nobody has tuned: the first configuration of the exact kernel that expects most of itself, of equals
  /// the one registered first.
  ///
  /// - Throws: ``KernelError/noKernel(problem:reasons:)`` when none applies.
  public func defaultCandidate(for problem: some LayerProblem) throws(KernelError) -> Candidate {
    var best: (candidate: Candidate, efficiency: Double)?
    var reasons: [String] = []
    for answer in answers(for: problem) {
      if case .refused(let reason) = answer.applicability { reasons.append("\(answer.kernel) \(reason)") }
      guard let first = answer.candidates.first, !first.errorClass.isApproximate else { continue }
      if let best, best.efficiency >= answer.expectedEfficiency { continue }
      best = (first, answer.expectedEfficiency)
    }
    guard let best else { throw .noKernel(problem: problem.key, reasons: reasons) }
    return best.candidate
  }
}
