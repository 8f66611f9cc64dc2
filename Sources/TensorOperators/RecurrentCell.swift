import LayerKernels

/// One direction of a recurrent network: how the gates of one step become the next state.
struct RecurrentCell<Number: ProductNumber> {
  private let sizes: RecurrentSizes
  private let functions: [ScalarActivation]
  private let clip: Number
  private let couplesForget: Bool
  private let resetsAfterProduct: Bool
  private let inputBias: [Number]
  private let recurrentBias: [Number]
  private let peepholes: [Number]?

  init(
    _ sizes: RecurrentSizes, _ functions: [ScalarActivation], _ attributes: OperatorAttributes, bias: [Number]?,
    peepholes: [Number]?
  ) {
    self.sizes = sizes
    self.functions = functions
    let limit = attributes.float("clip") ?? 0
    clip = limit > 0 ? Number(limit) : .infinity
    couplesForget = attributes.flag("input_forget")
    resetsAfterProduct = attributes.flag("linear_before_reset")
    let none = [Number](repeating: 0, count: sizes.gateCount)
    inputBias = bias.map { Array($0.prefix(sizes.gateCount)) } ?? none
    recurrentBias = bias.map { Array($0.suffix(sizes.gateCount)) } ?? none
    self.peepholes = peepholes
  }

  /// Runs all steps.
  ///
  /// - Parameters:
  ///   - fromInput: what the input adds to the gates, a row for each step and image.
  ///   - recurrence: the recurrent weights, a row for each hidden number.
  func run(
    direction: Int, lengths: [Int], fromInput: [Number], recurrence: [Number], output: inout RecurrentOutput<Number>
  ) {
    let (batch, hidden, gates) = (sizes.batch, sizes.hidden, sizes.gateCount)
    guard batch > 0, hidden > 0 else { return }
    var state = [Number](repeating: 0, count: batch * hidden)
    var cell = state
    for image in 0..<batch {
      let start = sizes.stateStart(direction: direction, image: image)
      for index in 0..<hidden {
        state[image * hidden + index] = output.hidden[start + index]
        cell[image * hidden + index] = output.cell[start + index]
      }
    }
    var fromState = [Number](repeating: 0, count: batch * gates)
    var work = [Number](repeating: 0, count: 2 * hidden)
    for step in 0..<sizes.steps {
      guard lengths.contains(where: { $0 > step }) else { break }
      for image in 0..<batch {
        for gate in 0..<gates { fromState[image * gates + gate] = recurrentBias[gate] }
      }
      // The candidate of a unit that is reset first is a product of its own.
      let columns = sizes.kind == .gatedUnit && !resetsAfterProduct ? 2 * hidden : gates
      recurrence.withUnsafeBufferPointer { recurrence in
        state.withUnsafeMutableBufferPointer { state in
          fromState.withUnsafeMutableBufferPointer { fromState in
            FloatProducts.add(
              Matrix(state, rows: batch, columns: hidden),
              times: Matrix(recurrence, rows: hidden, columns: columns, stride: gates),
              to: MutableMatrix(fromState, rows: batch, columns: columns, stride: gates))
          }
        }
      }
      for image in 0..<batch where step < lengths[image] {
        let time = sizes.reversed[direction] ? lengths[image] - 1 - step : step
        let (input, gateStart, stateStart) = (
          sizes.inputRow(step: time, image: image) * gates, image * gates, image * hidden
        )
        fromInput.withUnsafeBufferPointer { fromInput in
          recurrence.withUnsafeBufferPointer { recurrence in
            let x = UnsafeBufferPointer(rebasing: fromInput[input..<input + gates])
            fromState.withUnsafeMutableBufferPointer { fromState in
              let r = UnsafeMutableBufferPointer(rebasing: fromState[gateStart..<gateStart + gates])
              state.withUnsafeMutableBufferPointer { state in
                let h = UnsafeMutableBufferPointer(rebasing: state[stateStart..<stateStart + hidden])
                switch sizes.kind {
                case .simple: for index in 0..<hidden { h[index] = apply(0, x[index] + inputBias[index] + r[index]) }
                case .gatedUnit:
                  work.withUnsafeMutableBufferPointer { updateUnit(x, r, h, recurrence, work: $0) }
                case .longShortTerm:
                  cell.withUnsafeMutableBufferPointer {
                    updateCell(x, r, h, UnsafeMutableBufferPointer(rebasing: $0[stateStart..<stateStart + hidden]))
                  }
                }
              }
            }
          }
        }
        let target = sizes.outputStart(step: time, direction: direction, image: image)
        for index in 0..<hidden { output.all[target + index] = state[stateStart + index] }
      }
    }
    for image in 0..<batch {
      let start = sizes.stateStart(direction: direction, image: image)
      for index in 0..<hidden {
        // A sequence without steps has no last state, whatever the first one is: as in ONNX Runtime.
        output.hidden[start + index] = lengths[image] == 0 ? 0 : state[image * hidden + index]
        output.cell[start + index] = lengths[image] == 0 ? 0 : cell[image * hidden + index]
      }
    }
  }

