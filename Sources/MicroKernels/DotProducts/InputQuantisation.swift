public import LayerKernels

/// How inputs become whole numbers from 0 to 255: `x ≈ scale · (number − zeroPoint)`, with 0 exact, so that padding is.
public struct InputQuantisation: Hashable, Sendable {
  /// What a step is worth; NaN where an input was not finite, which makes everything that is computed with it one.
  public let scale: Float
  /// One over the step.
  public let inverse: Float
  /// The number that stands for 0; 0 itself where no input is negative.
  public let zeroPoint: Int32

  /// Numbers that are not scaled.
  public static let none = InputQuantisation()

  private init() {
    scale = 1
    inverse = 1
    zeroPoint = 0
  }

  /// The numbering of what is whole multiples of a step already, exact where they fit a byte.
  public init(_ quantisation: Quantisation) {
    scale = quantisation.step
    inverse = 1 / quantisation.step
    zeroPoint = Int32(quantisation.zeroPoint)
  }

  /// The numbering of a range that holds 0.
  ///
  /// - Parameter range: the least, the greatest, and 0 or NaN, as ``RangeArguments/range`` has them.
  public init(range: UnsafePointer<Float>) {
    // Each divided by itself: their difference may be no float.
    let step = max(range[1] / 255 - range[0] / 255, .leastNormalMagnitude)
    inverse = 1 / step
    scale = step + range[2]
    let zero = (-range[0] * inverse).rounded(.toNearestOrEven)
    zeroPoint = zero.isFinite ? Int32(min(max(zero, 0), 255)) : 0
  }
}
