import Autotuner
import Luthier
import Testing

@Suite("Kernels that compute in narrow numbers, as the tuner sees them")
struct NarrowArithmeticTests {
  private func entry(_ problem: some LayerProblem, maximumError: Double) throws -> TuningEntry {
    let registry = try KernelRegistry.standard().filter { ["int8", "direct", "reference"].contains($0.family) }
    let oracle = try KernelRegistry.standard().filter { $0.family == "reference" }
    return try ProblemTuner(
      registry: registry, oracle: oracle, clock: SystemClock(),
      options: TuningOptions(effort: .quick, maximumError: maximumError)
    ).tune(problem, threads: 1, cancellation: Cancellation(), report: { _ in })
  }

  @Test("are timed, with their error, where one is allowed, and never otherwise")
  func timed() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 16, input: WindowGeometry.Extent(6), outputChannels: 16,
      window: WindowGeometry(kernel: WindowGeometry.Extent(3), pads: WindowGeometry.Pads(1)),
      epilogue: Epilogue(bias: true, activation: .relu))
    let allowed = try entry(problem, maximumError: 0.05).candidates.filter { $0.kernel == "int8.convolution" }
    #expect(!allowed.isEmpty)
    for record in allowed {
      #expect(record.isApproximate && record.time != nil, "\(record.name)")
      let error = try #require(record.maximumError)
      #expect(error > 1e-4 && error < 0.03)
    }
    let exact = try entry(problem, maximumError: 0)
    #expect(!exact.candidates.isEmpty && exact.candidates.allSatisfy { $0.kernel != "int8.convolution" })
  }
}
