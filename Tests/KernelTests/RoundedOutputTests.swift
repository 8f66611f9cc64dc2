import KernelConformance
import LayerKernels
import StandardKernels
import Testing

@Suite("Outputs that are rounded to steps")
struct RoundedOutputTests {
  @Test("What many kernels give for one rounded product is the same but for a few neighbouring steps")
  func neighbours() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 40, input: .init(height: 13, width: 17), outputChannels: 24,
      window: WindowGeometry(kernel: .init(3), pads: .init(top: 1, left: 1, bottom: 1, right: 1)),
      epilogue: Epilogue(bias: true, activation: .quantized(step: 0.125, lower: -20, upper: 20)))
    let registry = try KernelRegistry.standard()
    let conformance = try KernelConformance(workers: [1, 2])
    for candidate in registry.candidates(for: problem) where !candidate.errorClass.isApproximate {
      let report = try conformance.check(candidate)
      #expect(report.isConforming, "\(report)")
    }
  }

  @Test("A kernel that rounds where nobody asked, or to other steps, is found")
  func wrongSteps() {
    let allowance = StepAllowance(step: 0.125, tolerance: 1e-5, largest: 2.5)
    #expect(allowance.isStep(0.125) && allowance.isStep(0.125_02))
    #expect(!allowance.isStep(0.25) && !allowance.isStep(0.06) && !allowance.isStep(0.126))
    // 2 · 2.5e-5 / 0.125 of 100,000 elements are 40 ties; a hundred are too many.
    #expect((40...80).contains(allowance.count(of: 100_000)))
    #expect(StepAllowance(step: 0, tolerance: 1e-5, largest: 2.5).count(of: 100_000) == 0)
  }
}
