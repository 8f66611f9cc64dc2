import HostPlatform
import LayerKernels

/// A candidate bound to operands, ready to be checked and timed.
final class CandidateRun {
  let candidate: Candidate
  private let kernel: any PreparedKernel
  private let memory: OperandSet
  private let workspace: UnsafeMutableRawPointer
  private let fences: FencedMemory?
  private let operands: UnsafeMutablePointer<TensorOperand>
  private let team: ThreadTeam
  private let workers: Int

  /// Prepares the candidate on operands that others may use as well, though not at the same time.
  ///
  /// - Parameter fenced: whether the process dies when the candidate touches what lies beyond its workspace.
  /// - Throws: what the kernel throws when it refuses its configuration.
  init(
    _ candidate: Candidate, parameters: any Sendable, operands memory: OperandSet, team: ThreadTeam,
    fenced: Bool = false
  ) throws {
    self.candidate = candidate
    self.memory = memory
    kernel = try candidate.prepare(parameters: parameters)
    self.team = team
    workers = team.threads
    let size = max(kernel.workspaceSize(workers: workers), 1)
    fences = fenced ? try FencedMemory(byteCount: size + AlignedMemory.alignment) : nil
    workspace =
      fences?.start ?? .allocate(byteCount: size + AlignedMemory.alignment, alignment: AlignedMemory.alignment)
    operands = .allocate(capacity: max(memory.inputs.count, 1))
    for (index, input) in memory.inputs.enumerated() { (operands + index).initialize(to: input.operand) }
  }

  /// Prepares the candidate on operands of its own, in the layouts that it reads and writes.
  ///
  /// - Throws: what the kernel throws when it refuses its configuration.
  convenience init(
    _ candidate: Candidate, parameters: any Sendable, inputs tensors: [Tensor], team: ThreadTeam
  ) throws {
    let pool = OperandPool(candidate.problem, inputs: tensors)
    try self.init(
      candidate, parameters: parameters, operands: pool.operands(in: candidate.layouts), team: team)
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
          operands: LayerOperands(inputs: operands, output: memory.output.operand, workspace: workspace),
          workers: workers, repeats: repeats, clock: clock, span: span))
    }
    return span
  }

  /// Makes the output NaN, so that an element that the next run does not write is found out.
  func poison() { memory.output.poison() }

  /// What a run has written.
  func result() -> Tensor { memory.output.tensor() }

  /// What a run has written where it must not, in words; nil when nothing.
  func damage() -> String? {
    for (index, input) in memory.inputs.enumerated() {
      if let damage = input.damage() { return "input \(index): \(damage)" }
    }
    return memory.output.damage().map { "output: \($0)" }
  }

  /// The operands' memory, for the caches.
  var operandMemory: [OperandMemory] { memory.inputs + [memory.output] }
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
