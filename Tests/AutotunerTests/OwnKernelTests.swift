import Autotuner
import Luthier
import Testing

/// A kernel of somebody else's, known to the library by its conformance alone.
struct OwnRelu: LayerKernel {
  let identifier: KernelIdentifier
  var version = 1
  /// What is added to every result: anything but zero is wrong.
  var mistake: Float = 0

  func applicability(to problem: ElementwiseProblem) -> Applicability {
    problem.function == .unary(.relu) ? .applies : .refused("is no ReLU")
  }

  func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    Prepared(count: problem.outputShape.elementCount, mistake: mistake)
  }

  struct Prepared: PreparedKernel {
    let count: Int
    let mistake: Float

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let (input, output) = (operands.input.base, operands.output.base)
      for index in worker.share(of: count) { output[index] = max(input[index], 0) + mistake }
    }
  }
}

@Suite("Kernels from outside compete")
struct OwnKernelTests {
  func tune(_ kernel: OwnRelu) throws -> TuningEntry {
    let oracle = try KernelRegistry.standard().filter { $0.family == "reference" }
    var registry = oracle
    try registry.register(kernel)
    let tuner = ProblemTuner(
      registry: registry, oracle: oracle, clock: SystemClock(), options: TuningOptions(effort: .quick))
    return try tuner.tune(
      ElementwiseProblem(.relu, shape: TensorShape([1, 16, 64, 64])), threads: 1, cancellation: Cancellation(),
      report: { _ in })
  }

  @Test("A kernel that this test module registers is picked when it is fastest")
  func fastest() throws {
    let entry = try tune(OwnRelu(identifier: "test.relu"))
    #expect(entry.winner?.kernel == "test.relu")
    #expect(entry.candidates.contains { $0.kernel.family == "reference" && $0.time != nil })
  }

  @Test("A faster kernel whose results are wrong never wins, and the reason is kept")
  func wrong() throws {
    let entry = try tune(OwnRelu(identifier: "test.relu", mistake: 0.01))
    #expect(entry.winner?.kernel.family == "reference")
    let record = try #require(entry.candidates.first { $0.kernel == "test.relu" })
    #expect(record.verdict == .wrong)
    #expect(record.reason?.contains("largest error") == true)
  }
}
