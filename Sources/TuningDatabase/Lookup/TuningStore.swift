import HostPlatform
import LayerKernels

/// Databases laid over each other, the user's above the shipped one, as a deployment reads them.
///
/// A problem that was tuned is answered by the uppermost database that has a result which still holds; one that was not, by
/// the nearest tuned problem; and one without any near, by nobody: the caller then takes the registry's default.
public struct TuningStore: Sendable {
  /// One database in use.
  public struct Layer: Sendable {
    /// What answers call it: its path, or another name.
    public let source: String
    /// Its content.
    public let database: PlatformDatabase
  }

  /// The databases that are used, uppermost first.
  public let layers: [Layer]
  /// What the user should know, a line each: databases of near platforms, files that could not be read.
  public let warnings: [String]
  /// What stored results are compared with.
  public let library: RunningLibrary

  /// How far a problem may be away to be of use.
  ///
  /// The distance of two problems with equal operation, filter, stride and kind of grouping is √(Σ ln(a / b)²) over their
  /// sizes and thread counts, plus 0.1 where padding or epilogue differ: twice the channels is 0.69.
  public static let maximumDistance = 2.0

  private struct Neighbour: Sendable {
    let layer: Int
    let key: TuningEntry.Key
    let features: ProblemFeatures
  }

  private let neighbours: [String: [Neighbour]]

  /// Lays databases over each other, uppermost first; those of a different platform are not used, those of a near one with
  /// a warning.
  public init(
    layers: [(source: String, database: PlatformDatabase)], library: RunningLibrary, warnings: [String] = []
  ) {
    var used: [Layer] = []
    var warnings = warnings
    var neighbours: [String: [Neighbour]] = [:]
    for (source, database) in layers {
      switch database.platform.compare(to: library.host) {
      case .same: break
      case .near(let differences):
        warnings.append("\(source) is of a near platform (\(differences.joined(separator: "; "))); tune this host")
      case .different(let differences):
        warnings.append("\(source) is of another platform and not used (\(differences.joined(separator: "; ")))")
        continue
      }
      for entry in database.entriesByKey.values where library.isUsable(entry) {
        guard let features = ProblemFeatures(entry.key) else { continue }
        neighbours[features.kind, default: []].append(Neighbour(layer: used.count, key: entry.key, features: features))
      }
      used.append(Layer(source: source, database: database))
    }
    self.layers = used
    self.library = library
    self.warnings = warnings
    self.neighbours = neighbours
  }

  /// A store without databases: every answer is nil.
  public static func empty(library: RunningLibrary) -> TuningStore { TuningStore(layers: [], library: library) }

  /// What is known of a problem for kernels that are registered now; nil when nothing near was tuned.
  ///
  /// - Parameters:
  ///   - problem: the problem.
  ///   - threads: how many threads take part.
  ///   - weights: a digest of the weights, for kernels whose error depends on them.
  ///   - budget: the largest allowed error relative to the largest output magnitude; 0 for exact kernels only.
  ///   - isAcceptable: whether a candidate can be used; a nearest problem's may not apply here.
  public func choice(
    for problem: ProblemKey, threads: Int, weights: String? = nil, maximumError budget: Double = 0,
    where isAcceptable: (RunningLibrary.Kernel, CandidateRecord) -> Bool = { _, _ in true }
  ) -> TunedChoice? {
    let key = TuningEntry.Key(problem: problem, threads: threads)
    let keys = weights == nil ? [key] : [key, TuningEntry.Key(problem: problem, threads: threads, weights: weights)]
    for (index, layer) in layers.enumerated() {
      if let (kernel, record) = best(keys, in: index, budget, isAcceptable) {
        return TunedChoice(kernel: kernel.identifier, record: record, provenance: .exact(source: layer.source))
      }
    }
    for (neighbour, distance) in nearest(to: key) {
      if let (kernel, record) = best([neighbour.key], in: neighbour.layer, budget, isAcceptable) {
        return TunedChoice(
          kernel: kernel.identifier, record: record,
          provenance: .nearest(neighbour.key, distance: distance, source: layers[neighbour.layer].source))
      }
    }
    return nil
  }

  /// The candidate for a problem: tuned, or of the nearest tuned problem, or the registry's default.
  ///
  /// A stored candidate is taken only if its kernel still offers that configuration for this very problem.
  ///
  /// - Throws: ``KernelError/noKernel(problem:reasons:)`` when no kernel applies at all.
  public func candidate(
    for problem: some LayerProblem, threads: Int, weights: String? = nil, maximumError budget: Double = 0,
    registry: KernelRegistry
  ) throws(KernelError) -> SelectedCandidate {
    let offered = registry.answers(for: problem).flatMap(\.candidates)
    func match(_ kernel: KernelIdentifier, _ record: CandidateRecord) -> Candidate? {
      offered.first { $0.kernel == kernel && $0.configuration == record.configuration }
    }
    let choice = choice(for: problem.key, threads: threads, weights: weights, maximumError: budget) { kernel, record in
      match(kernel.identifier, record) != nil
    }
    if let choice, let candidate = match(choice.kernel, choice.record) {
      return SelectedCandidate(candidate: candidate, provenance: choice.provenance, record: choice.record)
    }
    return SelectedCandidate(
      candidate: try registry.defaultCandidate(for: problem), provenance: .heuristic, record: nil)
  }

