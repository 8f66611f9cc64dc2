public import HostPlatform
public import LayerKernels

/// The memory of one run of a ``CompiledNetwork``: activations, workspace and operand addresses.
///
/// A context serves one run at a time; different contexts of one network run at the same time.
///
/// `@unchecked Sendable`: it may be handed from thread to thread, but whoever holds it runs it alone; the network's own pool
/// hands a context to one caller at a time.
public final class ExecutionContext: @unchecked Sendable {
  // Not the network itself: its pool holds contexts, and neither may keep the other alive.
  private let program: Program
  private let team: ThreadTeam
  private let inputPorts: [CompiledNetwork.Port]
  private let outputPorts: [CompiledNetwork.Port]
  private let arena: UnsafeMutablePointer<Float>
  private let workspace: UnsafeMutableRawPointer
  private let operands: UnsafeMutableBufferPointer<TensorOperand>
  /// Operands whose base is the caller's memory, with the index of the input or output.
  private let inputOperands: [(operand: Int, input: Int)]
  private let outputOperands: [(operand: Int, output: Int)]

  init(_ network: CompiledNetwork) {
    let program = network.program
    self.program = program
    team = network.team
    inputPorts = network.inputs
    outputPorts = network.outputs
    let arena = AlignedMemory.allocate(count: program.arenaSize)
    self.arena = arena
    workspace = UnsafeMutableRawPointer.allocate(
      byteCount: max(program.workspaceSize, 1) + AlignedMemory.alignment, alignment: AlignedMemory.alignment)
    operands = .allocate(capacity: max(program.operands.count, 1))
    var inputOperands: [(Int, Int)] = []
    var outputOperands: [(Int, Int)] = []
    for (index, operand) in program.operands.enumerated() {
      var base = arena
      switch operand.base {
      case .arena(let offset): base = arena + offset
      case .constant(let constant): base = UnsafeMutablePointer(mutating: constant.start)
      case .input(let input): inputOperands.append((index, input))
      case .output(let output): outputOperands.append((index, output))
      }
      operands.initializeElement(
        at: index, to: TensorOperand(base: base, planes: program.planeTable.start + operand.firstPlane))
    }
    self.inputOperands = inputOperands
    self.outputOperands = outputOperands
  }

  deinit {
    AlignedMemory.deallocate(arena)
    workspace.deallocate()
    operands.deallocate()
  }

  /// Runs the network once on tensors of its inputs' shapes.
  ///
  /// - Throws: ``RunError`` when the inputs are not of the network's shapes.
  public func run(_ tensors: [Tensor]) throws(RunError) -> [Tensor] {
    guard tensors.count == inputPorts.count else {
      throw .inputCount(expected: inputPorts.count, found: tensors.count)
    }
    for (tensor, port) in zip(tensors, inputPorts) where tensor.shape != port.shape {
      throw .inputShape(name: port.name, expected: port.shape, found: tensor.shape)
    }
    var results = outputPorts.map { Tensor(shape: $0.shape) }
    for (operand, input) in inputOperands {
      tensors[input].withElements { bind(operand, to: $0.baseAddress.map(UnsafeMutablePointer.init(mutating:))) }
    }
    for (operand, output) in outputOperands {
      results[output].withMutableElements { bind(operand, to: $0.baseAddress) }
    }
    withExtendedLifetime(tensors) { run() }
    return results
  }

  /// Runs the network once on the caller's memory: the hot path, without allocation, lock or check.
  ///
  /// - Parameters:
  ///   - inputs: for each input of the network its elements, as many as its shape has.
  ///   - outputs: for each output of the network room for its elements; no two overlap.
  public func run(
    unsafeInputs inputs: UnsafePointer<UnsafePointer<Float>>,
    outputs: UnsafePointer<UnsafeMutablePointer<Float>>
  ) {
    for (operand, input) in inputOperands { bind(operand, to: UnsafeMutablePointer(mutating: inputs[input])) }
    for (operand, output) in outputOperands { bind(operand, to: outputs[output]) }
    run()
  }

  /// As ``run(_:)``, with the time that each step took, as its first worker saw it.
  ///
  /// - Returns: nanoseconds from the end of the step before to the end of each step.
  /// - Throws: ``RunError`` when the inputs are not of the network's shapes.
  public func profile(_ tensors: [Tensor], clock: some MonotonicClock) throws(RunError) -> [Int64] {
    // One ordinary run checks the inputs and binds the operands; its results are dropped.
    let results = try run(tensors)
    var ends = [Int64](repeating: 0, count: program.steps.count + 1)
    withExtendedLifetime((tensors, results)) {
      ends.withUnsafeMutableBufferPointer { run(marks: $0.baseAddress, clock: clock) }
    }
    return zip(ends.dropFirst(), ends).map { $0 - $1 }
  }

  private func bind(_ operand: Int, to base: UnsafeMutablePointer<Float>?) {
    guard let base else { return }
    operands[operand] = TensorOperand(base: base, planes: operands[operand].planes)
  }

  private func run(marks: UnsafeMutablePointer<Int64>? = nil, clock: (any MonotonicClock)? = nil) {
    if let marks, let clock { marks[0] = clock.now() }
    team.run(
      phases: ProgramRun(
        steps: program.steps, phases: program.phases,
        operands: UnsafePointer(operands.baseAddress.unsafelyUnwrapped), workspace: workspace, marks: marks,
        clock: clock))
  }
}

/// One run of a program by a team: the members walk through the phases of all steps together.
///
/// `@unchecked Sendable`: the addresses are a context's, whose caller waits until the team is done.
private struct ProgramRun: PhasedWork, @unchecked Sendable {
  let steps: [Program.Step]
  let phases: [Program.Phase]
  let operands: UnsafePointer<TensorOperand>
  let workspace: UnsafeMutableRawPointer
  /// Where the time at the start and after each step is written; nil when nobody asks.
  let marks: UnsafeMutablePointer<Int64>?
  let clock: (any MonotonicClock)?

  var phaseCount: Int { phases.count }

  func shareCount(ofPhase phase: Int, members: Int) -> Int { min(steps[phases[phase].step].threads, members) }

  func run(phase: Int, share: Int, of count: Int) {
    let step = steps[phases[phase].step]
    let layer = LayerOperands(
      inputs: operands + step.firstOperand, output: operands[step.firstOperand + step.inputCount],
      workspace: workspace)
    step.kernel.run(layer, phase: phases[phase].phase, worker: Worker(index: share, count: count))
  }

  func finish(phase: Int) {
    guard let marks, let clock, phases[phase].isLast else { return }
    marks[phases[phase].step + 1] = clock.now()
  }

  func withMember(_ body: () -> Void) {
    let denormals = DenormalMode.flush()
    body()
    denormals.restore()
  }
}