  /// A function of what a gate adds up to, within the bounds that the node asks for.
  private func apply(_ function: Int, _ value: Number) -> Number {
    functions[function](clip.isInfinite ? value : min(max(value, -clip), clip))
  }

  /// Gates update, reset and candidate.
  private func updateUnit(
    _ x: UnsafeBufferPointer<Number>, _ r: UnsafeMutableBufferPointer<Number>, _ h: UnsafeMutableBufferPointer<Number>,
    _ recurrence: UnsafeBufferPointer<Number>, work: UnsafeMutableBufferPointer<Number>
  ) {
    let hidden = sizes.hidden
    if !resetsAfterProduct {
      for index in 0..<hidden {
        let gate = hidden + index
        work[index] = h[index] * apply(0, x[gate] + inputBias[gate] + r[gate])
        work[hidden + index] = recurrentBias[2 * hidden + index]
      }
      FloatProducts.add(
        Matrix(work, rows: 1, columns: hidden),
        times: Matrix(recurrence, offset: 2 * hidden, rows: hidden, columns: hidden, stride: 3 * hidden),
        to: MutableMatrix(work, offset: hidden, rows: 1, columns: hidden))
    }
    for index in 0..<hidden {
      let (reset, candidate) = (hidden + index, 2 * hidden + index)
      let update = apply(0, x[index] + inputBias[index] + r[index])
      let recurrent =
        resetsAfterProduct ? apply(0, x[reset] + inputBias[reset] + r[reset]) * r[candidate] : work[hidden + index]
      let new = apply(1, x[candidate] + inputBias[candidate] + recurrent)
      h[index] = (1 - update) * new + update * h[index]
    }
  }

  /// Gates input, output, forget and cell.
  private func updateCell(
    _ x: UnsafeBufferPointer<Number>, _ r: UnsafeMutableBufferPointer<Number>, _ h: UnsafeMutableBufferPointer<Number>,
    _ c: UnsafeMutableBufferPointer<Number>
  ) {
    let hidden = sizes.hidden
    for index in 0..<hidden {
      func sum(_ gate: Int) -> Number {
        let place = gate * hidden + index
        return x[place] + inputBias[place] + r[place]
      }
      func peephole(_ gate: Int, _ state: Number) -> Number { peepholes.map { $0[gate * hidden + index] * state } ?? 0 }
      let old = c[index]
      let input = apply(0, sum(0) + peephole(0, old))
      let forget = couplesForget ? 1 - input : apply(0, sum(2) + peephole(2, old))
      let new = forget * old + input * apply(1, sum(3))
      c[index] = new
      h[index] = apply(0, sum(1) + peephole(1, new)) * functions[2](new)
    }
  }
}
