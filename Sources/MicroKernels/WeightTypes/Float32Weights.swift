import LayerKernels

/// Weights as they are.
public enum Float32Weights: WeightElement {
  /// `f32`
  public static var type: ElementType { .f32 }
  /// 4
  @inlinable public static var byteCount: Int { 4 }
  /// No.
  @inlinable public static var isScaled: Bool { false }

  /// Any, NaN as well.
  public static func holds(_ value: Float) -> Bool { true }

  /// Writes the value.
  public static func store(_ value: Float, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: value, as: Float.self)
  }

  /// A plain load.
  @inlinable @inline(__always)
  public static func load<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) -> L.Vector { L.load(address) }

  /// The value.
  public static func value(_ address: UnsafeRawPointer) -> Float { address.loadUnaligned(as: Float.self) }
}
