import LayerKernels
import TensorOperators

/// What real numbers whole ones stand for: scale · (number − zero point).
public struct Quantization: Hashable, Sendable {
  /// The distance between the real numbers of neighbouring whole ones.
  public let scale: Float
  /// The whole number that stands for 0.
  public let zeroPoint: Int

  /// A scale and a zero point.
  public init(scale: Float, zeroPoint: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The whole numbers that stand for real ones, the nearest that the type has; the least one for a NaN.
  func wholeNumbers(of tensor: Tensor, as type: ElementType) -> TypedTensor {
    let bounds = type.integerBounds ?? 0...0
    let numbers = tensor.withElements { $0.map { Double($0 / scale).quantized(zeroPoint, bounds) } }
    // The numbers are as many as the shape has.
    return (try? TypedTensor(type, shape: tensor.shape, integers: numbers)) ?? TypedTensor(type, shape: tensor.shape)
  }
}
