import LayerKernels
import MicroKernels

/// A recurrent network bound to its weights.
///
/// The phases are those of the product for all inputs, then one for each product of each step. The state that a step reads lies in
/// planes, a row of sequences for each unit, and is another one than the step writes: a worker reads the units of all.
struct PreparedRecurrent: PreparedKernel {
  let problem: RecurrentProblem
  let order: RecurrentOrder
  /// What the inputs of all steps add.
  let input: any PreparedKernel
  /// The products of a step, for each direction.
  let steps: [[RecurrentStep]]
  /// Vectors of units in a panel.
  let units: Int
  let gates: MicroKernelFunction<GateArguments>
  let rows: RowFunctionTable
  /// Where each unit's plane starts.
  private let planes: [Int32]
  /// Elements from a unit's plane to the next.
  private let pitch: Int
  private let forms: [GateArguments.Form]

  init(
    problem: RecurrentProblem, order: RecurrentOrder, input: any PreparedKernel, steps: [[RecurrentStep]], units: Int,
    gates: MicroKernelFunction<GateArguments>, rows: RowFunctionTable
  ) {
    self.problem = problem
    self.order = order
    self.input = input
    self.steps = steps
    self.units = units
    self.gates = gates
    self.rows = rows
    let pitch = problem.batch == 1 ? 1 : AlignedMemory.paddedCount(problem.batch)
    self.pitch = pitch
    planes = (0..<problem.hidden).map { Int32($0 * pitch) }
    forms =
      switch problem.kind {
      case .simple: [.simple]
      case .gatedUnit: [.resetFirst, .candidate]
      case .gatedUnitAfterProduct: [.resetLast]
      case .longShortTerm: [.longShortTerm]
      }
  }

  // MARK: Memory

  private var directions: Int { problem.directions }
  private var inputColumns: Int { order.columns(gates: problem.kind.gates) }
  /// What the inputs add: a row for each step and sequence.
  private var sumCount: Int { AlignedMemory.paddedCount(problem.steps * problem.batch * inputColumns) }
  /// The states of one direction in planes.
  private var planeCount: Int { AlignedMemory.paddedCount(problem.hidden * pitch) }
  /// The states of one direction in rows.
  private var rowCount: Int { problem.batch * order.paddedUnits }
  /// What a panel's product is written to.
  private var scratchCount: Int {
    let gates = Recurrent.products(problem.kind).reduce(1, max)
    return AlignedMemory.paddedCount(problem.batch * gates * units * order.lanes)
  }
  private var inputWorkspaceStart: Int {
    sumCount + directions * (3 * planeCount + 3 * AlignedMemory.paddedCount(rowCount))
  }

  func workspaceSize(workers: Int) -> Int {
    (inputWorkspaceStart + workers * scratchCount) * MemoryLayout<Float>.stride + input.workspaceSize(workers: workers)
  }

  /// The places of one direction's states in a workspace.
  private struct States {
    /// The states that a step reads and those that it writes, in turn.
    let planes: InlineArray<2, UnsafeMutablePointer<Float>>
    /// States that are reset, in planes.
    let resetPlanes: UnsafeMutablePointer<Float>
    /// The states in rows, a row for each sequence.
    let hidden: UnsafeMutablePointer<Float>
    /// Cells, or update gates.
    let cell: UnsafeMutablePointer<Float>
    /// States that are reset, in rows.
    let reset: UnsafeMutablePointer<Float>
  }

  private func states(_ direction: Int, _ memory: UnsafeMutablePointer<Float>) -> States {
    let rowCount = AlignedMemory.paddedCount(rowCount)
    let start = memory + sumCount + direction * 3 * (planeCount + rowCount)
    let rows = start + 3 * planeCount
    return States(
      planes: [start, start + planeCount], resetPlanes: start + 2 * planeCount, hidden: rows, cell: rows + rowCount,
      reset: rows + 2 * rowCount)
  }

  // MARK: Phases

  private var productCount: Int { forms.count }

