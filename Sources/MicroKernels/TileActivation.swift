import LayerKernels

/// An activation as a tile applies it: two bounds, or a form with numbers.
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
  /// The third number of a form that is no clamp.
  public var third: Float

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
    /// x / (1 + |x|)
    case softsign
    /// first · min(max(x / first, second), third), the quotient rounded to the nearest whole number
    case quantized
    /// 1 / (1 + exp(−x)): the first of the forms that need an exponential or more work than registers hold
    case sigmoid
    /// The hyperbolic tangent.
    case tanh
    /// x · sigmoid(x)
    case swish
    /// x · sigmoid(first · x)
    case scaledSwish
    /// x · Φ(x)
    case gelu
    /// x · sigmoid(x · (first + second · x²))
    case geluTanh
    /// x · tanh(log(1 + exp(x)))
    case mish
    /// third · x where positive, else first · (exp(second · x) − 1)
    case elu
    /// log(1 + exp(x))
    case softplus
    /// The error function.
    case erf
  }

  /// The identity.
  public static let none = TileActivation(lower: -.infinity, upper: .infinity)

  private init(lower: Float, upper: Float) {
    self.init(form: .clamp)
    self.lower = lower
    self.upper = upper
  }

  private init(form: Form, _ first: Float = 0, _ second: Float = 0, _ third: Float = 0) {
    lower = -.infinity
    upper = .infinity
    self.form = form
    self.first = first
    self.second = second
    self.third = third
  }

  /// The tile's form of an activation.
  public init(_ activation: Activation) {
    switch activation {
    case .identity: self = .none
    case .relu: self.init(lower: 0, upper: .infinity)
    case .relu6: self.init(lower: 0, upper: 6)
    case .clip(let lower, let upper): self.init(lower: lower, upper: upper)
    case .leakyRelu(let slope): self.init(form: .leaky, slope)
    case .hardSigmoid(let alpha, let beta): self.init(form: .hardSigmoid, alpha, beta)
    case .hardSwish: self.init(form: .hardSwish, 1 / 6, 0.5)
    case .softsign: self.init(form: .softsign)
    case .sigmoid: self.init(form: .sigmoid)
    case .tanh: self.init(form: .tanh)
    case .swish: self.init(form: .swish)
    case .scaledSwish(let alpha): self.init(form: .scaledSwish, alpha)
    case .gelu: self.init(form: .gelu)
    case .geluTanh:
      // tanh(z) = 2 · sigmoid(2z) − 1, so the function is x · sigmoid(2 · √(2/π) · (x + 0.044715 · x³)).
      let factor = 2 * (2 / Double.pi).squareRoot()
      self.init(form: .geluTanh, Float(factor), Float(factor * 0.044715))
    case .mish: self.init(form: .mish)
    case .elu(let alpha): self.init(form: .elu, alpha, 1, 1)
    case .celu(let alpha): self.init(form: .elu, alpha, 1 / alpha, 1)
    case .selu(let alpha, let gamma): self.init(form: .elu, gamma * alpha, 1, gamma)
    case .softplus: self.init(form: .softplus)
    case .erf: self.init(form: .erf)
    case .quantized(let step, let lower, let upper): self.init(form: .quantized, step, lower, upper)
    }
  }

  /// Whether nothing is done.
  @inlinable @inline(__always)
  var isIdentity: Bool { isClamp && lower == -.infinity && upper == .infinity }

  /// Whether the bounds are all there is to it.
  @inlinable @inline(__always)
  var isClamp: Bool { form == .clamp }

  /// Whether it is applied in memory, by code that all tiles of an instruction set share.
  @inlinable @inline(__always)
  var isExponential: Bool { form.rawValue >= Form.sigmoid.rawValue }
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
    if activation.isExponential {
      var x = x
      withUnsafeMutableBytes(of: &x) { bytes in
        if let address = bytes.baseAddress { activateExponentially(address, vectors: 1, activation) }
      }
      return x
    }
    return activateSimply(x, activation)
  }

  /// The same for the forms that need no exponential.
  @inlinable @inline(__always)
  static func activateSimply(_ x: Vector, _ activation: TileActivation) -> Vector {
    let zero = broadcast(0)
    switch activation.form {
    case .leaky:
      var y = maximum(zero, x)
      multiplyAdd(&y, minimum(zero, x), broadcast(activation.first))
      return y
    case .hardSigmoid, .hardSwish:
      var y = broadcast(activation.second)
      multiplyAdd(&y, x, broadcast(activation.first))
      y = clamp(y, zero, broadcast(1))
      return activation.form == .hardSwish ? product(y, x) : y
    case .softsign:
      return quotient(x, sum(broadcast(1), maximum(difference(zero, x), x)))
    case .quantized:
      let step = broadcast(activation.first)
      // A NaN gives the lower bound: the larger of a NaN and a number is the second.
      let bounded = maximum(quotient(x, step), broadcast(activation.second))
      let steps = minimum(broadcast(activation.third), bounded)
      // Beside 1.5 · 2²³ floats are whole numbers: the sum rounds, ties to even. The bounds are at most 2²² in magnitude.
      let rounding = broadcast(12_582_912)
      return product(difference(sum(steps, rounding), rounding), step)
    default:
      return clamp(x, broadcast(activation.lower), broadcast(activation.upper))
    }
  }
}

/// Applies an activation to `vectors` vectors in memory: for the forms that would crowd a tile's registers.
@inlinable @inline(__always)
func activate<L: Lanes>(
  _ lanes: L.Type, _ address: UnsafeMutableRawPointer, vectors: Int, _ activation: TileActivation
) {
  if activation.isExponential { return L.activateExponentially(address, vectors: vectors, activation) }
  for n in 0..<vectors {
    let place = address + n * L.byteCount
    L.store(L.activateSimply(L.load(place), activation), place)
  }
}

/// Applies an activation to exactly `count` elements in memory.
@inlinable @inline(__always)
func activate<L: Lanes>(
  _ lanes: L.Type, _ address: UnsafeMutableRawPointer, count: Int, _ activation: TileActivation
) {
  let vectors = count / L.Vector.scalarCount
  activate(lanes, address, vectors: vectors, activation)
  let rest = (count &- vectors &* L.Vector.scalarCount) &* 4
  guard rest > 0 else { return }
  let tail = address + vectors &* L.byteCount
  var last = L.Vector()
  withUnsafeMutableBytes(of: &last) { bytes in
    guard let start = bytes.baseAddress else { return }
    start.copyMemory(from: tail, byteCount: rest)
    activate(lanes, start, vectors: 1, activation)
    tail.copyMemory(from: start, byteCount: rest)
  }
}