  /// The choices for a network and the file that they stand in; nil when it was not tuned so, or they no longer hold.
  ///
  /// The same graph under another name, such as a network of the catalog that was exported to a file, has the same profile.
  ///
  /// - Parameter key: with its fingerprint; profiles of another graph of the same name do not count.
  public func profile(_ key: NetworkProfile.Key) -> (profile: NetworkProfile, source: String)? {
    profiles(key).first { library.staleness(of: $0.profile).isEmpty }
  }

  /// Why the choices for a network that stand in a file no longer hold, and the file; nil when there are none.
  ///
  /// - Parameter key: as for ``profile(_:)``.
  public func stalenessOfProfile(_ key: NetworkProfile.Key) -> (reasons: [StalenessReason], source: String)? {
    profiles(key).first.map { (library.staleness(of: $0.profile), $0.source) }
  }

  /// The errors for which a network of a key's name, inputs and threads was tuned besides the key's own, in ascending order.
  public func allowedErrors(besides key: NetworkProfile.Key) -> [Double] {
    let others = layers.flatMap { $0.database.profiles.map(\.key) }.filter {
      $0.network == key.network && $0.inputShapes == key.inputShapes && $0.threads == key.threads
        && $0.allowedError != key.allowedError && $0.allowedError > 0
    }
    return Set(others.map(\.allowedError)).sorted()
  }

  /// What was ever chosen for a network, in the order of the files.
  private func profiles(_ key: NetworkProfile.Key) -> [(profile: NetworkProfile, source: String)] {
    layers.flatMap { layer in
      // Sorted by name, so that of several the same one is found each time.
      let own = layer.database.profile(key).map { [$0] }
      let found = own ?? layer.database.profiles.filter { $0.key.describesSameGraph(as: key) }
      return found.map { ($0, layer.source) }
    }
  }

  private func best(
    _ keys: [TuningEntry.Key], in layer: Int, _ budget: Double,
    _ isAcceptable: (RunningLibrary.Kernel, CandidateRecord) -> Bool
  ) -> (RunningLibrary.Kernel, CandidateRecord)? {
    var best: (kernel: RunningLibrary.Kernel, record: CandidateRecord)?
    for key in keys {
      guard let entry = layers[layer].database.entry(key), entry.winner == nil || library.isUsable(entry) else {
        continue
      }
      let usable = entry.ranking(maximumError: budget).lazy.compactMap { record in
        usableKernel(of: record, key.problem).map { ($0, record) }
      }
      guard let first = usable.first(where: isAcceptable) else { continue }
      // The weights' own entry counts only where it is faster than what serves any weights.
      if let best, let a = best.record.time, let b = first.1.time, a.medianNanoseconds <= b.medianNanoseconds {
        continue
      }
      best = first
    }
    return best
  }

  private func usableKernel(of record: CandidateRecord, _ problem: ProblemKey) -> RunningLibrary.Kernel? {
    library.staleness(of: record, problem: problem) == nil
      ? library.kernel(record.kernel, operation: problem.operation) : nil
  }

  /// Why the candidate that was chosen for a problem is one that this library's kernels refuse, and the file that names it; nil where
  /// there is none such.
  public func refusedWinner(
    of problem: ProblemKey, threads: Int
  ) -> (candidate: String, reason: StalenessReason, source: String)? {
    for layer in layers {
      guard let winner = layer.database.entry(TuningEntry.Key(problem: problem, threads: threads))?.winner else {
        continue
      }
      switch library.staleness(of: winner, problem: problem) {
      case .notOffered?, .approximate?:
        return library.staleness(of: winner, problem: problem).map { (winner.name, $0, layer.source) }
      default: continue
      }
    }
    return nil
  }

  private func nearest(to key: TuningEntry.Key) -> [(Neighbour, Double)] {
    guard let features = ProblemFeatures(key) else { return [] }
    return neighbours[features.kind, default: []].compactMap { neighbour in
      guard neighbour.key.weights == nil, let distance = features.distance(to: neighbour.features),
        distance <= Self.maximumDistance
      else { return nil }
      return (neighbour, distance)
    }.sorted { left, right in
      (left.1, left.0.layer) == (right.1, right.0.layer)
        ? left.0.key < right.0.key : (left.1, left.0.layer) < (right.1, right.0.layer)
    }
  }
}
