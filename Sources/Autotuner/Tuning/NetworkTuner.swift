public import HostPlatform
public import LayerKernels
public import Network
public import TuningDatabase

/// Tunes whole networks: every distinct problem by itself, then the choice for each network together, then the proof on the
/// clock.
public struct NetworkTuner<Clock: MonotonicClock> {
  private let registry: KernelRegistry
  private let clock: Clock
  private let options: TuningOptions
  private let problemTuner: any ProblemTuning

  /// What came of a network.
  public struct Outcome: Sendable {
    /// The choices to keep.
    public let profile: NetworkProfile
    /// The entry of each layer's problem, in the order of the layers.
    public let layers: [(node: String, entry: TuningEntry)]
    /// What the layers and conversions add up to, in nanoseconds; nil for a stored outcome.
    public let predictedTime: Double?
    /// The time of the network whose layers were chosen together, whether or not it was kept.
    public let timeTogether: MeasuredTime?
    /// Which of the networks was fastest.
    public let decision: Decision
    /// What approximate candidates err on the network's own weights.
    public let weightsEntries: [TuningEntry]
    /// The layers that are approximate; empty unless ``decision`` is ``Decision/approximate``.
    public let spending: [SpentError]
    /// Whether nothing was timed, since a stored profile still holds.
    public let isStored: Bool
  }

  /// Which choices a network runs with.
  public enum Decision: String, Sendable {
    /// The choices made for the whole network together.
    case together
    /// Each layer's own winner.
    case layerWise = "layer-wise"
    /// What runs where nobody has tuned: nothing was faster.
    case untuned
    /// The choices made together, and approximate kernels within the allowed error.
    case approximate
  }

  /// A tuner of the kernels of a registry.
  ///
  /// - Parameters:
  ///   - registry: the kernels that compete.
  ///   - oracle: the kernels whose results the others are checked against.
  ///   - clock: what times them.
  ///   - options: how thoroughly they are timed, and the error that approximate ones may make.
  ///   - problemTuner: who tunes single problems; nil means a ``ProblemTuner`` in this process.
  public init(
    registry: KernelRegistry, oracle: KernelRegistry, clock: Clock, options: TuningOptions,
    problemTuner: (any ProblemTuning)? = nil
  ) {
    self.registry = registry
    self.clock = clock
    self.options = options
    self.problemTuner =
      problemTuner ?? ProblemTuner(registry: registry, oracle: oracle, clock: clock, options: options)
  }

  /// The distinct problems of networks, layout conversions left out, in the order of their first layer.
  public static func problems(of graphs: [Graph]) -> [any LayerProblem] {
    var seen: Set<ProblemKey> = []
    var problems: [any LayerProblem] = []
    for graph in graphs {
      for node in graph.nodes {
        if case .layer(let problem, _) = node.operation, seen.insert(problem.key).inserted { problems.append(problem) }
      }
    }
    return problems
  }

  /// Tunes the problems that the database lacks for this effort.
  ///
  /// - Parameters:
  ///   - graphs: networks as the passes leave them.
  ///   - threads: how many share a layer.
  ///   - known: the stored entry of a problem whose results still hold, or nil.
  ///   - keep: receives each new entry as soon as it is there, to write it down.
  ///   - cancellation: ends the tuning between two candidates when it is set.
  ///   - report: hears what is being tried.
  /// - Throws: ``TuningError``, or what `keep` throws.
  public func tuneProblems(
    of graphs: [Graph], threads: Int, known: (TuningEntry.Key) -> TuningEntry?, keep: (TuningEntry) throws -> Void,
    cancellation: Cancellation, report: (TuningEvent) -> Void
  ) throws -> [ProblemKey: TuningEntry] {
    try tune(
      Self.problems(of: graphs), threads: threads, known: known, keep: keep, cancellation: cancellation, report: report)
  }

