import LayerKernels

/// Prepared kernels with the addresses of their operands, relative to what a context fills in.
struct Program: Sendable {
  /// One kernel's run.
  struct Step: Sendable {
    let kernel: any PreparedKernel
    let phaseCount: Int
    let threads: Int
    /// Where the step's operands begin in the operand array: the inputs, then the output.
    let firstOperand: Int
    let inputCount: Int
  }

  /// One phase of a step, after which all workers wait for each other.
  struct Phase: Sendable {
    let step: Int
    let phase: Int
    let isLast: Bool
  }

  /// Where an operand's base comes from.
  enum Base: Sendable {
    case arena(offset: Int)
    case input(Int)
    case output(Int)
    case constant(UnsafeConstant)
  }

  /// The address of a constant whose tensor the program keeps.
  struct UnsafeConstant: @unchecked Sendable {
    // @unchecked Sendable: the elements never change and live as long as the program.
    let start: UnsafePointer<Float>
  }

  /// An operand before its context is known.
  struct Operand: Sendable {
    let base: Base
    /// Where the operand's plane offsets begin in the table.
    let firstPlane: Int
  }

  let steps: [Step]
  /// The phases of all steps in their order.
  let phases: [Phase]
  let layers: [CompiledLayer]
  let operands: [Operand]
  let planeTable: PlaneTable
  let arenaSize: Int
  /// Bytes of scratch memory that any step needs.
  let workspaceSize: Int
  /// The channel movements that nothing runs for.
  let freeMovements: [String]
  /// Keeps the constants' memory.
  private let constants: [Tensor]

  init(_ lowered: consuming NetworkPlan, threads: Int, packing: Packing) throws {
    var plan = lowered
    let memory = try MemoryPlan(plan)
    var steps: [Step] = []
    var layers: [CompiledLayer] = []
    var operands: [Operand] = []
    var constants: [Tensor] = []
    var workspaceSize = 0
    // Entry 0 stands for 'no planes': operands that are no plane list point at a single zero.
    var planes: [Int32] = [0]

    func operand(_ placement: NetworkPlan.Placement) -> Operand {
      // A plane list of no channels has no planes, and its kernels touch none.
      guard let reference = placement.planes.first else { return Operand(base: .arena(offset: 0), firstPlane: 0) }
      let storage = plan.storages[reference.storage]
      if placement.layout == .planeList {
        let first = planes.count
        for plane in placement.planes { planes.append(Int32(memory.offsets[plane.storage][plane.plane])) }
        return Operand(base: .arena(offset: 0), firstPlane: first)
      }
      switch storage.place {
      case .arena: return Operand(base: .arena(offset: memory.offsets[reference.storage][0]), firstPlane: 0)
      case .input(let index): return Operand(base: .input(index), firstPlane: 0)
      case .output(let index): return Operand(base: .output(index), firstPlane: 0)
      case .constant(let tensor):
        constants.append(tensor)
        let start = tensor.withElements { $0.baseAddress }
        return start.map { Operand(base: .constant(UnsafeConstant(start: $0)), firstPlane: 0) }
          ?? Operand(base: .arena(offset: 0), firstPlane: 0)
      }
    }

    let kernels = try Preparation.kernels(of: &plan, threads: threads, packing: packing)
    for (step, kernel) in zip(plan.steps, kernels) {
      let stepThreads = min(max(step.choice.threads ?? threads, 1), threads)
      steps.append(
        Step(
          kernel: kernel, phaseCount: max(kernel.phaseCount, 1), threads: stepThreads, firstOperand: operands.count,
          inputCount: step.inputs.count))
      layers.append(
        CompiledLayer(name: step.name, choice: step.choice, threads: stepThreads, isConversion: step.isConversion))
      for input in step.inputs { operands.append(operand(input)) }
      operands.append(operand(step.output))
      workspaceSize = max(workspaceSize, kernel.workspaceSize(workers: stepThreads))
    }
    self.steps = steps
    phases = steps.indices.flatMap { step in
      (0..<steps[step].phaseCount).map { Phase(step: step, phase: $0, isLast: $0 == steps[step].phaseCount - 1) }
    }
    freeMovements = plan.freeMovements
    self.layers = layers
    self.operands = operands
    self.constants = constants
    self.workspaceSize = workspaceSize
    arenaSize = memory.arenaSize
    planeTable = PlaneTable(planes)
  }
}

/// The plane offsets of all operands, at an address that does not move.
///
/// `@unchecked Sendable`: written only in the initialiser.
final class PlaneTable: @unchecked Sendable {
  let start: UnsafePointer<Int32>

  init(_ offsets: [Int32]) {
    let memory = UnsafeMutableBufferPointer<Int32>.allocate(capacity: max(offsets.count, 1))
    _ = memory.initialize(from: offsets)
    // A buffer of at least one element has an address.
    start = UnsafePointer(memory.baseAddress.unsafelyUnwrapped)
  }

  deinit { start.deallocate() }
}
