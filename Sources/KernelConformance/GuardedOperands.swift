import Dispatch
import LayerKernels

/// In which order the workers of a phase run. All of them are legal.
enum WorkerOrder: CaseIterable {
  case ascending
  case descending
  case concurrent
}

/// Where the operands of a run lie.
struct OperandPlacement {
  /// Says in which order planes lie and how far dense operands are off their boundary.
  let variant: Int
  /// Whether dense operands start on a 64-byte boundary all the same.
  var isAligned = false
  /// Whether inputs of one shape and layout are one, and every second plane is the one before: for inputs that repeat
  /// themselves.
  var sharesMemory = false

  /// Elements between a 64-byte boundary and the first element of a dense operand.
  var offset: Int { isAligned ? 0 : variant * 5 % AlignedMemory.elementAlignment }
}

/// The memory of a run's operands, with guards.
final class GuardedOperands {
  /// The memory of each input; where inputs share it, several times the same.
  let inputs: [OperandMemory]
  let output: OperandMemory
  /// The offsets of the planes of inputs that name some twice; nil for those that lie as their memory says.
  private let sharedPlanes: [UnsafeMutableBufferPointer<Int32>?]

  /// Memory in the given layouts.
  ///
  /// - Throws: `ProblemError` when an operand cannot have its layout.
  init(
    _ layouts: OperandLayouts, inputs tensors: [Tensor], of problem: any LayerProblem, placement: OperandPlacement
  ) throws {
    let (variant, offset) = (placement.variant, placement.offset)
    var inputs: [OperandMemory] = []
    for (index, (tensor, layout)) in zip(tensors, layouts.inputs).enumerated() {
      let same = inputs.indices.first {
        inputs[$0].shape == tensor.shape && inputs[$0].layout == layout
          && problem.quantisation(ofInput: $0) == problem.quantisation(ofInput: index)
      }
      .map { inputs[$0] }
      if placement.sharesMemory, let same {
        inputs.append(same)
        continue
      }
      let memory = try OperandMemory(
        shape: tensor.shape, layout: layout, shuffling: UInt64(variant * 8 + index), offset: offset,
        steps: problem.quantisation(ofInput: index))
      memory.fill(from: tensor)
      inputs.append(memory)
    }
    self.inputs = inputs
    sharedPlanes = inputs.map { memory in
      guard placement.sharesMemory, memory.layout == .planeList else { return nil }
      let planes = UnsafeMutableBufferPointer<Int32>.allocate(capacity: memory.shape[0] * memory.shape[1])
      for plane in planes.indices { planes.initializeElement(at: plane, to: memory.operand.planes[plane / 2 * 2]) }
      return planes
    }
    output = try OperandMemory(
      shape: problem.outputShape, layout: layouts.output, shuffling: UInt64(variant * 8 + 7), offset: offset,
      steps: problem.outputQuantisation)
  }

  deinit { for planes in sharedPlanes { planes?.deallocate() } }

  /// Whether any two inputs, or any two planes of one, can share memory in these layouts.
  static func canShareMemory(_ layouts: OperandLayouts, inputs: [Tensor]) -> Bool {
    let operands = zip(inputs.map(\.shape), layouts.inputs).map { ($0, $1) }
    return operands.indices.contains { index in
      let (shape, layout) = operands[index]
      return layout == .planeList && shape.rank == 4 && shape[0] * shape[1] > 1
        || operands[..<index].contains { $0 == (shape, layout) }
    }
  }

  /// Runs every phase with every worker, on a poisoned output and workspace.
  func run(_ prepared: any PreparedKernel, workspace: WorkspaceMemory, workers: Int, order: WorkerOrder) {
    output.poison()
    workspace.poison()
    withExtendedLifetime((self, workspace)) {
      // One operand more, for operations without inputs.
      let list =
        zip(inputs, sharedPlanes).map { memory, planes in
          guard let planes = planes?.baseAddress else { return memory.operand }
          return TensorOperand(base: memory.operand.base, planes: planes)
        } + [output.operand]
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