  /// Tunes the problems that the database lacks for this effort; see
  /// ``tuneProblems(of:threads:known:keep:cancellation:report:)``.
  ///
  /// - Throws: ``TuningError``, or what `keep` throws.
  public func tune(
    _ problems: [any LayerProblem], threads: Int, known: (TuningEntry.Key) -> TuningEntry?,
    keep: (TuningEntry) throws -> Void, cancellation: Cancellation, report: (TuningEvent) -> Void
  ) throws -> [ProblemKey: TuningEntry] {
    var entries: [ProblemKey: TuningEntry] = [:]
    var model = CostModel(threads: threads)
    for (index, problem) in problems.enumerated() {
      let key = TuningEntry.Key(problem: problem.key, threads: threads)
      let stored = known(key)
      if let stored, isComplete(stored, for: problem) {
        entries[problem.key] = stored
        model.learn(stored, of: problem)
        report(.known(stored, index: index, count: problems.count))
        continue
      }
      report(.began(problem: problem.key, threads: threads, index: index, count: problems.count))
      let entry = try search(
        problem, threads: threads, known: stored, model: &model, cancellation: cancellation, report: report)
      try keep(entry)
      model.learn(entry, of: problem)
      entries[problem.key] = entry
      report(.finished(entry, index: index, count: problems.count))
    }
    return entries
  }

  /// Whether a stored entry answers for the kernels that are registered now, at this effort.
  private func isComplete(_ entry: TuningEntry, for problem: any LayerProblem) -> Bool {
    guard let search = entry.search, search.effort >= options.effort, entry.winner != nil else { return false }
    let answers = registry.answers(for: problem, threads: entry.key.threads)
    if options.maximumError > 0 {
      let approximate = answers.flatMap { $0.candidates.prefix(options.candidatesPerKernel) }.filter(
        \.errorClass.isApproximate)
      guard approximate.allSatisfy({ entry.record(of: $0.kernel, $0.configuration) != nil }) else { return false }
    }
    return search.offers == answers.map(KernelOffer.init).sorted { $0.kernel < $1.kernel }
  }

  /// Tunes a problem with what the kernels offer, and where a thorough tuning has more candidates than it can try, with those of
  /// them that a model of this host's samples expects to be fastest, the problem's own samples first among them.
  private func search(
    _ problem: any LayerProblem, threads: Int, known: TuningEntry?, model: inout CostModel,
    cancellation: Cancellation, report: (TuningEvent) -> Void
  ) throws -> TuningEntry {
    let answers = registry.answers(for: problem, threads: threads)
    let further = options.effort == .thorough ? registry.furtherCandidates(for: problem, threads: threads) : []
    let offered = answers.flatMap(\.candidates).map(\.name)
    guard offered.count + further.count > options.searchThreshold else {
      return try problemTuner.tune(
        problem, threads: threads, known: known, among: nil, cancellation: cancellation, report: report)
    }
    let first = try problemTuner.tune(
      problem, threads: threads, known: known, among: Set(offered), cancellation: cancellation, report: report)
    model.learn(first, of: problem)
    let count = max(Int(Double(offered.count + further.count) * options.searchShare), 4)
    let picked = Set(model.order(answers, further: further).prefix(count).map(\.name)).subtracting(offered)
    guard !picked.isEmpty else { return first }
    return try problemTuner.tune(
      problem, threads: threads, known: first, among: picked, cancellation: cancellation, report: report)
  }

