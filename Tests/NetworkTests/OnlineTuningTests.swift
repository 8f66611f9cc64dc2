import LayerKernels
import Luthier
import Testing

@Suite("Online tuning")
struct OnlineTuningTests {
  /// A clock whose spans are given: each look at it goes on by the next half of a span.
  final class ScriptedClock: MonotonicClock, Sendable {
    let state = Lock<(now: Int64, spans: [Int64], isStart: Bool)>((0, [], true))

    init(_ spans: [Int64]) { state.withLock { $0.spans = spans } }

    func now() -> Int64 {
      state.withLock { state in
        defer { state.isStart.toggle() }
        if !state.isStart { state.now += state.spans.isEmpty ? 100 : state.spans.removeFirst() }
        return state.now
      }
    }
  }

  static func networks() throws -> (CompiledNetwork, CompiledNetwork, [Tensor]) {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 32, width: 32)
    let registry = try KernelRegistry.standard()
    var random = RandomSource(seed: 6)
    return (
      try CompiledNetwork(graph, registry: registry),
      try CompiledNetwork(
        graph, registry: registry, options: CompilationOptions(choosers: [FamilyChooser(family: "im2col")])),
      [random.tensor(shape: graph[graph.inputs[0]].shape)]
    )
  }

  func run(_ spans: (Int) -> Int64, requests: Int, budget: OnlineTuning.Budget) throws -> OnlineTuning {
    let (incumbent, challenger, input) = try Self.networks()
    let clock = ScriptedClock((1...requests).map(spans))
    let tuning = try OnlineTuning(incumbent, challenger: challenger, budget: budget, clock: clock)
    let expected = try incumbent.run(input)[0]
    for _ in 0..<requests {
      let found = try tuning.run(input)[0]
      #expect(found.relativeDifference(from: expected) < 1e-4)
    }
    return tuning
  }

  @Test("The faster challenger is taken after as many tries as were said, the slower one is not")
  func decides() throws {
    let budget = OnlineTuning.Budget(every: 4, tries: 5, nanoseconds: 1e9)
    #expect(try run({ $0 % 4 == 0 ? 50 : 100 }, requests: 19, budget: budget).state == .trying)
    #expect(try run({ $0 % 4 == 0 ? 50 : 100 }, requests: 20, budget: budget).state == .tookChallenger)
    #expect(try run({ $0 % 4 == 0 ? 150 : 100 }, requests: 20, budget: budget).state == .keptIncumbent)
    // Within two percent nothing changes.
    #expect(try run({ $0 % 4 == 0 ? 99 : 100 }, requests: 20, budget: budget).state == .keptIncumbent)
  }

  @Test("A challenger that is too slow ends the trying as soon as the budget is spent")
  func spends() throws {
    let budget = OnlineTuning.Budget(every: 4, tries: 100, nanoseconds: 1000)
    let tuning = try run({ $0 % 4 == 0 ? 700 : 100 }, requests: 40, budget: budget)
    #expect(tuning.state == .spent)
    #expect(tuning.spent == 1200)
  }

  @Test("A clock that stands still decides nothing")
  func stuckClock() throws {
    let tuning = try run(
      { _ in 0 }, requests: 40, budget: OnlineTuning.Budget(every: 2, tries: 3, nanoseconds: 1e9))
    #expect(tuning.state == .trying)
  }

  @Test("Networks of other shapes are refused")
  func shapes() throws {
    let (incumbent, _, _) = try Self.networks()
    let other = try CompiledNetwork(
      try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 64, width: 64),
      registry: KernelRegistry.standard())
    #expect(throws: CompilationError.ports) { _ = try OnlineTuning(incumbent, challenger: other) }
  }
}
