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
  if arguments.count <= 4 && arguments.targetStride == (arguments.count &* byteCount &+ 3) / 4 &* 4 {
    return stageFewBytes(byteCount: byteCount, arguments)
  }
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

/// The same for rows of a word or two, as the pixels of three channels are: each row is put together in a register.
@inlinable @inline(__always)
func stageFewBytes(byteCount: Int, _ arguments: ByteStagingArguments) {
  let (count, isWide) = (arguments.count, arguments.targetStride == 8)
  var (source, target) = (arguments.source, arguments.target)
  for _ in 0..<arguments.rows {
    var row = UInt64(source[0])
    if count > 1 { row |= UInt64(source[1]) << UInt64(8 &* byteCount) }
    if count > 2 { row |= UInt64(source[2]) << UInt64(16 &* byteCount) }
    if count > 3 { row |= UInt64(source[3]) << UInt64(24 &* byteCount) }
    if isWide {
      target.storeBytes(of: row, as: UInt64.self)
    } else {
      target.storeBytes(of: UInt32(truncatingIfNeeded: row), as: UInt32.self)
    }
    source += arguments.sourceStride
    target += arguments.targetStride
  }
}
