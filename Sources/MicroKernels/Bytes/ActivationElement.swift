/// How a number of an activation lies in memory: what a tile that computes in floats loads and stores.
///
/// A tile that is generic over it has a copy for floats and one for bytes, as one that is generic over ``Lanes`` has a copy for each
/// instruction set.
public protocol ActivationElement: SendableMetatype {
  /// The bytes of a number.
  static var byteCount: Int { get }

  /// A vector's worth of numbers; `centre` is what stands for 0.
  static func load<L: StagingLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer, centre: L.Vector) -> L.Vector

  /// Writes a vector's worth of numbers; `offset` is that of what stands for 0, by ``StepRounding``.
  static func store<L: StagingLanes>(
    _ lanes: L.Type, _ vector: L.Vector, _ address: UnsafeMutableRawPointer, offset: Int32)
}

/// Floats as they are.
public enum FloatElement: ActivationElement {
  /// 4
  @inlinable public static var byteCount: Int { 4 }

  /// A plain load.
  @inlinable @inline(__always)
  public static func load<L: StagingLanes>(
    _ lanes: L.Type, _ address: UnsafeRawPointer, centre: L.Vector
  ) -> L.Vector { L.load(address) }

  /// A plain store.
  @inlinable @inline(__always)
  public static func store<L: StagingLanes>(
    _ lanes: L.Type, _ vector: L.Vector, _ address: UnsafeMutableRawPointer, offset: Int32
  ) { L.store(vector, address) }
}

/// Bytes: which of its multiples of a step a number is, counted from a zero point.
public enum ByteElement: ActivationElement {
  /// 1
  @inlinable public static var byteCount: Int { 1 }

  /// How many steps the numbers are from 0.
  @inlinable @inline(__always)
  public static func load<L: StagingLanes>(
    _ lanes: L.Type, _ address: UnsafeRawPointer, centre: L.Vector
  ) -> L.Vector { L.difference(L.loadUInt8(address), centre) }

  /// The nearest number of steps, ties to even; it has to fit.
  @inlinable @inline(__always)
  public static func store<L: StagingLanes>(
    _ lanes: L.Type, _ vector: L.Vector, _ address: UnsafeMutableRawPointer, offset: Int32
  ) { L.storeSteps(L.sum(vector, L.broadcast(StepRounding.shift)), offset: offset, address) }
}
