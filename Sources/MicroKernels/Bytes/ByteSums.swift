/// Two activations of bytes to add, the sum to be rounded to steps of its own.
public struct ByteSumArguments {
  /// One summand's first byte.
  public var left: UnsafePointer<UInt8>
  /// The other's.
  public var right: UnsafePointer<UInt8>
  /// The sum's.
  public var target: UnsafeMutablePointer<UInt8>
  /// The bytes of each, side by side.
  public var count: Int
  /// The byte of the left summand that stands for 0.
  public var leftZero: Float
  /// That of the right one.
  public var rightZero: Float
  /// That of the sum.
  public var zero: Float
  /// How many of the sum's steps one of the left summand's is.
  public var leftFactor: Float
  /// How many one of the right one's is.
  public var rightFactor: Float
  /// The fewest steps that the sum may be.
  public var lower: Float
  /// The most.
  public var upper: Float

  /// Arguments.
  public init(
    left: UnsafePointer<UInt8>, right: UnsafePointer<UInt8>, target: UnsafeMutablePointer<UInt8>, count: Int,
    leftZero: Float, rightZero: Float, zero: Float, leftFactor: Float, rightFactor: Float, lower: Float, upper: Float
  ) {
    self.left = left
    self.right = right
    self.target = target
    self.count = count
    self.leftZero = leftZero
    self.rightZero = rightZero
    self.zero = zero
    self.leftFactor = leftFactor
    self.rightFactor = rightFactor
    self.lower = lower
    self.upper = upper
  }
}

/// `target[i] = zero + round(clamp((left[i] − leftZero) · leftFactor + (right[i] − rightZero) · rightFactor))`
@inlinable @inline(__always)
public func sumBytes<L: StagingLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: ByteSumArguments.self).pointee
  let (leftZero, rightZero) = (L.broadcast(arguments.leftZero), L.broadcast(arguments.rightZero))
  let (leftFactor, rightFactor) = (L.broadcast(arguments.leftFactor), L.broadcast(arguments.rightFactor))
  let (lower, upper) = (L.broadcast(arguments.lower), L.broadcast(arguments.upper))
  let offset = StepRounding.offset(zeroPoint: arguments.zero)
  func add(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    var steps = L.product(ByteElement.load(lanes, left, centre: leftZero), leftFactor)
    L.multiplyAdd(&steps, ByteElement.load(lanes, right, centre: rightZero), rightFactor)
    ByteElement.store(lanes, L.clamp(steps, lower, upper), target, offset: offset)
  }
  let width = L.Vector.scalarCount
  let (left, right) = (UnsafeRawPointer(arguments.left), UnsafeRawPointer(arguments.right))
  let target = UnsafeMutableRawPointer(arguments.target)
  var index = 0
  while index &+ width <= arguments.count {
    add(left + index, right + index, target + index)
    index &+= width
  }
  if index < arguments.count {
    // Fewer bytes than a vector has numbers, by way of a vector's memory.
    let rest = arguments.count &- index
    var memory = InlineArray<3, L.Vector> { _ in L.broadcast(0) }
    withUnsafeMutableBytes(of: &memory) { bytes in
      guard let start = bytes.baseAddress else { return }
      start.copyMemory(from: left + index, byteCount: rest)
      (start + L.byteCount).copyMemory(from: right + index, byteCount: rest)
      add(start, start + L.byteCount, start + 2 &* L.byteCount)
      (target + index).copyMemory(from: start + 2 &* L.byteCount, byteCount: rest)
    }
  }
}