  var phaseCount: Int { input.phaseCount + problem.steps * productCount }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let memory = operands.workspace.assumingMemoryBound(to: Float.self)
    guard phase >= input.phaseCount else {
      if phase == 0 { begin(operands, memory, worker) }
      input.run(
        LayerOperands(
          inputs: operands.inputs, output: TensorOperand(base: memory, planes: operands.output.planes),
          workspace: operands.workspace + (inputWorkspaceStart + worker.count * scratchCount)
            * MemoryLayout<Float>.stride), phase: phase, worker: worker)
      return
    }
    let number = phase - input.phaseCount
    let scratch = memory + inputWorkspaceStart + worker.index * scratchCount
    let panels = order.blocks / units
    for item in worker.share(of: directions * panels) {
      compute(
        operands, memory, scratch, direction: item / panels, panel: item % panels, step: number / productCount,
        product: number % productCount)
    }
  }

  /// Writes this worker's share of the first states.
  private func begin(_ operands: LayerOperands, _ memory: UnsafeMutablePointer<Float>, _ worker: Worker) {
    let (hidden, padded) = (problem.hidden, order.paddedUnits)
    for item in worker.share(of: directions * problem.batch) {
      let (direction, image) = (item / problem.batch, item % problem.batch)
      let states = states(direction, memory)
      let first = problem.hasInitialStates ? operands.inputs[1].base + item * hidden : nil
      let cell =
        problem.hasInitialStates && problem.kind == .longShortTerm ? operands.inputs[2].base + item * hidden : nil
      for unit in 0..<padded {
        let isUnit = unit < hidden
        let value = isUnit ? first.map { $0[unit] } ?? 0 : 0
        states.hidden[image * padded + unit] = value
        states.cell[image * padded + unit] = isUnit ? cell.map { $0[unit] } ?? 0 : 0
        if isUnit { states.planes[0][unit * pitch + image] = value }
      }
    }
  }

  /// One product of one step for the units of a panel, and what their gates make of it.
  private func compute(
    _ operands: LayerOperands, _ memory: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    direction: Int, panel: Int, step: Int, product number: Int
  ) {
    let states = states(direction, memory)
    let current = steps[direction][number]
    let form = forms[number]
    let (batch, lanes, padded) = (problem.batch, order.lanes, order.paddedUnits)
    let width = current.gates * units * lanes
    planes.withUnsafeBufferPointer { planes in
      guard let planes = planes.baseAddress else { return }
      let read = form == .candidate ? states.resetPlanes : states.planes[step % 2]
      current.product.run(
        ChannelProduct.Operands(
          weights: current.weights.start, inputs: read, inputOffsets: planes, outputs: scratch, outputStride: width,
          activation: .none), pixels: current.product.plan(pixelCount: batch), panel: panel)
      let time = problem.direction.reversed[direction] ? problem.steps - 1 - step : step
      let gateCount = problem.kind.gates
      let firstUnit = panel * units * lanes
      let count = min(units * lanes, problem.hidden - firstUnit)
      for image in 0..<batch {
        let sums =
          memory + (time * batch + image) * inputColumns + (direction * order.blocks + panel * units) * gateCount
          * lanes
        for block in 0..<units {
          let place = image * padded + firstUnit + block * lanes
          var arguments = GateArguments(
            form, fromInput: sums + block * gateCount * lanes,
            fromState: scratch + image * width + block * current.gates * lanes, gateStride: lanes, count: lanes,
            previous: states.hidden + place, cell: states.cell + place,
            hidden: (form == .resetFirst ? states.reset : states.hidden) + place)
          gates(&arguments)
        }
      }
      let source = (form == .resetFirst ? states.reset : states.hidden) + firstUnit
      transpose(
        source, form == .resetFirst ? states.resetPlanes : states.planes[(step + 1) % 2], planes + firstUnit, count)
      guard form != .resetFirst else { return }
      write(
        operands, states, direction: direction, time: time, isLast: step == problem.steps - 1,
        firstUnit..<firstUnit + count)
    }
  }

  /// Brings the units of rows into their planes.
  private func transpose(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ planes: UnsafePointer<Int32>, _ count: Int
  ) {
    guard pitch > 1 else {
      (target + Int(planes[0])).update(from: source, count: count)
      return
    }
    var copy = RowArguments(
      source: source, sourceStride: order.paddedUnits, target: target, targetOffsets: planes, rows: problem.batch,
      columns: count)
    rows.transpose(&copy)
  }

  /// Writes what is given out of some units' states.
  private func write(
    _ operands: LayerOperands, _ states: States, direction: Int, time: Int, isLast: Bool, _ units: Range<Int>
  ) {
    let (batch, padded) = (problem.batch, order.paddedUnits)
    func copy(_ source: UnsafeMutablePointer<Float>, toRow row: Int) {
      let target = operands.output.base + (row * directions + direction) * batch * problem.hidden
      for image in 0..<batch {
        (target + image * problem.hidden + units.lowerBound).update(
          from: source + image * padded + units.lowerBound, count: units.count)
      }
    }
    if problem.outputs.contains(.sequence) { copy(states.hidden, toRow: time) }
    guard isLast else { return }
    if let row = problem.stateRows.hidden { copy(states.hidden, toRow: row) }
    if let row = problem.stateRows.cell { copy(states.cell, toRow: row) }
  }
}