  /// Chooses for a network and times it three ways, in turn: as chosen together, with each layer's winner, and untuned; and
  /// with approximate kernels where the options allow an error.
  ///
  /// - Parameters:
  ///   - graph: the network as the passes leave it.
  ///   - threads: how many run it.
  ///   - entries: what `tuneProblems` gave.
  ///   - single: the same for one thread, so that a layer which gains nothing from more may run on one; empty for no such
  ///     choice.
  ///   - cancellation: ends the timing between two runs when it is set.
  /// - Throws: ``TuningError/interrupted``, or what compiling the network throws.
  public func choose(
    for graph: Graph, threads: Int, entries: [ProblemKey: TuningEntry], single: [ProblemKey: TuningEntry] = [:],
    cancellation: Cancellation
  ) throws -> Outcome {
    let together = selection(for: graph, threads: threads, entries: entries, single: single)
    let chosen = together.choices.mapValues { LayerChoice($0.candidate, threads: $0.threads, source: .forced) }
    // In the order in which ties are broken: nothing is kept that is not faster than leaving it be.
    var tables: [(Decision, [String: LayerChoice])] = [
      (.untuned, [:]), (.together, chosen), (.layerWise, layerWinners(graph, entries)),
    ]
    var approximate: ApproximateSelection.Result?
    if options.maximumError > 0 {
      approximate = try ApproximateSelection(
        registry: registry, threads: threads, allowedError: options.maximumError, cancellation: cancellation
      ).select(graph, exact: chosen, entries: entries)
      if let approximate { tables.append((.approximate, approximate.choices)) }
    }
    try cancellation.check()
    let (results, networks) = try race(tables.map(\.1), graph, threads: threads, cancellation: cancellation)
    try cancellation.check()
    let times = results.map { MeasuredTime(samples: $0.samples) }
    let best = results.firstIndex { $0.verdict == .won } ?? 0
    let decision = tables[best].0
    let layers = networks[best].layers.filter { !$0.isConversion }.map {
      NetworkProfile.Layer(node: $0.name, candidate: $0.choice.candidate, threads: $0.threads)
    }
    let profile = NetworkProfile(
      key: graph.profileKey(threads: threads, allowedError: options.maximumError), layers: layers,
      decisions: ["choice": decision.rawValue],
      totals: .init(untuned: times[0], layerWise: times[2], tuned: times[best]), effort: options.effort,
      maximumError: decision == .approximate ? approximate?.error : nil)
    return Outcome(
      profile: profile,
      layers: graph.nodes.compactMap { node in
        guard case .layer(let problem, _) = node.operation else { return nil }
        return entries[problem.key].map { (node.name, $0) }
      },
      predictedTime: together.predictedTime, timeTogether: times[1], decision: decision,
      weightsEntries: approximate?.entries ?? [],
      spending: decision == .approximate ? approximate?.spending ?? [] : [], isStored: false)
  }

  /// What a stored profile says of a network, where nothing has happened since that could change it; nil where the whole network
  /// has to be timed again.
  ///
  /// - Parameters:
  ///   - profile: the database's profile of the network, these threads and the options' error; its kernels are current.
  ///   - graph: the network as the passes leave it.
  ///   - entries: as for ``choose(for:threads:entries:single:cancellation:)``.
  ///   - single: the same for one thread, or empty.
  public func recall(
    _ profile: NetworkProfile, for graph: Graph, entries: [ProblemKey: TuningEntry],
    single: [ProblemKey: TuningEntry] = [:]
  ) -> Outcome? {
    let layers = graph.nodes.compactMap { node -> (node: String, entry: TuningEntry)? in
      guard case .layer(let problem, _) = node.operation else { return nil }
      return entries[problem.key].map { (node.name, $0) }
    }
    let used = layers.map(\.entry) + single.values
    guard profile.effort >= options.effort, profile.totals.tuned != nil,
      let decision = profile.decisions["choice"].flatMap(Decision.init), layers.count == profile.layers.count,
      layers.allSatisfy({ profile.layer($0.node)?.problem == $0.entry.key.problem }),
      used.allSatisfy({ $0.search.map { $0.finished <= profile.tuned } ?? false }),
      (try? profile.table(for: graph, in: registry)) != nil
    else { return nil }
    return Outcome(
      profile: profile, layers: layers, predictedTime: nil, timeTogether: nil, decision: decision, weightsEntries: [],
      spending: layers.compactMap { node, entry in
        guard let layer = profile.layer(node),
          let record = entry.record(of: layer.kernel, layer.configuration), record.isApproximate,
          let own = record.time?.medianNanoseconds, let exact = entry.winner?.time?.medianNanoseconds
        else { return nil }
        return SpentError(node: node, candidate: record.name, error: nil, saving: exact - own)
      }, isStored: true)
  }

  /// The choice for the whole network together, by the entries' times and by conversions that are timed now; see
  /// ``choose(for:threads:entries:single:cancellation:)``.
  public func selection(
    for graph: Graph, threads: Int, entries: [ProblemKey: TuningEntry], single: [ProblemKey: TuningEntry] = [:]
  ) -> NetworkSelection.Result {
    var conversions: [ConversionKey: Double] = [:]
    let measured = ConversionTimer(
      registry: registry, clock: clock, threads: threads, choosers: [EntryChooser(entries: entries)])
    return NetworkSelection(
      options: { problem in self.selectionOptions(problem, entries[problem.key], single: single[problem.key]) },
      conversionTime: { shape, from, to in
        let key = ConversionKey(shape: shape, from: from, to: to)
        if let time = conversions[key] { return time }
        let time = measured.time(of: key)
        conversions[key] = time
        return time
      }
    ).select(graph)
  }

