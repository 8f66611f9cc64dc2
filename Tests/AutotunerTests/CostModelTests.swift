import Autotuner
import Luthier
import Testing

@Suite("The cost model")
struct CostModelTests {
  static func problem(_ channels: Int, _ size: Int) throws -> ConvolutionProblem {
    try ConvolutionProblem(
      batch: 1, inputChannels: channels, input: .init(size), outputChannels: channels,
      window: WindowGeometry(kernel: .init(1)))
  }

  /// An entry in which the named candidate is four times as fast as all others.
  static func entry(_ problem: ConvolutionProblem, fast: String, in registry: KernelRegistry) throws -> TuningEntry {
    var entry = TuningEntry(key: .init(problem: problem.key, threads: 1))
    let time = 2 * Double(problem.operationCount.multiplyAccumulates) / 50
    entry.add(
      try registry.candidates(for: problem).filter { !$0.errorClass.isApproximate }.map { candidate in
        .timed(
          candidate,
          time: try #require(MeasuredTime(samples: [candidate.name == fast ? time / 4 : time, time])), maximumError: 0)
      })
    return entry
  }

  @Test("Without samples the kernels stand in the order that their authors expect")
  func prior() throws {
    let registry = try KernelRegistry.standard()
    let problem = try Self.problem(58, 28)
    let order = CostModel(threads: 1).order(registry.answers(for: problem))
    #expect(Set(order.map(\.name)).count == order.count)
    #expect(order.allSatisfy { !$0.errorClass.isApproximate })
    #expect(order.first?.name == (try registry.defaultCandidate(for: problem)).name)
    #expect(order.last?.kernel.family == "decomposed" || order.last?.kernel.family == "reference")
  }

  @Test("What was fast on a similar problem comes first, whoever expected what")
  func learned() throws {
    let registry = try KernelRegistry.standard()
    let similar = try Self.problem(60, 28)
    let fast = try #require(registry.candidates(for: similar).last { $0.kernel.family == "im2col" }).name
    var model = CostModel(threads: 1)
    model.learn(try Self.entry(similar, fast: fast, in: registry), of: similar)
    let order = model.order(registry.answers(for: try Self.problem(58, 28)))
    #expect(order.prefix(3).contains { $0.name == fast })
    // A problem of another kind says nothing.
    var other = CostModel(threads: 1)
    let relu = ElementwiseProblem(.relu, shape: try TensorShape([1, 8, 4, 4]))
    var entry = TuningEntry(key: .init(problem: relu.key, threads: 1))
    entry.add([
      .timed(
        try registry.defaultCandidate(for: relu), time: try #require(MeasuredTime(samples: [10])), maximumError: 0)
    ])
    other.learn(entry, of: relu)
    let untouched = other.order(registry.answers(for: try Self.problem(58, 28))).map(\.name)
    #expect(untouched == CostModel(threads: 1).order(registry.answers(for: try Self.problem(58, 28))).map(\.name))
  }

  @Test("A thorough tuning of a large space tries all that is offered, and of the rest only what the model picks")
  func thorough() throws {
    let registry = try KernelRegistry.standard().filter {
      // Approximate ones, which nobody allows here, are not offered.
      !["reference", "decomposed", "reduced", "int8", "bf16"].contains($0.family)
    }
    let problem = try Self.problem(48, 6)
    // Those that run alike on one thread count once.
    let further = Set(registry.furtherCandidates(for: problem, threads: 1).map(\.name))
    let offered = Set(registry.answers(for: problem, threads: 1).flatMap(\.candidates).map(\.name))
    // 80 with the tiles of AVX2, hundreds with those of AVX-512.
    #expect(further.count > 64)
    #expect(further.isDisjoint(with: offered))
    var options = TuningOptions(effort: .thorough)
    options.rules.rounds = 5
    options.rules.finalRounds = 0
    let tuner = NetworkTuner(
      registry: registry, oracle: try KernelRegistry.standard().filter { $0.family == "reference" },
      clock: SystemClock(), options: options)
    func tune(_ known: TuningEntry?) throws -> (entry: TuningEntry, tried: Int) {
      var tried = 0
      let entries = try tuner.tune(
        [problem], threads: 1, known: { _ in known }, keep: { _ in }, cancellation: Cancellation()
      ) { event in
        if case .trying = event { tried += 1 }
      }
      return (try #require(entries[problem.key]), tried)
    }
    let (entry, _) = try tune(nil)
    let timed = Set(entry.candidates.filter { $0.time != nil }.map(\.name))
    #expect(timed.isSuperset(of: offered))
    let picked = timed.intersection(further)
    #expect(!picked.isEmpty && picked.count <= (further.count + offered.count) / 10)
    #expect(entry.candidates.allSatisfy { $0.verdict != .wrong && $0.verdict != .crashed })
    // All is known then, at this effort and at lower ones.
    #expect(try tune(entry).tried == 0)
  }

  @Test("A search tries what it was given and the default, and nothing else")
  func search() throws {
    let registry = try KernelRegistry.standard()
    let problem = try Self.problem(16, 6)
    let chosen = Set(CostModel(threads: 1).order(registry.answers(for: problem)).prefix(3).map(\.name))
    let tuner = ProblemTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: .quick))
    let entry = try tuner.tune(
      problem, threads: 1, known: nil, among: chosen, cancellation: Cancellation(), report: { _ in })
    let timed = Set(entry.candidates.filter { $0.time != nil }.map(\.name))
    #expect(timed == chosen.union([try registry.defaultCandidate(for: problem).name]))
  }
}
