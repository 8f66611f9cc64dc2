import LayerKernels
import Synchronization

/// A problem with parameters and inputs drawn for it, and the output that its definition gives.
struct ConformanceSubject: Sendable {
  let problem: any LayerProblem
  let parameters: any Sendable
  let inputs: [Tensor]
  let expected: Tensor
}

/// Subjects that have been made already: many candidates share a problem, and the reference is slow.
final class SubjectStore: Sendable {
  private let reference: KernelRegistry
  private let seed: UInt64
  private let subjects = Mutex<[ProblemKey: ConformanceSubject]>([:])

  init(reference: KernelRegistry, seed: UInt64) {
    self.reference = reference
    self.seed = seed
  }

  func subject(for problem: some LayerProblem) throws -> ConformanceSubject {
    let key = problem.key
    if let known = subjects.withLock({ $0[key] }) { return known }
    var random = RandomSource(seed: seed)
    let parameters: any Sendable = problem.randomParameters(from: &random)
    let inputs = problem.inputShapes.map { random.tensor(shape: $0) }
    let subject = ConformanceSubject(
      problem: problem, parameters: parameters, inputs: inputs,
      expected: try output(of: problem, parameters, inputs))
    subjects.withLock { $0[key] = subject }
    return subject
  }

  /// The same with one NaN in the middle of the first input.
  func tainted(_ subject: ConformanceSubject) throws -> ConformanceSubject {
    var inputs = subject.inputs
    if !inputs.isEmpty {
      inputs[0].withMutableElements { if !$0.isEmpty { $0[$0.count / 2] = .nan } }
    }
    return ConformanceSubject(
      problem: subject.problem, parameters: subject.parameters, inputs: inputs,
      expected: try output(of: subject.problem, subject.parameters, inputs))
  }

  private func output(
    of problem: some LayerProblem, _ parameters: any Sendable, _ inputs: [Tensor]
  ) throws -> Tensor {
    let candidate = try reference.defaultCandidate(for: problem)
    let prepared = try candidate.prepare(parameters: parameters)
    let operands = try GuardedOperands(candidate.layouts, inputs: inputs, outputShape: problem.outputShape, variant: 0)
    let workspace = WorkspaceMemory(byteCount: prepared.workspaceSize(workers: 1))
    operands.run(prepared, workspace: workspace, workers: 1, order: .ascending)
    return operands.output.tensor()
  }
}
