import Autotuner
import LayerKernels
import Luthier
import Testing

@Suite("What is known is not timed again")
struct PendingKernelTests {
  final class Tried: Sendable {
    let names = Lock<[String]>([])
  }

  func tune(
    _ registry: KernelRegistry, effort: TuningEffort = .quick, known: TuningEntry? = nil,
    among chosen: Set<String>? = nil
  ) throws -> (entry: TuningEntry, tried: [String]) {
    let oracle = try KernelRegistry.standard().filter { $0.family == "reference" }
    let tuner = ProblemTuner(
      registry: registry, oracle: oracle, clock: SystemClock(), options: TuningOptions(effort: effort))
    let tried = Tried()
    let entry = try tuner.tune(
      ElementwiseProblem(.relu, shape: TensorShape([1, 16, 24, 24])), threads: 1, known: known,
      among: chosen, cancellation: Cancellation()
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

  @Test("A new version of a kernel is timed alone, and takes the place of the old one's record")
  func newVersion() throws {
    let standard = try KernelRegistry.standard()
    var old = standard
    try old.register(OwnRelu(identifier: "test.relu"))
    let first = try tune(old).entry
    var new = standard
    try new.register(OwnRelu(identifier: "test.relu", version: 2))
    let known = RunningLibrary(new, host: try .current()).removingStale(first)
    #expect(known.candidates.count == first.candidates.count - 1)
    let second = try tune(new, known: known)
    #expect(second.tried == [try #require(known.winner?.name), "test.relu"])
    #expect(second.entry.candidates.filter { $0.kernel == "test.relu" }.map(\.version) == [2])
    #expect(second.entry.candidates.count == first.candidates.count)
  }

  @Test("A new kernel gets its chance also where a search has picked others")
  func searched() throws {
    var registry = try KernelRegistry.standard()
    let first = try tune(registry).entry
    try registry.register(OwnRelu(identifier: "test.relu"))
    let second = try tune(registry, known: first, among: [])
    #expect(second.tried == [try #require(first.winner?.name), "test.relu"])
  }

  @Test("What is added to a thorough search keeps it thorough, so that nothing is left to do at any lower effort")
  func staysThorough() throws {
    var registry = try KernelRegistry.standard()
    let thorough = try tune(registry, effort: .normal).entry
    try registry.register(OwnRelu(identifier: "test.relu"))
    let host = try PlatformFingerprint.current()
    var database = PlatformDatabase(platform: host)
    database.record(thorough)
    database.record(try tune(registry, effort: .quick, known: thorough).entry)
    let entry = try #require(database.entry(thorough.key))
    #expect(entry.search?.effort == .normal)
    let problem = try registry.problem(for: entry.key.problem)
    func offers() -> [KernelOffer] { answers(registry, problem).map(KernelOffer.init) }
    let library = RunningLibrary(registry, host: host)
    #expect(library.pendingKernels(of: entry, offers: offers(), effort: .quick).isEmpty)
    #expect(library.pendingKernels(of: entry, offers: offers(), effort: .normal).isEmpty)
    #expect(!library.pendingKernels(of: entry, offers: offers(), effort: .thorough).isEmpty)
  }

  private func answers(_ registry: KernelRegistry, _ problem: some LayerProblem) -> [KernelAnswer] {
    registry.answers(for: problem)
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
