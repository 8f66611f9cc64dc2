import LayerKernels

/// The loads that an instruction set need not write itself: lane by lane.
extension Lanes {
  /// Numbers of 8 bits with sign.
  @inlinable @inline(__always)
  public static func loadInt8(_ address: UnsafeRawPointer) -> Vector {
    var lanes = Vector()
    for lane in lanes.indices { lanes[lane] = Float(address.load(fromByteOffset: lane, as: Int8.self)) }
    return lanes
  }

  /// Numbers of 8 bits without sign.
  @inlinable @inline(__always)
  public static func loadUInt8(_ address: UnsafeRawPointer) -> Vector {
    var lanes = Vector()
    for lane in lanes.indices { lanes[lane] = Float(address.load(fromByteOffset: lane, as: UInt8.self)) }
    return lanes
  }

  /// Numbers of half precision.
  @inlinable @inline(__always)
  public static func loadFloat16(_ address: UnsafeRawPointer) -> Vector {
    var lanes = Vector()
    for lane in lanes.indices { lanes[lane] = Float(address.loadUnaligned(fromByteOffset: 2 * lane, as: Float16.self)) }
    return lanes
  }

  /// Upper halves of floats.
  @inlinable @inline(__always)
  public static func loadBFloat16(_ address: UnsafeRawPointer) -> Vector {
    var lanes = Vector()
    for lane in lanes.indices {
      let upper = address.loadUnaligned(fromByteOffset: 2 * lane, as: UInt16.self)
      lanes[lane] = Float(bitPattern: UInt32(upper) << 16)
    }
    return lanes
  }
}
