import Autotuner
import Luthier
import Testing

@Suite("Choosing for a network")
struct ChoosingTests {
  static let registry = KernelRegistry.standardForTuning

  static func tuner(_ options: TuningOptions) -> NetworkTuner<SystemClock> {
    NetworkTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(), options: options)
  }

  static func graph() throws -> Graph {
    var builder = NetworkBuilder(name: "small", seed: 4)
    var value = try builder.input(batch: 1, channels: 8, height: 12, width: 12)
    for _ in 0..<3 { value = try builder.biasedUnit(value, outputs: 16, kernel: 3) }
    return try builder.finish([("output", value)]).applying(GraphPass.standard)
  }

  @Test("A layer that is faster on one thread runs on one, and the rest on all")
  func threads() throws {
    let graph = try Self.graph()
    let tuner = Self.tuner(TuningOptions(effort: .quick))
    func entries(_ threads: Int, factor: Double) throws -> [ProblemKey: TuningEntry] {
      var entries: [ProblemKey: TuningEntry] = [:]
      for (index, problem) in NetworkTuner<SystemClock>.problems(of: [graph]).enumerated() {
        var entry = TuningEntry(key: .init(problem: problem.key, threads: threads))
        let candidate = try Self.registry.defaultCandidate(for: problem)
        let time = index == 0 ? 1000 * factor : 1000
        entry.add([.timed(candidate, time: try #require(MeasuredTime(samples: [time, time])), maximumError: 0)])
        entries[problem.key] = entry
      }
      return entries
    }
    // The first problem takes half as long on one thread; whether that is kept depends on the clock, so the choice itself is looked at.
    let selection = try tuner.selection(
      for: graph, threads: 2, entries: entries(2, factor: 1), single: entries(1, factor: 0.5))
    let layers = graph.nodes.compactMap { node -> Int?? in
      guard case .layer = node.operation else { return nil }
      return selection.choices[node.name]?.threads
    }
    #expect(layers.first == .some(1))
    #expect(layers.dropFirst().allSatisfy { $0 == .some(nil) })
  }

  @Test(
    "Approximate kernels are chosen only within the error, which is measured at the output", arguments: [0.5, 1e-9])
  func error(allowed: Double) throws {
    let graph = try Self.graph()
    var options = TuningOptions(effort: .quick, maximumError: allowed)
    options.candidatesPerKernel = 6
    let tuner = Self.tuner(options)
    let entries = try tuner.tuneProblems(
      of: [graph], threads: 1, known: { _ in nil }, keep: { _ in }, cancellation: Cancellation(), report: { _ in })
    let outcome = try tuner.choose(for: graph, threads: 1, entries: entries, cancellation: Cancellation())
    let network = try CompiledNetwork(
      graph, registry: Self.registry,
      options: CompilationOptions(
        choosers: [TableChooser(try outcome.profile.table(for: graph, in: Self.registry))], passes: []))
    let exact = try CompiledNetwork(graph, registry: Self.registry, options: CompilationOptions(passes: []))
    var random = RandomSource(seed: 1)
    let input = random.tensor(shape: graph[graph.inputs[0]].shape)
    let (found, expected) = (try network.run([input])[0].elements, try exact.run([input])[0].elements)
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    let difference = zip(found, expected).reduce(0) { max($0, ($1.0 - $1.1).magnitude) } / largest
    #expect(Double(difference) <= max(allowed, 1e-4))
    let approximate = network.layers.filter(\.choice.candidate.errorClass.isApproximate)
    if allowed < 1e-6 { #expect(approximate.isEmpty) }
    #expect(approximate.isEmpty == (outcome.profile.maximumError == nil))
    // What was tried is known, also where the effort tries only some of the approximate kernels' configurations.
    _ = try tuner.tuneProblems(
      of: [graph], threads: 1, known: { entries[$0.problem] }, keep: { _ in }, cancellation: Cancellation(),
      report: { event in if case .began(let problem, _, _, _) = event { Issue.record("\(problem) is tuned again") } })
    // Kept under the weights: another network of this shape does not find it.
    #expect(outcome.profile.key == graph.profileKey(threads: 1, allowedError: allowed))
    var other = NetworkBuilder(name: "small", seed: 5)
    var value = try other.input(batch: 1, channels: 8, height: 12, width: 12)
    for _ in 0..<3 { value = try other.biasedUnit(value, outputs: 16, kernel: 3) }
    let stranger = try other.finish([("output", value)]).applying(GraphPass.standard)
    #expect(stranger.fingerprint == graph.fingerprint)
    #expect(
      stranger.profileKey(threads: 1, allowedError: allowed) != graph.profileKey(threads: 1, allowedError: allowed))
    #expect(stranger.profileKey(threads: 1) == graph.profileKey(threads: 1))
  }
}

extension KernelRegistry {
  /// The standard kernels; empty where the host's set cannot be made, which every test then fails on.
  static let standardForTuning = (try? KernelRegistry.standard()) ?? KernelRegistry()
}
