import LayerKernels

/// Weights of half precision: 11 bits of precision, up to 65504, below 6·10⁻⁵ fewer bits.
public enum Float16Weights: WeightElement {
  /// `f16`
  public static var type: ElementType { .f16 }
  /// 2
  @inlinable public static var byteCount: Int { 2 }
  /// No.
  @inlinable public static var isScaled: Bool { false }

  /// Whether the value is finite and does not round up to infinity.
  public static func holds(_ value: Float) -> Bool { Float16(value).isFinite }

  /// Writes the value, rounded.
  public static func store(_ value: Float, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: Float16(value), as: Float16.self)
  }

  /// The instruction set's conversion.
  @inlinable @inline(__always)
  public static func load<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) -> L.Vector {
    L.loadFloat16(address)
  }

  /// The value.
  public static func value(_ address: UnsafeRawPointer) -> Float { Float(address.loadUnaligned(as: Float16.self)) }
}
