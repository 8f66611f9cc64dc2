import LayerKernels

/// Weights as whole numbers from −127 to 127, times a scale for each output channel: symmetric, so that zero is exact.
public enum Int8Weights: WeightElement {
  /// `s8`
  public static var type: ElementType { .s8 }
  /// 1
  @inlinable public static var byteCount: Int { 1 }
  /// Yes: the largest weight of a channel is 127 of its scale.
  @inlinable public static var isScaled: Bool { true }

  /// A 127th of the largest weight; at least the least normal number, so that a division by it is one, and such that 127 of it are
  /// finite.
  public static func scale(forLargest largest: Float) -> Float {
    let scale = max(largest / 127, .leastNormalMagnitude)
    return (127 * scale).isFinite ? scale : scale.nextDown
  }

  /// Any finite value: what a division leaves above 127 is its rounding.
  public static func holds(_ value: Float) -> Bool { value.isFinite }

  /// Writes the nearest whole number.
  public static func store(_ value: Float, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: whole(value), as: Int8.self)
  }

  /// The nearest whole number to a finite value.
  static func whole(_ value: Float) -> Int8 { Int8(min(max(value.rounded(.toNearestOrEven), -127), 127)) }

  /// An extension of the sign and a conversion.
  @inlinable @inline(__always)
  public static func load<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) -> L.Vector { L.loadInt8(address) }

  /// The number, before its scale.
  public static func value(_ address: UnsafeRawPointer) -> Float { Float(address.load(as: Int8.self)) }
}
