/// Finds the steps of weights that are whole multiples of one, as those of networks of 8-bit numbers are after their conversion to
/// floats.
package enum WeightSteps {
  /// The step of which all weights are multiples of at most `largest` in magnitude; nil where there is none, 1 where all are 0.
  ///
  /// The largest weight is one of `largest` multiples of its step, so that there are no more steps to try; where several fit, the
  /// least is taken. Weights may be off by what the products and quotients of floats leave.
  package static func step(of weights: UnsafeBufferPointer<Float>, largest limit: Int) -> Float? {
    var top: Float = 0
    for weight in weights {
      guard weight.isFinite else { return nil }
      top = max(top, weight.magnitude)
    }
    if top == 0 { return 1 }
    for multiple in stride(from: limit, to: 0, by: -1) {
      let step = top / Float(multiple)
      guard step >= .leastNormalMagnitude else { continue }
      if weights.allSatisfy({ isWhole($0 / step) }) { return step }
    }
    return nil
  }

  /// How large the multiples of steps are that each channel of a filter, its first axis, is made of: the least of
  /// ``IntegerOperands/weightLimits`` that is enough; nil where a channel is not made of steps.
  package static func largestWeight(of filter: Tensor) -> Int? {
    guard filter.shape.rank > 0, filter.shape[0] > 0 else { return nil }
    let channels = filter.shape[0]
    let depth = filter.shape.elementCount / channels
    var limits = IntegerOperands.weightLimits[...]
    var moved: [Float] = []
    for channel in 0..<channels {
      while let limit = limits.first {
        let range = channel * depth..<(channel + 1) * depth
        let found = filter.withElements(in: range, movedThrough: &moved) { Self.step(of: $0, largest: limit) }
        if found != nil { break }
        limits.removeFirst()
      }
    }
    return limits.first
  }

  private static func isWhole(_ quotient: Float) -> Bool {
    (quotient - quotient.rounded(.toNearestOrEven)).magnitude <= 1e-6 * quotient.magnitude
  }
}
