import LayerKernels
import MicroKernels

/// Several functions of corresponding elements in one pass over memory: each step runs on a part that stays in the first cache.
///
/// Configuration: `layout`, 0 plane lists, 1 row-major, 2 channels last, as `direct.elementwise` has it.
public struct ElementwiseChain: LayerKernel {
  /// `direct.elementwise-chain`
  public let identifier: KernelIdentifier = "direct.elementwise-chain"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Always.
  public func applicability(to problem: ElementwiseChainProblem) -> Applicability { .applies }

  /// A tenth: memory decides.
  public func expectedEfficiency(for problem: ElementwiseChainProblem) -> Double { 0.1 }

  /// One for each layout that the shapes can have.
  public func configurations(for problem: ElementwiseChainProblem) -> [KernelConfiguration] {
    ElementwiseOperands(problem.inputShapes, problem.outputShape).choices.map { ["layout": $0] }
  }

  /// The configuration's layout for the output and the inputs of its shape, row-major for others.
  public func layouts(for problem: ElementwiseChainProblem, configuration: KernelConfiguration) -> OperandLayouts {
    ElementwiseOperands(problem.inputShapes, problem.outputShape).layouts(of: configuration)
  }

  /// Finds out how the inputs are walked and where the steps' values lie.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout, or one that the shapes cannot have.
  public func prepare(
    _ problem: ElementwiseChainProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let forms = ElementwiseOperands(problem.inputShapes, problem.outputShape)
    let choice = try configuration.value("layout", in: forms.choices, of: identifier)
    let actions = ChainActions(problem, set)
    let shape = problem.outputShape
    if ElementwiseOperands.layouts[choice] == .planeList {
      return PreparedPlanarChain(
        actions: actions, inputs: problem.inputShapes.map { PlaneInput($0, of: shape) }, channels: shape[1],
        planeCount: shape[0] * shape[1], count: AlignedMemory.paddedCount(shape[2] * shape[3]))
    }
    let (output, inputs) = forms.dimensions(ElementwiseOperands.layouts[choice])
    return PreparedStridedChain(actions: actions, walk: BroadcastWalk(output: output, inputs: inputs))
  }
}

/// The steps, and where each one's value lies between them.
private struct ChainActions: Sendable {
  /// The elements that go through all steps before the next ones.
  static let part = 1024

  private enum Source: Sendable {
    case input(Int)
    /// 0 is the output's own memory.
    case slot(Int)
  }

  private struct Action: Sendable {
    let form: ElementwiseForm
    let left: Source
    let right: Source
    let target: Int
  }

  private let actions: [Action]
  /// The slots beside the output.
  let scratchCount: Int

  init(_ problem: ElementwiseChainProblem, _ set: MicroKernelSet) {
    var lastReader: [Int] = Array(repeating: problem.steps.count, count: problem.steps.count)
    for (index, step) in problem.steps.enumerated() {
      for case .step(let read) in step.operands { lastReader[read] = index }
    }
    var actions: [Action] = []
    var slots: [Int] = []
    var owners: [Int?] = []
    for (index, step) in problem.steps.enumerated() {
      // A step may write over what it is the last to read.
      for slot in owners.indices {
        if let owner = owners[slot], lastReader[owner] <= index { owners[slot] = nil }
      }
      let slot = owners.firstIndex { $0 == nil } ?? owners.count
      if slot == owners.count { owners.append(index) } else { owners[slot] = index }
      slots.append(slot)
      let sources = step.operands.map { operand in
        switch operand {
        case .input(let input): Source.input(input)
        case .step(let read): Source.slot(slots[read])
        }
      }
      actions.append(
        Action(
          form: ElementwiseForm(step.function, set), left: sources[0], right: sources[sources.count - 1], target: slot))
    }
    self.actions = actions
    scratchCount = owners.count - 1
  }

  func workspaceSize(workers: Int) -> Int { workers * scratchCount * Self.part * MemoryLayout<Float>.stride }

  /// Takes a part through all steps.
  ///
  /// - Parameter input: where an input's elements of this part start, and whether it moves on.
  @inline(__always)
  func run(
    to target: UnsafeMutablePointer<Float>, count: Int, _ operands: LayerOperands, _ worker: Worker,
    _ input: (Int) -> (start: UnsafePointer<Float>, step: Int)
  ) {
    let scratch = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * scratchCount * Self.part
    func slot(_ index: Int) -> UnsafeMutablePointer<Float> {
      index == 0 ? target : scratch + (index - 1) * Self.part
    }
    func source(_ source: Source) -> (start: UnsafePointer<Float>, step: Int) {
      switch source {
      case .input(let index): input(index)
      case .slot(let index): (UnsafePointer(slot(index)), 1)
      }
    }
    for action in actions {
      let (left, leftStep) = source(action.left)
      let (right, rightStep) = source(action.right)
      action.form(left, step: leftStep, right, step: rightStep, to: slot(action.target), count: count)
    }
  }
}

/// Planes, with the slack after them.
private struct PreparedPlanarChain: PreparedKernel {
  let actions: ChainActions
  let inputs: [PlaneInput]
  let channels: Int
  let planeCount: Int
  let count: Int

  func workspaceSize(workers: Int) -> Int { actions.workspaceSize(workers: workers) }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    guard count > 0 else { return }
    let parts = (count + ChainActions.part - 1) / ChainActions.part
    for item in worker.share(of: planeCount * parts) {
      let (plane, part) = item.quotientAndRemainder(dividingBy: parts)
      let (image, channel) = plane.quotientAndRemainder(dividingBy: channels)
      let first = part * ChainActions.part
      actions.run(
        to: operands.output.plane(plane) + first, count: min(ChainActions.part, count - first), operands, worker
      ) { input in
        let start = inputs[input].start(operands.inputs[input], picture: image, channel: channel, plane: plane)
        return inputs[input].isPlane ? (start + first, 1) : (start, 0)
      }
    }
  }
}

/// Dense tensors of any rank: runs along the innermost axis, walked by strides outside of it.
private struct PreparedStridedChain: PreparedKernel {
  let actions: ChainActions
  let walk: BroadcastWalk

  func workspaceSize(workers: Int) -> Int { actions.workspaceSize(workers: workers) }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    guard walk.runLength > 0 else { return }
    let parts = (walk.runLength + ChainActions.part - 1) / ChainActions.part
    for item in worker.share(of: walk.runCount * parts) {
      let (run, part) = item.quotientAndRemainder(dividingBy: parts)
      let first = part * ChainActions.part
      actions.run(
        to: operands.output.base + run * walk.runLength + first,
        count: min(ChainActions.part, walk.runLength - first), operands, worker
      ) { input in
        let step = walk.runStep(of: input)
        return (
          UnsafePointer(operands.inputs[input].base + walk.offset(ofRun: run, input: input) + first * step), step
        )
      }
    }
  }
}
