import Autotuner
import Luthier
import Testing

@Suite("What a conversion is timed with")
struct ConversionTimerTests {
  private struct Fixed: KernelChooser {
    let kernel: KernelIdentifier

    func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
      registry.candidates(for: layer.problem).first { $0.kernel == kernel }.map { LayerChoice($0, source: .forced) }
    }
  }

  @Test("is the kernel that runs in a network, by whatever chooser")
  func candidate() throws {
    let registry = try KernelRegistry.standard()
    let problem = try LayoutConversionProblem(shape: TensorShape([1, 8, 5, 5]), from: .planeList, to: .channelsLast)
    func timed(_ choosers: [any KernelChooser]) -> KernelIdentifier? {
      ConversionTimer(registry: registry, clock: SystemClock(), threads: 1, choosers: choosers)
        .candidate(for: problem)?.kernel
    }
    let heuristic = try HeuristicChooser().choice(
      for: LayerContext(node: "", problem: problem, availableLayouts: [[.planeList]], threads: 1), in: registry)
    #expect(timed([]) == heuristic?.candidate.kernel)
    #expect(timed([Fixed(kernel: "reference.layout-conversion")]) == "reference.layout-conversion")
    #expect(timed([FamilyChooser(family: "nobody's")]) == heuristic?.candidate.kernel)
    var entry = TuningEntry(key: .init(problem: problem.key, threads: 1))
    let slow = try #require(registry.candidates(for: problem).first { $0.kernel == "reference.layout-conversion" })
    entry.add([
      try .timed(slow, time: #require(MeasuredTime(samples: [1, 1, 1])), maximumError: 0)
    ])
    #expect(timed([EntryChooser(entries: [problem.key: entry])]) == "reference.layout-conversion")
  }
}
