import Autotuner
import HostPlatform
import LayerKernels
import Luthier
import Testing
import TuningDatabase

@Suite("Candidates that run alike on the threads at hand are timed once")
struct AlikeCandidateTests {
  private static func problem() throws -> ConvolutionProblem {
    try ConvolutionProblem(
      inputChannels: 24, input: .init(9), outputChannels: 40,
      window: WindowGeometry(kernel: .init(1)), epilogue: Epilogue(bias: true, activation: .relu))
  }

  /// What was timed of the kernel that lets threads share pixels or channels.
  private func timed(threads: Int, known: TuningEntry? = nil) throws -> (entry: TuningEntry, splits: [Int]) {
    let registry = try KernelRegistry.standard()
    let tuner = ProblemTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: .normal))
    let entry = try tuner.tune(
      Self.problem(), threads: threads, known: known, cancellation: Cancellation(), report: { _ in })
    let own = entry.candidates.filter { $0.kernel == "direct.pointwise.pixels" && $0.time != nil }
    return (entry, own.compactMap { $0.configuration["split"] })
  }

  @Test("One thread shares nothing, however a configuration would share it")
  func oneThread() throws {
    let splits = try timed(threads: 1).splits
    #expect(splits.count > 1 && splits.allSatisfy { $0 == 0 })
  }

  @Test("Two threads share pixels or channels; what the sizes decide is one of them")
  func twoThreads() throws {
    let splits = try timed(threads: 2).splits
    #expect(splits.contains(0) && splits.count { $0 != 0 } == 1)
  }

  @Test("Candidates that run alike are offered once for every count of threads, the best guess first")
  func offers() throws {
    let registry = try KernelRegistry.standard()
    let problem = try Self.problem()
    let all = try #require(registry.answers(for: problem).first { $0.kernel == "direct.pointwise.pixels" }).candidates
    for threads in [1, 2, 3, 7, 64] {
      let answer = try #require(
        registry.answers(for: problem, threads: threads).first { $0.kernel == "direct.pointwise.pixels" })
      #expect(answer.candidates.first?.name == all.first?.name)
      #expect(
        Set(answer.candidates.map { $0.canonicalConfiguration(threads: threads) }).count == answer.candidates.count)
      #expect(
        Set(answer.candidates.map { $0.canonicalConfiguration(threads: threads) })
          == Set(all.map { $0.canonicalConfiguration(threads: threads) }))
      #expect(answer.candidates.count < all.count)
      let further = registry.furtherCandidates(for: problem, threads: threads).map(\.name)
      #expect(Set(further).isDisjoint(with: answer.candidates.map(\.name)))
    }
  }
}
