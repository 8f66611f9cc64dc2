/// One step of some units of a recurrent network: what their gates add up to becomes their next state.
///
/// Gates lie one after the other, `gateStride` apart; a gate's sum is that of what the input and what the state add.
public struct GateArguments {
  /// What is computed.
  public enum Form: Int32, Sendable {
    /// h = tanh(s₀)
    case simple
    /// Gates update and reset of a unit whose state is reset before the product: `cell` becomes the update gate, `hidden` the state
    /// times the reset gate.
    case resetFirst
    /// The candidate of such a unit, the third gate: h = (1 − cell) · tanh(s) + cell · previous.
    case candidate
    /// A unit whose product is reset, gates update, reset and candidate.
    case resetLast
    /// Gates input, output, forget and cell.
    case longShortTerm
  }

  /// What is computed.
  public var form: Form
  /// What the input adds, the first gate.
  public var fromInput: UnsafePointer<Float>
  /// What the state adds, the first gate that is computed.
  public var fromState: UnsafePointer<Float>
  /// Elements from a gate's numbers to the next gate's.
  public var gateStride: Int
  /// The units.
  public var count: Int
  /// The hidden state before.
  public var previous: UnsafePointer<Float>
  /// The cell state, read and written; of units that are reset first the update gate.
  public var cell: UnsafeMutablePointer<Float>
  /// The hidden state afterwards; it may be the one before.
  public var hidden: UnsafeMutablePointer<Float>

  /// Arguments.
  public init(
    _ form: Form, fromInput: UnsafePointer<Float>, fromState: UnsafePointer<Float>, gateStride: Int, count: Int,
    previous: UnsafePointer<Float>, cell: UnsafeMutablePointer<Float>, hidden: UnsafeMutablePointer<Float>
  ) {
    self.form = form
    self.fromInput = fromInput
    self.fromState = fromState
    self.gateStride = gateStride
    self.count = count
    self.previous = previous
    self.cell = cell
    self.hidden = hidden
  }
}

/// Computes the gates of units, a vector of units at a time.
@inlinable @inline(__always)
public func stepGates<L: PlaneLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: GateArguments.self).pointee
  let width = L.Vector.scalarCount
  let stride = arguments.gateStride &* 4
  var index = 0
  while index < arguments.count {
    let count = min(arguments.count &- index, width)
    let place = index &* 4
    let mask = L.first(count)
    func value(_ start: UnsafeRawPointer) -> L.Vector { L.load(start + place, mask) }
    func put(_ vector: L.Vector, _ start: UnsafeMutableRawPointer) { L.store(vector, start + place, mask) }
    let fromInput = UnsafeRawPointer(arguments.fromInput)
    let fromState = UnsafeRawPointer(arguments.fromState)
    let (cell, hidden) = (UnsafeMutableRawPointer(arguments.cell), UnsafeMutableRawPointer(arguments.hidden))
    func gate(_ number: Int) -> L.Vector {
      L.sum(value(fromInput + number &* stride), value(fromState + number &* stride))
    }
    func blend(_ update: L.Vector, _ candidate: L.Vector) -> L.Vector {
      var state = L.product(L.difference(L.broadcast(1), update), candidate)
      L.multiplyAdd(&state, update, value(UnsafeRawPointer(arguments.previous)))
      return state
    }
    switch arguments.form {
    case .simple: put(L.hyperbolicTangent(gate(0)), hidden)
    case .resetFirst:
      put(L.sigmoid(gate(0)), cell)
      put(L.product(L.sigmoid(gate(1)), value(UnsafeRawPointer(arguments.previous))), hidden)
    case .candidate:
      let candidate = L.hyperbolicTangent(L.sum(value(fromInput + 2 &* stride), value(fromState)))
      put(blend(value(UnsafeRawPointer(cell)), candidate), hidden)
    case .resetLast:
      let update = L.sigmoid(gate(0))
      var candidate = value(fromInput + 2 &* stride)
      L.multiplyAdd(&candidate, L.sigmoid(gate(1)), value(fromState + 2 &* stride))
      put(blend(update, L.hyperbolicTangent(candidate)), hidden)
    case .longShortTerm:
      var state = L.product(L.sigmoid(gate(2)), value(UnsafeRawPointer(cell)))
      L.multiplyAdd(&state, L.sigmoid(gate(0)), L.hyperbolicTangent(gate(3)))
      put(state, cell)
      put(L.product(L.sigmoid(gate(1)), L.hyperbolicTangent(state)), hidden)
    }
    index &+= width
  }
}
