import Autotuner
import Luthier
import Synchronization
import Testing

@Suite("What is known is not timed again")
struct PendingKernelTests {
  final class Tried: Sendable {
    let names = Mutex<[String]>([])
  }

  func tune(
    _ registry: KernelRegistry, effort: TuningEffort = .quick, known: TuningEntry? = nil
  ) throws -> (entry: TuningEntry, tried: [String]) {
    let oracle = try KernelRegistry.standard().filter { $0.family == "reference" }
    let tuner = ProblemTuner(
      registry: registry, oracle: oracle, clock: SystemClock(), options: TuningOptions(effort: effort))
    let tried = Tried()
    let entry = try tuner.tune(
      ElementwiseProblem(.relu, shape: TensorShape([1, 16, 24, 24])), threads: 1, known: known,
      cancellation: Cancellation()
    ) { event in
      if case .trying(let candidate, _, _, _) = event { tried.names.withLock { $0.append(candidate) } }
    }
    return (entry, tried.names.withLock { $0 })
  }

  @Test("A new kernel is timed alone against the stored winner, and all older records stay")
  func newKernel() throws {
    let standard = try KernelRegistry.standard()
    let first = try tune(standard)
    #expect(first.tried.count > 2)
    var registry = standard
    try registry.register(OwnRelu(identifier: "test.relu"))
    let second = try tune(registry, known: first.entry)
    #expect(second.tried == [try #require(first.entry.winner?.name), "test.relu"])
    #expect(second.entry.candidates.count == first.entry.candidates.count + 1)
    for record in first.entry.candidates {
      #expect(second.entry.record(of: record.kernel, record.configuration) != nil)
    }
    #expect(second.entry.winner != nil)
    #expect(second.entry.search?.offers.contains { $0.kernel == "test.relu" } == true)
  }

  @Test("A higher effort satisfies a request for a lower one; a lower one does not")
  func effort() throws {
    var registry = try KernelRegistry.standard()
    let thorough = try tune(registry, effort: .normal)
    try registry.register(OwnRelu(identifier: "test.relu"))
    #expect(try tune(registry, effort: .quick, known: thorough.entry).tried.count == 2)
    let quick = try tune(KernelRegistry.standard(), effort: .quick)
    #expect(try tune(registry, effort: .normal, known: quick.entry).tried.count > 2)
  }
}
