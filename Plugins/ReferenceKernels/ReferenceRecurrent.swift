import LayerKernels

/// Recurrent networks by their definition, in 64 bits.
public struct ReferenceRecurrent: LayerKernel {
  /// `reference.recurrent`
  public let identifier: KernelIdentifier = "reference.recurrent"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: RecurrentProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: RecurrentProblem) -> Double { referenceEfficiency }

  /// The rounding of the result.
  public func errorClass(for problem: RecurrentProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Copies the weights.
  public func prepare(
    _ problem: RecurrentProblem, configuration: KernelConfiguration, parameters: RecurrentParameters
  ) throws -> any PreparedKernel {
    PreparedReferenceRecurrent(
      problem: problem, weights: try PackedWeights(copying: parameters.weights.elements),
      recurrence: try PackedWeights(copying: parameters.recurrence.elements),
      bias: try PackedWeights(copying: parameters.bias))
  }
}

private struct PreparedReferenceRecurrent: PreparedKernel {
  let problem: RecurrentProblem
  let weights: PackedWeights
  let recurrence: PackedWeights
  let bias: PackedWeights

  /// A sequence's state, its next one, its cell, and its gates.
  func workspaceSize(workers: Int) -> Int { workers * (5 + 2 * 4) * problem.hidden * MemoryLayout<Double>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let hidden = problem.hidden
    let memory = operands.workspace.assumingMemoryBound(to: Double.self) + worker.index * 13 * hidden
    for item in worker.share(of: problem.directions * problem.batch) {
      runSequence(operands, direction: item / problem.batch, image: item % problem.batch, memory)
    }
  }

  private func runSequence(
    _ operands: LayerOperands, direction: Int, image: Int, _ memory: UnsafeMutablePointer<Double>
  ) {
    let (hidden, batch, steps) = (problem.hidden, problem.batch, problem.steps)
    let (state, cell, reset) = (memory, memory + hidden, memory + 2 * hidden)
    let (fromInput, fromState) = (memory + 5 * hidden, memory + 9 * hidden)
    let first = (direction * batch + image) * hidden
    for unit in 0..<hidden {
      state[unit] = problem.hasInitialStates ? Double(operands.inputs[1].base[first + unit]) : 0
      let hasCell = problem.hasInitialStates && problem.kind == .longShortTerm
      cell[unit] = hasCell ? Double(operands.inputs[2].base[first + unit]) : 0
    }
    let (gates, row) = (problem.gateCount, problem.directions * batch * hidden)
    for step in 0..<steps {
      let time = problem.direction.reversed[direction] ? steps - 1 - step : step
      let input = operands.input.base + (time * batch + image) * problem.inputs
      for gate in 0..<gates {
        let biases = bias.start + direction * 2 * gates + gate
        let weights = weights.start + (direction * gates + gate) * problem.inputs
        var sum = Double(biases[0])
        for index in 0..<problem.inputs { sum += Double(input[index]) * Double(weights[index]) }
        fromInput[gate] = sum
        fromState[gate] = Double(biases[gates]) + product(direction, gate, state)
      }
      update(direction, state, cell, reset, fromInput, fromState)
      if problem.outputs.contains(.sequence) {
        for unit in 0..<hidden { operands.output.base[time * row + first + unit] = Float(state[unit]) }
      }
    }
    let rows = problem.stateRows
    for unit in 0..<hidden {
      if let number = rows.hidden { operands.output.base[number * row + first + unit] = Float(state[unit]) }
      if let number = rows.cell { operands.output.base[number * row + first + unit] = Float(cell[unit]) }
    }
  }

  /// A gate's product with a state.
  private func product(_ direction: Int, _ gate: Int, _ state: UnsafePointer<Double>) -> Double {
    let weights = recurrence.start + (direction * problem.gateCount + gate) * problem.hidden
    var sum = 0.0
    for unit in 0..<problem.hidden { sum += state[unit] * Double(weights[unit]) }
    return sum
  }

  private func update(
    _ direction: Int, _ state: UnsafeMutablePointer<Double>, _ cell: UnsafeMutablePointer<Double>,
    _ reset: UnsafeMutablePointer<Double>, _ x: UnsafePointer<Double>, _ r: UnsafePointer<Double>
  ) {
    let hidden = problem.hidden
    func sigmoid(_ gate: Int) -> Double { Activation.sigmoid(x[gate] + r[gate]) }
    func tanh(_ value: Double) -> Double { Activation.tanh(value) }
    switch problem.kind {
    case .simple: for unit in 0..<hidden { state[unit] = tanh(x[unit] + r[unit]) }
    case .gatedUnit:
      for unit in 0..<hidden { reset[unit] = sigmoid(hidden + unit) * state[unit] }
      for unit in 0..<hidden {
        let gate = 2 * hidden + unit
        let bias = Double(bias.start[direction * 6 * hidden + 3 * hidden + gate])
        let candidate = tanh(x[gate] + bias + product(direction, gate, reset))
        let update = sigmoid(unit)
        state[unit] = (1 - update) * candidate + update * state[unit]
      }
    case .gatedUnitAfterProduct:
      for unit in 0..<hidden {
        let gate = 2 * hidden + unit
        let candidate = tanh(x[gate] + sigmoid(hidden + unit) * r[gate])
        let update = sigmoid(unit)
        state[unit] = (1 - update) * candidate + update * state[unit]
      }
    case .longShortTerm:
      for unit in 0..<hidden {
        let gate = 3 * hidden + unit
        cell[unit] = sigmoid(2 * hidden + unit) * cell[unit] + sigmoid(unit) * tanh(x[gate] + r[gate])
        state[unit] = sigmoid(hidden + unit) * tanh(cell[unit])
      }
    }
  }
}
