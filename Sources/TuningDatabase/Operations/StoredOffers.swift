import LayerKernels

/// What the kernels that run now offer for one problem, asked kernel by kernel as a database names them.
struct StoredOffers {
  private let registry: KernelRegistry
  private let problem: any LayerProblem
  private var known: [KernelIdentifier: [KernelConfiguration: Candidate]] = [:]
  private var further: [KernelIdentifier: [KernelConfiguration: Candidate]] = [:]

  /// Nil where nobody can be asked: without a registry, or for a problem that none of its operations reads.
  init?(_ library: RunningLibrary, _ key: ProblemKey) {
    guard let registry = library.registry, let problem = try? registry.problem(for: key) else { return nil }
    self.registry = registry
    self.problem = problem
  }

  /// The candidate that a kernel offers with a configuration; nil when it takes none such for this problem any more.
  mutating func candidate(of kernel: KernelIdentifier, _ configuration: KernelConfiguration) -> Candidate? {
    if known[kernel] == nil { known[kernel] = offers(of: kernel, further: false) }
    if let found = known[kernel]?[configuration] { return found }
    // Far more of them, and seldom needed.
    if further[kernel] == nil { further[kernel] = offers(of: kernel, further: true) }
    return further[kernel]?[configuration]
  }

  private func offers(of kernel: KernelIdentifier, further: Bool) -> [KernelConfiguration: Candidate] {
    Dictionary(
      registry.offers(of: kernel, for: problem, further: further).map { ($0.configuration, $0) },
      uniquingKeysWith: { first, _ in first })
  }
}
