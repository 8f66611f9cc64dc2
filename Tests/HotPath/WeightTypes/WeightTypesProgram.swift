import ArgumentParser
import HostPlatform
import LayerKernels
import MicroKernels
import StandardKernels

/// Times a layer with weights of each type that come from memory, in turn, on one core.
///
///     swift run -c release weight-types
///
/// Each contestant has as many copies of its packed weights as overfill the caches, and takes the next one in each run.
@main
struct WeightTypesProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weight-types", abstract: "What a layer takes with cold weights of each type, in turn, on one core.")

  @Argument(help: "The layer: a matrix product or a 1×1 convolution.")
  var problem = "matrix-multiply b=1 m=1 k=1024 n=1000 weights=constant epilogue=bias"

  @Option(help: "How often each contestant runs.")
  var rounds = 400

  @Option(help: "MiB of weights that each contestant cycles through; twice the last cache without it.")
  var mebibytes: Int?

  func run() throws {
    let registry = try KernelRegistry.standard()
    let problem = try registry.problem(for: ProblemKey(parsing: problem))
    let cache = Processor.current.caches.l3?.byteCount ?? 0
    let bytes = mebibytes.map { $0 << 20 } ?? max(2 * cache, 64 << 20)
    let prefixes = ["direct.dense", "direct.pointwise.channels", "reduced."]
    let answers = registry.answers(for: problem).filter { answer in
      answer.applicability.isApplicable && prefixes.contains { answer.kernel.name.hasPrefix($0) }
    }
    guard answers.count > 1 else { throw ValidationError("no kernel has weights of several types for this problem") }
    var contestants: [Contestant] = []
    for answer in answers {
      // The configuration that is fastest over a few cold runs stands for its kernel.
      var trials = try answer.candidates.map { try Contestant($0, weightBytes: bytes) }
      for _ in 0..<max(rounds / 10, 10) { for index in trials.indices { trials[index].time() } }
      if let best = trials.min(by: { $0.median < $1.median }) { contestants.append(best.fresh) }
    }
    for _ in 0..<max(rounds, 1) { for index in contestants.indices { contestants[index].time() } }
    let whole = contestants.first { $0.candidate.kernel.family == "direct" }?.median ?? .nan
    print("\(problem.key)\ncold weights, \(contestants[0].copies) copies or more, \(rounds) rounds in turn, medians")
    for contestant in contestants {
      let microseconds = (contestant.median / 10).rounded() / 100
      let ratio = (whole / contestant.median * 100).rounded() / 100
      print("\(contestant.candidate.name): \(microseconds) µs, \(ratio) × as fast as f32")
    }
  }
}

/// A candidate with copies of its weights, and its times.
private struct Contestant {
  let candidate: Candidate
  private let prepared: [any PreparedKernel]
  private let memory: RunMemory
  private var next = 0
  private var times: [Double] = []

  init(_ candidate: Candidate, weightBytes: Int) throws {
    self.candidate = candidate
    func parameters<Problem: LayerProblem>(_ problem: Problem) -> any Sendable {
      var random = RandomSource(seed: 1)
      return problem.randomParameters(from: &random)
    }
    let constants = parameters(candidate.problem)
    let type = ReducedWeights.types.first { candidate.kernel.name.hasSuffix(".\($0.type)") }
    let elements =
      candidate.problem.operationCount.multiplyAccumulates / max(candidate.problem.outputShape.elementCount, 1)
    let channels =
      (candidate.problem as? ConvolutionProblem)?.outputChannels
      ?? (candidate.problem as? MatrixMultiplyProblem)?.columns ?? 1
    let copies = max(weightBytes / (elements * channels * (type?.byteCount ?? 4)), 2)
    prepared = try (0..<copies).map { _ in try candidate.prepare(parameters: constants) }
    memory = try RunMemory(candidate, workspace: prepared[0].workspaceSize(workers: 1))
  }

  var copies: Int { prepared.count }

  var median: Double { times.isEmpty ? .infinity : times.sorted()[times.count / 2] }

  /// The same without its times.
  var fresh: Contestant {
    var copy = self
    copy.times = []
    return copy
  }

  mutating func time() {
    let kernel = prepared[next]
    next = (next + 1) % prepared.count
    let clock = SystemClock()
    let start = clock.now()
    memory.run(kernel)
    times.append(Double(clock.now() - start))
  }
}

/// The operands of a run.
private final class RunMemory {
  private let inputs: [OperandMemory]
  private let output: OperandMemory
  private let workspace: WorkspaceMemory

  init(_ candidate: Candidate, workspace byteCount: Int) throws {
    var random = RandomSource(seed: 2)
    inputs = try zip(candidate.problem.inputShapes, candidate.layouts.inputs).map { shape, layout in
      let memory = try OperandMemory(shape: shape, layout: layout)
      memory.fill(from: random.tensor(shape: shape))
      return memory
    }
    output = try OperandMemory(shape: candidate.problem.outputShape, layout: candidate.layouts.output)
    workspace = WorkspaceMemory(byteCount: byteCount)
  }

  func run(_ kernel: any PreparedKernel) {
    inputs.map(\.operand).withUnsafeBufferPointer { operands in
      guard let start = operands.baseAddress else { return }
      let operands = LayerOperands(inputs: start, output: output.operand, workspace: workspace.start)
      for phase in 0..<kernel.phaseCount { kernel.run(operands, phase: phase, worker: .alone) }
    }
  }
}
