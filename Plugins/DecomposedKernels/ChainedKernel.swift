import LayerKernels

/// Two prepared kernels one after the other, with the activation between them in the workspace.
struct ChainedKernel: PreparedKernel {
  private let first: any PreparedKernel
  private let second: any PreparedKernel
  private let between: BetweenPlanes
  private let hasResidual: Bool

  /// A chain whose middle activation has the given shape and layout.
  init(
    _ first: any PreparedKernel, _ second: any PreparedKernel, between shape: TensorShape, layout: TensorLayout,
    hasResidual: Bool
  ) {
    self.first = first
    self.second = second
    between = BetweenPlanes(shape, layout)
    self.hasResidual = hasResidual
  }

  func workspaceSize(workers: Int) -> Int {
    between.size * MemoryLayout<Float>.stride
      + max(first.workspaceSize(workers: workers), second.workspaceSize(workers: workers))
  }

  var phaseCount: Int { max(first.phaseCount, 1) + max(second.phaseCount, 1) }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let middle = TensorOperand(
      base: operands.workspace.assumingMemoryBound(to: Float.self), planes: between.offsets)
    let rest = operands.workspace + between.size * MemoryLayout<Float>.stride
    let firstPhases = max(first.phaseCount, 1)
    if phase < firstPhases {
      first.run(
        LayerOperands(inputs: operands.inputs, output: middle, workspace: rest), phase: phase, worker: worker)
      return
    }
    // Two operands on the stack: the middle activation, and the residual if there is one.
    withUnsafeTemporaryAllocation(of: TensorOperand.self, capacity: 2) { inputs in
      inputs.initializeElement(at: 0, to: middle)
      inputs.initializeElement(at: 1, to: hasResidual ? operands.inputs[1] : middle)
      guard let start = inputs.baseAddress else { return }
      second.run(
        LayerOperands(inputs: start, output: operands.output, workspace: rest), phase: phase - firstPhases,
        worker: worker)
    }
  }
}

/// Where the middle activation's planes lie from the start of the workspace.
///
/// `@unchecked Sendable`: written only in the initialiser.
private final class BetweenPlanes: @unchecked Sendable {
  let offsets: UnsafePointer<Int32>
  /// Elements in all, up to a boundary.
  let size: Int

  init(_ shape: TensorShape, _ layout: TensorLayout) {
    let isPlaneList = layout == .planeList
    let count = isPlaneList ? shape[0] * shape[1] : 1
    let plane = AlignedMemory.paddedCount(isPlaneList ? shape[2] * shape[3] : shape.elementCount)
    let memory = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    for index in 0..<count { (memory + index).initialize(to: Int32(index * plane)) }
    offsets = UnsafePointer(memory)
    size = count * plane + AlignedMemory.elementAlignment
  }

  deinit { offsets.deallocate() }
}

extension KernelRegistry {
  /// The version of a kernel that is made of others: its own revision, and the versions of all that may be its parts, so that
  /// its times are as stale as theirs.
  func version(revision: Int, ofPartsFor types: any LayerProblem.Type...) -> Int {
    func sum<Problem: LayerProblem>(_ type: Problem.Type) -> Int {
      kernels(for: type).filter { $0.family != "reference" }.reduce(0) { $0 + $1.version }
    }
    return types.reduce(revision) { $0 + sum($1) }
  }

  /// The exact candidate that expects most of itself and reads and writes the given layout.
  ///
  /// - Throws: ``KernelError/noKernel(problem:reasons:)`` when there is none.
  func candidate(for problem: some LayerProblem, layout: TensorLayout) throws(KernelError) -> Candidate {
    guard let best = answers(for: problem).best(layout: layout) else {
      throw .noKernel(problem: problem.key, reasons: [])
    }
    return best.candidate
  }
}

extension [KernelAnswer] {
  /// The exact candidate that expects most of itself and reads and writes the given layout, and what it expects; nil where there is
  /// none.
  func best(layout: TensorLayout) -> (candidate: Candidate, efficiency: Double)? {
    var best: (candidate: Candidate, efficiency: Double)?
    for answer in self {
      let fitting = answer.candidates.first {
        !$0.errorClass.isApproximate && $0.layouts.output == layout && $0.layouts.inputs.allSatisfy { $0 == layout }
      }
      guard let fitting else { continue }
      if let best, best.efficiency >= answer.expectedEfficiency { continue }
      best = (fitting, answer.expectedEfficiency)
    }
    return best
  }
}
