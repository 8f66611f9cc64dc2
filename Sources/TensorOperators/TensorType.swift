public import LayerKernels

/// What is known of a tensor before its elements are: their type and the sizes.
public struct TensorType: Hashable, Sendable {
  /// What the elements are.
  public let type: ElementType
  /// The sizes.
  public let shape: TensorShape

  /// A tensor's type.
  public init(_ type: ElementType, _ shape: TensorShape) {
    self.type = type
    self.shape = shape
  }

  /// The type of a tensor that is there.
  public init(_ tensor: TypedTensor) { self.init(tensor.type, tensor.shape) }
}

extension TensorType: CustomStringConvertible {
  /// `f32 1x3x224x224`.
  public var description: String { "\(type) \(shape)" }
}
