/// A small, fast generator with a seed: the same seed gives the same sequence on every platform.
///
/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
public struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that starts from `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A float in [−`magnitude`, `magnitude`), never zero or denormal unless the magnitude is.
  public mutating func nextFloat(magnitude: Float = 1) -> Float {
    let bits = Float(next() >> 40) * 0x1p-24
    let value = (bits * 2 - 1) * magnitude
    return value.magnitude < magnitude * 0x1p-20 ? magnitude * 0x1p-20 : value
  }

  /// A tensor of floats in [−`magnitude`, `magnitude`).
  public mutating func tensor(shape: TensorShape, magnitude: Float = 1) -> Tensor {
    var tensor = Tensor(shape: shape)
    tensor.withMutableElements { elements in
      for index in elements.indices { elements[index] = nextFloat(magnitude: magnitude) }
    }
    return tensor
  }
}
