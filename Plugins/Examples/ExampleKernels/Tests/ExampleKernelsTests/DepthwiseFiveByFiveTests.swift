import Autotuner
import ExampleKernels
import KernelConformance
import Luthier
import Testing

@Suite("Depthwise 5x5")
struct DepthwiseFiveByFiveTests {
  /// A layer of MobileNetV3 and sizes that are multiples of nothing.
  func problems() throws -> [ConvolutionProblem] {
    var problems: [ConvolutionProblem] = []
    for (batch, channels, height, width) in [(1, 40, 14, 14), (1, 2, 1, 1), (2, 3, 5, 7), (1, 5, 9, 33), (3, 2, 2, 16)]
    {
      for epilogue in [Epilogue.none, Epilogue(bias: true), Epilogue(bias: true, activation: .relu)] {
        problems.append(
          try ConvolutionProblem(
            batch: batch, inputChannels: channels, input: .init(height: height, width: width),
            outputChannels: channels, window: WindowGeometry(kernel: .init(5), pads: .init(2)), groups: channels,
            epilogue: epilogue))
      }
    }
    return problems
  }

  @Test("conforms in every configuration")
  func conforms() throws {
    let reports = try KernelConformance().check(DepthwiseFiveByFive(), problems: problems())
    #expect(reports.count == 1 + 3 * 15)
    for report in reports where !report.isConforming { Issue.record("\(report)") }
  }

  @Test("refuses what it cannot do, with a reason")
  func refuses() throws {
    let kernel = DepthwiseFiveByFive()
    let refused = try ConformanceProblems.convolutions().filter { !kernel.applicability(to: $0).isApplicable }
    #expect(refused.count > 100)
    let reports = try KernelConformance().check(kernel, problems: ConformanceProblems.convolutions())
    #expect(reports.allSatisfy { $0.isConforming }, "\(reports.filter { !$0.isConforming })")
  }

  @Test("competes with Luthier's own kernels")
  func competes() throws {
    var registry = try KernelRegistry.standard()
    try registry.register(DepthwiseFiveByFive())
    let tuner = ProblemTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: .quick))
    let entry = try tuner.tune(problems()[0], threads: 1, cancellation: Cancellation(), report: { _ in })
    let own = entry.candidates.filter { $0.kernel == "example.depthwise5x5" }
    #expect(!own.isEmpty && own.allSatisfy { $0.time != nil }, "\(own)")
    #expect(entry.winner != nil)
  }
}
