import LayerKernels

/// A run of elements that lie side by side, for a function of one or two of them.
///
///     target[i] = activation(function(left[i · leftStep], right[i · rightStep]))
public struct ElementwiseRowArguments {
  /// What is computed of the two inputs.
  public enum Function: Int32, Sendable {
    /// The left input alone.
    case left
    /// √left
    case squareRoot
    /// left + right
    case add
    /// left − right
    case subtract
    /// left · right
    case multiply
    /// left / right
    case divide
    /// max(left, right)
    case maximum
    /// min(left, right)
    case minimum

    /// The function of an element-wise problem.
    public init(_ function: ElementwiseProblem.Binary) {
      switch function {
      case .add: self = .add
      case .subtract: self = .subtract
      case .multiply: self = .multiply
      case .divide: self = .divide
      case .maximum: self = .maximum
      case .minimum: self = .minimum
      }
    }
  }

  /// The left input.
  public var left: UnsafePointer<Float>
  /// Whether the left input moves on: 1, or 0 for one element that counts for all.
  public var leftStep: Int
  /// The right input; the left one again where the function has only one.
  public var right: UnsafePointer<Float>
  /// Whether the right input moves on.
  public var rightStep: Int
  /// The output, which may be an input.
  public var target: UnsafeMutablePointer<Float>
  /// The elements; none after them is read or written.
  public var count: Int
  /// What is computed.
  public var function: Function
  /// What is done to each result.
  public var activation: TileActivation

  /// Arguments of a function of two inputs.
  public init(
    _ function: Function, _ left: UnsafePointer<Float>, step leftStep: Int = 1, _ right: UnsafePointer<Float>,
    step rightStep: Int = 1, target: UnsafeMutablePointer<Float>, count: Int, activation: TileActivation = .none
  ) {
    self.function = function
    self.left = left
    self.leftStep = leftStep
    self.right = right
    self.rightStep = rightStep
    self.target = target
    self.count = count
    self.activation = activation
  }

  /// Arguments of an activation alone.
  public init(
    _ activation: TileActivation, of source: UnsafePointer<Float>, target: UnsafeMutablePointer<Float>, count: Int
  ) {
    self.init(.left, source, source, target: target, count: count, activation: activation)
  }
}

/// A function of elements that lie side by side.
@inlinable @inline(__always)
public func elementwiseRow<L: PlaneLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: ElementwiseRowArguments.self).pointee
  switch arguments.function {
  case .left: activateRow(lanes, arguments) { left, _ in left }
  case .squareRoot: activateRow(lanes, arguments) { left, _ in left.squareRoot() }
  case .add: activateRow(lanes, arguments) { L.sum($0, $1) }
  case .subtract: activateRow(lanes, arguments) { L.difference($0, $1) }
  case .multiply: activateRow(lanes, arguments) { L.product($0, $1) }
  case .divide: activateRow(lanes, arguments) { L.quotient($0, $1) }
  case .maximum: activateRow(lanes, arguments) { L.largest($0, $1) }
  case .minimum: activateRow(lanes, arguments) { L.smallest($0, $1) }
  }
}

/// The same, the function known; the identity has a loop of its own.
@inlinable @inline(__always)
func activateRow<L: PlaneLanes>(
  _ lanes: L.Type, _ arguments: ElementwiseRowArguments, _ function: (L.Vector, L.Vector) -> L.Vector
) {
  let activation = arguments.activation
  if activation.isExponential {
    // In parts that stay in the first cache between function and activation.
    let part = 32 &* L.Vector.scalarCount
    var rest = arguments
    while rest.count > 0 {
      let count = min(rest.count, part)
      var some = rest
      some.count = count
      combineRow(lanes, some, function)
      activate(lanes, UnsafeMutableRawPointer(some.target), count: count, activation)
      rest.left += count &* rest.leftStep
      rest.right += count &* rest.rightStep
      rest.target += count
      rest.count &-= count
    }
  } else if activation.isIdentity {
    combineRow(lanes, arguments, function)
  } else {
    combineRow(lanes, arguments) { L.activateSimply(function($0, $1), activation) }
  }
}

/// The loop over a row; what is left of it goes through a vector in memory.
@inlinable @inline(__always)
func combineRow<L: PlaneLanes>(
  _ lanes: L.Type, _ arguments: ElementwiseRowArguments, _ function: (L.Vector, L.Vector) -> L.Vector
) {
  let width = L.Vector.scalarCount
  let left = UnsafeRawPointer(arguments.left)
  let right = UnsafeRawPointer(arguments.right)
  let target = UnsafeMutableRawPointer(arguments.target)
  let leftStep = arguments.leftStep &* 4
  let rightStep = arguments.rightStep &* 4
  let leftConstant = L.broadcast(left.loadUnaligned(as: Float.self))
  let rightConstant = L.broadcast(right.loadUnaligned(as: Float.self))
  var index = 0
  while index &+ width <= arguments.count {
    let a = leftStep == 0 ? leftConstant : L.load(left + index &* leftStep)
    let b = rightStep == 0 ? rightConstant : L.load(right + index &* rightStep)
    L.store(function(a, b), target + index &* 4)
    index &+= width
  }
  let rest = arguments.count &- index
  if rest > 0 {
    let a = leftStep == 0 ? leftConstant : L.loadFirst(left + index &* leftStep, rest)
    let b = rightStep == 0 ? rightConstant : L.loadFirst(right + index &* rightStep, rest)
    L.storeFirst(function(a, b), target + index &* 4, rest)
  }
}