  /// For each combination of layouts the fastest candidate that was timed.
  private func selectionOptions(
    _ problem: any LayerProblem, _ entry: TuningEntry?, single: TuningEntry?
  ) -> [NetworkSelection.Option] {
    let shared = selectionOptions(problem, entry, threads: nil)
    var options = shared
    // On one thread only where that is faster by more than a tie, since the others then wait.
    for alone in selectionOptions(problem, single, threads: 1) {
      let rival = shared.first { $0.candidate.layouts == alone.candidate.layouts }
      if let rival, rival.time <= alone.time * (1 + TuningEntry.tieFraction) { continue }
      options.removeAll { $0.candidate.layouts == alone.candidate.layouts }
      options.append(alone)
    }
    return options
  }

  private func selectionOptions(
    _ problem: any LayerProblem, _ entry: TuningEntry?, threads: Int?
  ) -> [NetworkSelection.Option] {
    guard let entry else { return [] }
    var options: [NetworkSelection.Option] = []
    var seen: Set<OperandLayouts> = []
    // The ranking puts the winner before those tied with it, so equal times choose alike every time.
    for record in entry.ranking(maximumError: 0) {
      guard let layouts = record.layouts, !seen.contains(layouts), let time = record.time,
        let candidate = try? registry.candidate(
          named: record.kernel, configuration: record.configuration, for: problem)
      else { continue }
      seen.insert(layouts)
      options.append(
        NetworkSelection.Option(candidate: candidate, time: time.medianNanoseconds, threads: threads))
    }
    return options
  }

  private func layerWinners(_ graph: Graph, _ entries: [ProblemKey: TuningEntry]) -> [String: LayerChoice] {
    var choices: [String: LayerChoice] = [:]
    for node in graph.nodes {
      guard case .layer(let problem, _) = node.operation, let winner = entries[problem.key]?.winner,
        let candidate = try? registry.candidate(
          named: winner.kernel, configuration: winner.configuration, for: problem)
      else { continue }
      choices[node.name] = LayerChoice(candidate, source: .forced)
    }
    return choices
  }

  /// Times a network with several tables of choices, in turn.
  ///
  /// - Returns: the results and a network of each table.
  private func race(
    _ tables: [[String: LayerChoice]], _ graph: Graph, threads: Int, cancellation: Cancellation
  ) throws -> (results: [RaceResult], networks: [CompiledNetwork]) {
    func compile(_ table: [String: LayerChoice]) throws -> CompiledNetwork {
      try CompiledNetwork(
        graph, registry: registry,
        options: CompilationOptions(threads: threads, choosers: [TableChooser(table)], passes: []))
    }
    var networks = try tables.map(compile)
    var contexts = networks.map { $0.makeContext() }
    let pinned = PinnedTeam(try ThreadTeam(threads: threads))
    defer { withExtendedLifetime(pinned) {} }
    var random = RandomSource(seed: 1)
    let inputs = networks[0].inputs.map { random.tensor(shape: $0.shape) }
    // Warm: every context has touched its memory and its weights before anything counts.
    for context in contexts {
      for _ in 0..<3 { _ = try context.run(inputs) }
    }
    var rules = RaceRules()
    rules.rounds = options.effort == .quick ? 15 : 32
    rules.finalRounds = options.effort == .quick ? 0 : 96
    rules.legRounds = 8
    rules.settledRounds = 16
    rules.placementBand = 0.05
    rules.screeningRatio = .infinity
    rules.tieBand = Self.networkTieBand
    rules.limit = options.networkLimit
    let results = Race(clock: clock, rules: rules).run(contexts.count) { live in
      for contestant in live {
        guard !cancellation.isCancelled, let renewed = try? compile(tables[contestant]) else { continue }
        networks[contestant] = renewed
        contexts[contestant] = renewed.makeContext()
      }
    } time: { contestant in
      guard !cancellation.isCancelled else { return .nan }
      // Unmeasured: the rivals' weights, as many copies of the network's own, have pushed its weights out of the caches.
      _ = try? contexts[contestant].run(inputs)
      let start = clock.now()
      let outputs = try? contexts[contestant].run(inputs)
      let end = clock.now()
      return outputs == nil ? .nan : Double(end - start)
    }
    return (results, networks)
  }

  /// Networks whose times differ by less than this fraction are tied, and the simpler choice is kept.
  private static var networkTieBand: Double { 0.01 }
}
