import LayerKernels

/// A problem with parameters and inputs drawn for it, and the output that its definition gives.
struct ConformanceSubject: Sendable {
  let problem: any LayerProblem
  let parameters: any Sendable
  let inputs: [Tensor]
  let expected: Tensor
}

/// What is special about a subject's inputs.
enum InputKind: Hashable {
  /// Nothing: random numbers.
  case plain
  /// The element in the middle of the first input is NaN.
  case notANumber
  /// The element in the middle of the first input is infinite.
  case infinity
  /// Every second plane repeats the one before, and inputs of one shape are equal, so that they may share memory.
  case repeated
}

/// Subjects that have been made already: many candidates share a problem, and the reference is slow.
final class SubjectStore: Sendable {
  private let reference: KernelRegistry
  private let seed: UInt64
  private let subjects = Lock<[Key: ConformanceSubject]>([:])

  private struct Key: Hashable {
    let problem: ProblemKey
    let kind: InputKind
    /// The kernel that rounds the parameters, or nil for the parameters as they are.
    var rounding: KernelIdentifier?
  }

  init(reference: KernelRegistry, seed: UInt64) {
    self.reference = reference
    self.seed = seed
  }

  /// The subject of a problem, made once.
  ///
  /// - Throws: `KernelError` when no reference knows the problem.
  func subject(for problem: any LayerProblem, _ kind: InputKind = .plain) throws -> ConformanceSubject {
    let key = Key(problem: problem.key, kind: kind)
    if let known = subjects.withLock({ $0[key] }) { return known }
    let subject = try makeSubject(for: problem, kind)
    subjects.withLock { $0[key] = subject }
    return subject
  }

  /// The subject of a candidate's problem with the parameters as the candidate's kernel rounds them, made once; nil for a kernel
  /// that does not.
  ///
  /// - Throws: `KernelError` when no reference knows the problem, or the kernel refuses the parameters.
  func roundedSubject(for candidate: Candidate, _ kind: InputKind = .plain) throws -> ConformanceSubject? {
    let key = Key(problem: candidate.problem.key, kind: kind, rounding: candidate.kernel)
    if let known = subjects.withLock({ $0[key] }) { return known }
    let plain = try subject(for: candidate.problem, kind)
    guard let parameters = try candidate.roundedParameters(plain.parameters) else { return nil }
    let subject = ConformanceSubject(
      problem: candidate.problem, parameters: parameters, inputs: plain.inputs,
      expected: try output(of: candidate.problem, parameters, plain.inputs))
    subjects.withLock { $0[key] = subject }
    return subject
  }

  private func makeSubject(for problem: some LayerProblem, _ kind: InputKind) throws -> ConformanceSubject {
    var random = RandomSource(seed: seed)
    let parameters: any Sendable = problem.randomParameters(from: &random)
    var inputs = problem.inputShapes.map { random.tensor(shape: $0) }
    switch kind {
    case .plain: break
    case .notANumber: if !inputs.isEmpty { inputs[0].setMiddleElement(to: .nan) }
    case .infinity: if !inputs.isEmpty { inputs[0].setMiddleElement(to: .infinity) }
    case .repeated:
      for index in inputs.indices {
        inputs[index].repeatPlanes()
        if let first = inputs[..<index].first(where: { $0.shape == inputs[index].shape }) { inputs[index] = first }
      }
    }
    inputs = problem.fitted(inputs)
    return ConformanceSubject(
      problem: problem, parameters: parameters, inputs: inputs,
      expected: try output(of: problem, parameters, inputs))
  }

  private func output(
    of problem: some LayerProblem, _ parameters: any Sendable, _ inputs: [Tensor]
  ) throws -> Tensor {
    let candidate = try reference.defaultCandidate(for: problem)
    let prepared = try candidate.prepare(parameters: parameters)
    let operands = try GuardedOperands(
      candidate.layouts, inputs: inputs, of: problem, placement: OperandPlacement(variant: 0))
    let workspace = WorkspaceMemory(byteCount: prepared.workspaceSize(workers: 1))
    operands.run(prepared, workspace: workspace, workers: 1, order: .ascending)
    return operands.output.tensor()
  }
}

extension Tensor {
  fileprivate mutating func setMiddleElement(to value: Float) {
    withMutableElements { if !$0.isEmpty { $0[$0.count / 2] = value } }
  }

  /// Writes each plane of rank 4 over the one after it.
  fileprivate mutating func repeatPlanes() {
    guard shape.rank == 4 else { return }
    let (planes, pixels) = (shape[0] * shape[1], shape[2] * shape[3])
    withMutableElements { elements in
      for plane in stride(from: 1, to: planes, by: 2) {
        for pixel in 0..<pixels { elements[plane * pixels + pixel] = elements[(plane - 1) * pixels + pixel] }
      }
    }
  }
}
