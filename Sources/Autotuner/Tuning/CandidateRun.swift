import HostPlatform
import LayerKernels

/// A candidate with operands of its own, ready to be checked and timed.
final class CandidateRun {
  let candidate: Candidate
  private let kernel: any PreparedKernel
  private let inputs: [OperandMemory]
  private let output: OperandMemory
  private let workspace: UnsafeMutableRawPointer
  private let fences: FencedMemory?
  private let operands: UnsafeMutablePointer<TensorOperand>
  private let team: ThreadTeam
  private let workers: Int

  /// Prepares the candidate and puts the inputs into the layouts that it reads.
  ///
  /// - Parameter fenced: whether the process dies when the candidate touches what lies beyond its operands and workspace.
  /// - Throws: what the kernel throws when it refuses its configuration.
  init(
    _ candidate: Candidate, parameters: any Sendable, inputs tensors: [Tensor], team: ThreadTeam, fenced: Bool = false
  ) throws {
    self.candidate = candidate
    kernel = try candidate.prepare(parameters: parameters)
    inputs = try zip(tensors, candidate.layouts.inputs).map { tensor, layout in
      let memory = try OperandMemory(shape: tensor.shape, layout: layout, fenced: fenced)
      memory.fill(from: tensor)
      return memory
    }
    output = try OperandMemory(shape: candidate.problem.outputShape, layout: candidate.layouts.output, fenced: fenced)
    output.poison()
    self.team = team
    workers = team.threads
    let size = max(kernel.workspaceSize(workers: workers), 1)
    fences = fenced ? try FencedMemory(byteCount: size + AlignedMemory.alignment) : nil
    workspace =
      fences?.start ?? .allocate(byteCount: size + AlignedMemory.alignment, alignment: AlignedMemory.alignment)
    operands = .allocate(capacity: max(inputs.count, 1))
    for (index, input) in inputs.enumerated() { (operands + index).initialize(to: input.operand) }
  }

  deinit {
    if fences == nil { workspace.deallocate() }
    operands.deallocate()
  }

  /// Runs once.
  ///
  /// - Returns: the nanoseconds from the moment at which all workers were ready to the moment at which all were done.
  func run(clock: some MonotonicClock, repeats: Int = 1) -> Int64 {
    var span: Int64 = 0
    withUnsafeMutablePointer(to: &span) { span in
      team.run(
        TimedRun(
          kernel: kernel,
          operands: LayerOperands(inputs: operands, output: output.operand, workspace: workspace),
          workers: workers, repeats: repeats, clock: clock, span: span))
    }
    return span
  }

  /// What a run has written.
  func result() -> Tensor { output.tensor() }

  /// What a run has written where it must not, in words; nil when nothing.
  func damage() -> String? {
    for (index, input) in inputs.enumerated() {
      if let damage = input.damage() { return "input \(index): \(damage)" }
    }
    return output.damage().map { "output: \($0)" }
  }

  /// The operands' memory, for the caches.
  var regions: [UnsafeBufferPointer<Float>] { (inputs + [output]).map(\.elements) }
}

/// A run between two looks at the clock.
///
/// `@unchecked Sendable`: the addresses are a ``CandidateRun``'s, which waits until the team is done.
private struct TimedRun<Clock: MonotonicClock>: TeamWork, @unchecked Sendable {
  let kernel: any PreparedKernel
  let operands: LayerOperands
  let workers: Int
  let repeats: Int
  let clock: Clock
  let span: UnsafeMutablePointer<Int64>

  func run(as member: borrowing TeamMember) {
    let denormals = DenormalMode.flush()
    let workers = min(workers, member.count)
    let phases = max(kernel.phaseCount, 1)
    member.barrier()
    let start = member.index == 0 ? clock.now() : 0
    for _ in 0..<repeats {
      for phase in 0..<phases {
        if member.index < workers {
          kernel.run(operands, phase: phase, worker: Worker(index: member.index, count: workers))
        }
        member.barrier()
      }
    }
    if member.index == 0 { span.pointee = clock.now() - start }
    denormals.restore()
  }
}
