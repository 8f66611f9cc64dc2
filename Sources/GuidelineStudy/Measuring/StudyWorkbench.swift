import Autotuner
import Luthier

/// Compiles networks with the kernels that the study asks for, and times them in turn.
struct StudyWorkbench {
  let options: StudyOptions
  let registry: KernelRegistry
  let cancellation: Cancellation
  let report: (StudyEvent) -> Void
  private let file: DatabaseFile
  private let host: PlatformFingerprint

  init(_ options: StudyOptions, cancellation: Cancellation, report: @escaping (StudyEvent) -> Void) throws {
    self.options = options
    self.cancellation = cancellation
    self.report = report
    registry = try KernelRegistry.standard()
    host = try PlatformFingerprint.current()
    file = try DatabaseFile(folder: "\(options.folder)/tuning", platform: host)
  }

  /// A network as the standard passes leave it, or with those given, compiled for a number of threads.
  ///
  /// - Throws: ``TuningError/interrupted``, ``StudyError``, or what tuning and compiling throw.
  func compile(_ graph: Graph, threads: Int, passes: [GraphPass] = GraphPass.standard) throws -> CompiledNetwork {
    if cancellation.isCancelled { throw TuningError.interrupted }
    let graph = try graph.applying(passes)
    let choosers: [any KernelChooser] =
      if let family = options.family { [FamilyChooser(family: family)] } else { [try tunedChooser(graph, threads)] }
    return try CompiledNetwork(
      graph, registry: registry, options: CompilationOptions(threads: threads, choosers: choosers, passes: []))
  }

  /// The same graph for every thread count of the study.
  func compile(_ graph: Graph, passes: [GraphPass] = GraphPass.standard) throws -> [Int: CompiledNetwork] {
    var networks: [Int: CompiledNetwork] = [:]
    for threads in options.threads { networks[threads] = try compile(graph, threads: threads, passes: passes) }
    return networks
  }

  private func tunedChooser(_ graph: Graph, _ threads: Int) throws -> TableChooser {
    let stored = try file.update(platform: host) { _ in }.database
    let library = RunningLibrary(registry, host: host)
    let tuner = NetworkTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: options.effort))
    let entries = try tuner.tuneProblems(
      of: [graph], threads: threads, known: { key in stored.entry(key).map { library.removingStale($0) } },
      keep: { entry in
        var results = PlatformDatabase(platform: host)
        results.record(entry)
        try file.journal(results)
      }, cancellation: cancellation, report: { _ in })
    let outcome = try tuner.choose(for: graph, threads: threads, entries: entries, cancellation: cancellation)
    return TableChooser(try outcome.profile.table(for: graph, in: registry))
  }

  /// Times networks in turn: in every round each runs a little while, once unmeasured so that its own data are in the
  /// caches, then as often as makes a millisecond.
  ///
  /// - Returns: the time of one run of each network.
  /// - Throws: ``TuningError/interrupted`` or ``StudyError/notMeasured(_:)``.
  func time(_ networks: [CompiledNetwork]) throws -> [MeasuredTime] {
    var random = RandomSource(seed: 1)
    let clock = SystemClock()
    let contestants = try networks.map { network in
      let context = network.makeContext()
      let inputs = network.inputs.map { random.tensor(shape: $0.shape) }
      _ = try context.run(inputs)
      let start = clock.now()
      _ = try context.run(inputs)
      let once = max(Double(clock.now() - start), 1)
      return (context: context, inputs: inputs, repeats: min(max(Int(1e6 / once), 1), 50))
    }
    var samples = [[Double]](repeating: [], count: networks.count)
    for _ in 0..<max(options.rounds, 1) {
      for (index, contestant) in contestants.enumerated() {
        if cancellation.isCancelled { throw TuningError.interrupted }
        _ = try contestant.context.run(contestant.inputs)
        let start = clock.now()
        for _ in 0..<contestant.repeats { _ = try contestant.context.run(contestant.inputs) }
        samples[index].append(Double(clock.now() - start) / Double(contestant.repeats))
      }
    }
    return try zip(networks, samples).map { network, samples in
      guard let time = MeasuredTime(samples: samples) else { throw StudyError.notMeasured(network.name) }
      return time
    }
  }

  /// The time of each step of networks, which run in turn.
  ///
  /// - Throws: ``TuningError/interrupted`` or ``StudyError/notMeasured(_:)``.
  func profile(_ networks: [CompiledNetwork]) throws -> [[MeasuredTime]] {
    var random = RandomSource(seed: 1)
    let contestants = networks.map { network in
      (context: network.makeContext(), inputs: network.inputs.map { random.tensor(shape: $0.shape) })
    }
    var samples = networks.map { [[Double]](repeating: [], count: $0.layers.count) }
    for _ in 0..<max(options.rounds, 3) {
      for (index, contestant) in contestants.enumerated() {
        if cancellation.isCancelled { throw TuningError.interrupted }
        let spans = try contestant.context.profile(contestant.inputs, clock: SystemClock())
        // A clock that is too coarse for a step gives 0.
        for (step, span) in spans.enumerated() { samples[index][step].append(Double(max(span, 1))) }
      }
    }
    return try zip(networks, samples).map { network, steps in
      try steps.map { samples in
        guard let time = MeasuredTime(samples: samples) else { throw StudyError.notMeasured(network.name) }
        return time
      }
    }
  }

  /// The fastest exact candidate of the kernels that a predicate picks; nil when none applies.
  func fastest(
    for problem: any LayerProblem, threads: Int, among isIncluded: (any LayerKernel) -> Bool
  ) throws -> Candidate? {
    let members = registry.filter(isIncluded)
    guard members.candidates(for: problem).contains(where: { !$0.errorClass.isApproximate }) else { return nil }
    let tuner = ProblemTuner(
      registry: members, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: options.effort))
    let entry = try tuner.tune(problem, threads: threads, cancellation: cancellation, report: { _ in })
    guard let winner = entry.winner else { return nil }
    return try registry.candidate(named: winner.kernel, configuration: winner.configuration, for: problem)
  }
}

/// Why a study cannot go on.
public enum StudyError: Error, Equatable, CustomStringConvertible {
  /// The clock gave no usable time.
  case notMeasured(String)
  /// A result's file is not one.
  case unreadable(path: String, reason: String)
  /// The Python that was named cannot run ONNX Runtime.
  case peer(python: String, reason: String)

  /// One line.
  public var description: String {
    switch self {
    case .notMeasured(let name): "'\(name)' gave no usable time; is the clock monotonic?"
    case .unreadable(let path, let reason):
      "\(path) is no result of a study: \(reason); remove it or name another folder"
    case .peer(let python, let reason): "'\(python)' does not run ONNX Runtime: \(reason)"
    }
  }
}
