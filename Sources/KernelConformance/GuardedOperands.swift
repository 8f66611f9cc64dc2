import Dispatch
import LayerKernels

/// In which order the workers of a phase run. All of them are legal.
enum WorkerOrder: CaseIterable {
  case ascending
  case descending
  case concurrent
}

/// The memory of a run's operands, with guards.
final class GuardedOperands {
  let inputs: [OperandMemory]
  let output: OperandMemory

  /// Memory in the given layouts; the variant says in which order planes lie and how far dense operands are off their
  /// boundary.
  ///
  /// - Throws: ``ProblemError`` when an operand cannot have its layout.
  init(_ layouts: OperandLayouts, inputs tensors: [Tensor], outputShape: TensorShape, variant: Int) throws {
    let offset = variant * 5 % AlignedMemory.elementAlignment
    inputs = try zip(tensors, layouts.inputs).enumerated().map { index, operand in
      let memory = try OperandMemory(
        shape: operand.0.shape, layout: operand.1, shuffling: UInt64(variant * 8 + index), offset: offset)
      memory.fill(from: operand.0)
      return memory
    }
    output = try OperandMemory(
      shape: outputShape, layout: layouts.output, shuffling: UInt64(variant * 8 + 7), offset: offset)
  }

  /// Runs every phase with every worker, on a poisoned output and workspace.
  func run(_ prepared: any PreparedKernel, workspace: WorkspaceMemory, workers: Int, order: WorkerOrder) {
    output.poison()
    workspace.poison()
    // One operand more, for operations without inputs.
    let list = (inputs + [output]).map(\.operand)
    withExtendedLifetime((self, workspace)) {
      list.withUnsafeBufferPointer { list in
        guard let first = list.baseAddress else { return }
        let operands = LayerOperands(inputs: first, output: output.operand, workspace: workspace.start)
        for phase in 0..<prepared.phaseCount { run(prepared, operands, phase: phase, workers: workers, order: order) }
      }
    }
  }

  private func run(
    _ prepared: any PreparedKernel, _ operands: LayerOperands, phase: Int, workers: Int, order: WorkerOrder
  ) {
    switch order {
    case .ascending:
      for index in 0..<workers { prepared.run(operands, phase: phase, worker: Worker(index: index, count: workers)) }
    case .descending:
      for index in (0..<workers).reversed() {
        prepared.run(operands, phase: phase, worker: Worker(index: index, count: workers))
      }
    case .concurrent:
      DispatchQueue.concurrentPerform(iterations: workers) { index in
        prepared.run(operands, phase: phase, worker: Worker(index: index, count: workers))
      }
    }
  }

  /// What was written where nothing may be, a sentence each.
  func damages() -> [String] {
    var damages = output.damage().map { ["output: \($0)"] } ?? []
    for (index, input) in inputs.enumerated() {
      if let damage = input.damage() { damages.append("input \(index): \(damage)") }
    }
    return damages
  }
}
