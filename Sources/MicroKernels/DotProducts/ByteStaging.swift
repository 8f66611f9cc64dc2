/// Bytes to lay out as a product's inputs.
public struct ByteStagingArguments {
  /// The first byte.
  public var source: UnsafePointer<UInt8>
  /// The bytes of a row, side by side.
  public var count: Int
  /// The rows.
  public var rows: Int
  /// Bytes from a row to the next.
  public var sourceStride: Int
  /// Where the first row goes.
  public var target: UnsafeMutableRawPointer
  /// Bytes from a row to the next; what is left after a row's elements becomes zeros.
  public var targetStride: Int

  /// Arguments.
  public init(
    source: UnsafePointer<UInt8>, count: Int, rows: Int = 1, sourceStride: Int = 0, target: UnsafeMutableRawPointer,
    targetStride: Int
  ) {
    self.source = source
    self.count = count
    self.rows = rows
    self.sourceStride = sourceStride
    self.target = target
    self.targetStride = targetStride
  }
}

/// Copies bytes, or widens them to 16 bits each.
@inlinable @inline(__always)
public func stageBytes(byteCount: Int, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: ByteStagingArguments.self).pointee
  for row in 0..<arguments.rows {
    let source = arguments.source + row &* arguments.sourceStride
    let target = arguments.target + row &* arguments.targetStride
    if byteCount == 1 {
      target.copyMemory(from: source, byteCount: arguments.count)
    } else {
      var index = 0
      while index &+ 16 <= arguments.count {
        let bytes = UnsafeRawPointer(source + index).loadUnaligned(as: SIMD16<UInt8>.self)
        (target + 2 &* index).storeBytes(of: SIMD16<UInt16>(truncatingIfNeeded: bytes), as: SIMD16<UInt16>.self)
        index &+= 16
      }
      while index < arguments.count {
        target.storeBytes(of: UInt16(source[index]), toByteOffset: 2 &* index, as: UInt16.self)
        index &+= 1
      }
    }
    var place = arguments.count &* byteCount
    while place < arguments.targetStride {
      target.storeBytes(of: 0, toByteOffset: place, as: UInt8.self)
      place &+= 1
    }
  }
}
