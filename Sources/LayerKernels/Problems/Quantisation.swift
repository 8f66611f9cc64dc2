/// Numbers that are whole multiples of a step: those from `lower` to `upper` times ``step``, as networks of 8-bit numbers have them
/// between their layers.
public struct Quantisation: Hashable, Sendable {
  /// What one step is worth, above 0.
  public let step: Float
  /// The least multiple, a whole number.
  public let lower: Float
  /// The greatest.
  public let upper: Float

  /// Multiples of a step; nil where the step is not above 0 and finite, or a bound is no whole number of at most 2²² in magnitude.
  public init?(step: Float, lower: Float, upper: Float) {
    guard step > 0, step.isFinite, lower <= upper,
      [lower, upper].allSatisfy({ $0.magnitude <= 0x1p22 && $0.rounded() == $0 })
    else { return nil }
    self.step = step
    self.lower = lower
    self.upper = upper
  }

  /// What an activation rounds to; nil for one that does not.
  public init?(_ activation: Activation) {
    guard case .quantized(let step, let lower, let upper) = activation else { return nil }
    self.init(step: step, lower: lower, upper: upper)
  }

  /// The activation that rounds to these numbers.
  public var activation: Activation { .quantized(step: step, lower: lower, upper: upper) }

  /// A tensor's elements as these numbers have them.
  func rounded(_ tensor: Tensor) -> Tensor {
    var tensor = tensor
    tensor.withMutableElements { elements in
      for index in elements.indices { elements[index] = Float(activation(Double(elements[index]))) }
    }
    return tensor
  }

  /// Whether the multiples, and 0 among them, are as many as 8 bits number.
  public var fitsByte: Bool { max(upper, 0) - min(lower, 0) <= 255 }

  /// What stands for 0 where the multiples are numbered from 0 up: 0 itself where none is negative.
  public var zeroPoint: Int { Int(max(-lower, 0)) }

  /// The byte of a number: which of the multiples it is next to, counted from ``zeroPoint``. Needs ``fitsByte``.
  package func byte(_ number: Float) -> UInt8 {
    let multiple = Swift.min(Swift.max(number / step, lower), upper).rounded(.toNearestOrEven)
    return UInt8(clamping: Int(multiple) + zeroPoint)
  }

  /// The number of a byte.
  package func number(_ byte: UInt8) -> Float { Float(Int(byte) - zeroPoint) * step }

  /// Whether another rounding leaves these numbers as they are: a whole multiple of a step over the step is at most a unit in the last
  /// place from a whole number.
  public func isWithin(_ other: Quantisation) -> Bool {
    step == other.step && lower >= other.lower && upper <= other.upper
  }
}

/// What makes a product one of whole numbers: the multiples of a step that its inputs are, and how large the multiples are that each
/// output channel's weights are of a step of their own.
///
/// A kernel may then add up whole numbers, which is exact, and multiply the sum by both steps; one that knows nothing of it computes the
/// same in floats.
public struct IntegerOperands: Hashable, Sendable {
  /// What the inputs are.
  public let input: Quantisation
  /// The largest magnitude of a weight, in its channel's steps: 127, of 8 bits with sign, or 255, of 8 bits and a zero point.
  public let largestWeight: Int

  /// The magnitudes that weights of 8 bits have: those with a sign, and those whose zero lies elsewhere.
  public static let weightLimits = [127, 255]

  /// Operands; nil where the inputs are more multiples than 8 bits number.
  public init?(input: Quantisation, largestWeight: Int) {
    guard input.fitsByte, Self.weightLimits.contains(largestWeight) else { return nil }
    self.input = input
    self.largestWeight = largestWeight
  }

  /// Weights whose channels, the first axis, are multiples of steps of their own, of all magnitudes that are allowed.
  package func randomWeights(shape: TensorShape, magnitude: Float, from random: inout RandomSource) -> Tensor {
    var weights = random.tensor(shape: shape, magnitude: magnitude)
    let depth = max(shape.elementCount / max(shape[0], 1), 1)
    let limit = Float(largestWeight)
    weights.withMutableElements { elements in
      for index in elements.indices {
        // Steps that differ from channel to channel, and the largest weight in each.
        let step = magnitude / limit * (1 + Float(index / depth % 7) / 8)
        let multiple = index % depth == 0 ? limit : (elements[index] / step).rounded()
        elements[index] = multiple * step
      }
    }
    return weights
  }
}

extension IntegerOperands: CustomStringConvertible {
  /// The text of keys: `127:quantized:0.05:-128.0:127.0`
  public var description: String { "\(largestWeight):\(input.activation)" }

  /// Reads the text back; nil when it is none.
  public init?(parsing text: String) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, let largest = Int(parts[0]), let activation = Activation(parsing: String(parts[1])),
      let input = Quantisation(activation)
    else { return nil }
    self.init(input: input, largestWeight: largest)
  }
}

extension ProblemKey {
  /// The field that says that a product is one of whole numbers; nil where there is none.
  ///
  /// - Throws: ``ProblemError/malformedField(key:name:value:)`` when it cannot be read.
  func integerOperands() throws(ProblemError) -> IntegerOperands? {
    guard let field = fields.first(where: { $0.name == IntegerOperands.field }) else { return nil }
    guard let operands = IntegerOperands(parsing: field.value) else {
      throw .malformedField(key: description, name: field.name, value: field.value)
    }
    return operands
  }

  /// The key with a field for operands that are whole numbers, where they are.
  func with(_ operands: IntegerOperands?) -> ProblemKey {
    guard let operands else { return self }
    return adding(IntegerOperands.field, operands.description)
  }
}

extension IntegerOperands {
  /// The field's name in keys.
  public static let field = "integers"
}
