import LayerKernels

/// Weights as the upper halves of floats: 8 bits of precision and the whole range.
public enum BFloat16Weights: WeightElement {
  /// `bf16`
  public static var type: ElementType { .bf16 }
  /// 2
  @inlinable public static var byteCount: Int { 2 }
  /// No.
  @inlinable public static var isScaled: Bool { false }

  /// Whether the value is finite and does not round up to infinity.
  public static func holds(_ value: Float) -> Bool { Float(BFloat16(value)).isFinite }

  /// Writes the upper half of the value, rounded.
  public static func store(_ value: Float, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: BFloat16(value).bitPattern, as: UInt16.self)
  }

  /// A shift to the upper half of each lane.
  @inlinable @inline(__always)
  public static func load<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) -> L.Vector {
    L.loadBFloat16(address)
  }

  /// The value.
  public static func value(_ address: UnsafeRawPointer) -> Float {
    Float(BFloat16(bitPattern: address.loadUnaligned(as: UInt16.self)))
  }
}
