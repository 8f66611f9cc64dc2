import LayerKernels

/// An activation as a tile applies it: two bounds, or a form with two numbers.
public struct TileActivation: Sendable {
  /// No result is smaller, where the form is a clamp.
  public var lower: Float
  /// No result is larger, where the form is a clamp.
  public var upper: Float
  /// Which function it is.
  public var form: Form
  /// The first number of a form that is no clamp.
  public var first: Float
  /// The second number of a form that is no clamp.
  public var second: Float

  /// The functions that tiles know.
  public enum Form: Int32, Sendable {
    /// min(max(x, lower), upper)
    case clamp
    /// x where positive, else first · x
    case leaky
    /// min(max(first · x + second, 0), 1)
    case hardSigmoid
    /// x · min(max(first · x + second, 0), 1)
    case hardSwish
  }

  /// The identity.
  public static let none = TileActivation(lower: -.infinity, upper: .infinity)

  private init(lower: Float, upper: Float) {
    self.lower = lower
    self.upper = upper
    form = .clamp
    first = 0
    second = 0
  }

  /// The tile's form of an activation; nil for one that needs an exponential, which tiles do not compute.
  public init?(_ activation: Activation) {
    lower = -.infinity
    upper = .infinity
    first = 0
    second = 0
    form = .clamp
    switch activation {
    case .identity, .relu, .relu6, .clip:
      guard let bounds = activation.clampBounds else { return nil }
      lower = bounds.lower
      upper = bounds.upper
    case .leakyRelu(let slope):
      form = .leaky
      first = slope
    case .hardSigmoid(let alpha, let beta):
      form = .hardSigmoid
      first = alpha
      second = beta
    case .hardSwish:
      form = .hardSwish
      first = 1 / 6
      second = 0.5
    case .sigmoid, .tanh, .swish:
      return nil
    }
  }

  /// Whether nothing is done.
  @inlinable @inline(__always)
  var isIdentity: Bool { isClamp && lower == -.infinity && upper == .infinity }

  /// Whether the bounds are all there is to it.
  @inlinable @inline(__always)
  var isClamp: Bool { form == .clamp }
}

extension Lanes {
  /// min(max(x, lower), upper); a NaN stays one.
  @inlinable @inline(__always)
  static func clamp(_ x: Vector, _ lower: Vector, _ upper: Vector) -> Vector {
    minimum(upper, maximum(lower, x))
  }

  /// The activation of one vector, whatever its form.
  @inlinable @inline(__always)
  static func activate(_ x: Vector, _ activation: TileActivation) -> Vector {
    let zero = broadcast(0)
    switch activation.form {
    case .clamp:
      return clamp(x, broadcast(activation.lower), broadcast(activation.upper))
    case .leaky:
      var y = maximum(zero, x)
      multiplyAdd(&y, minimum(zero, x), broadcast(activation.first))
      return y
    case .hardSigmoid, .hardSwish:
      var y = broadcast(activation.second)
      multiplyAdd(&y, x, broadcast(activation.first))
      y = clamp(y, zero, broadcast(1))
      return activation.form == .hardSwish ? product(y, x) : y
    }
  }
}

/// Applies an activation to `vectors` vectors in memory: for the forms that would crowd a tile's registers.
@inlinable @inline(__always)
func activate<L: Lanes>(
  _ lanes: L.Type, _ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation
) {
  for n in 0..<vectors {
    let place = address + n * L.byteCount
    L.store(L.activate(L.load(place), activation), place)
  }
}
