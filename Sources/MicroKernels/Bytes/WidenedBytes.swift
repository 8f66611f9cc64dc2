/// Bytes to write as the numbers that they stand for.
public struct WideningArguments {
  /// The first byte.
  public var source: UnsafePointer<UInt8>
  /// The bytes, side by side.
  public var count: Int
  /// Where the first number goes.
  public var target: UnsafeMutablePointer<Float>
  /// What a step is worth.
  public var step: Float
  /// The byte that stands for 0.
  public var zeroPoint: Float

  /// Arguments.
  public init(
    source: UnsafePointer<UInt8>, count: Int, target: UnsafeMutablePointer<Float>, step: Float, zeroPoint: Float
  ) {
    self.source = source
    self.count = count
    self.target = target
    self.step = step
    self.zeroPoint = zeroPoint
  }
}

/// `target[i] = step · (source[i] − zeroPoint)`
@inlinable @inline(__always)
public func widenBytes<L: StagingLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: WideningArguments.self).pointee
  let (step, centre) = (L.broadcast(arguments.step), L.broadcast(arguments.zeroPoint))
  let source = UnsafeRawPointer(arguments.source)
  let width = L.Vector.scalarCount
  var index = 0
  while index &+ width <= arguments.count {
    let steps = ByteElement.load(lanes, source + index, centre: centre)
    L.store(L.product(steps, step), UnsafeMutableRawPointer(arguments.target + index))
    index &+= width
  }
  while index < arguments.count {
    arguments.target[index] = (Float(arguments.source[index]) - arguments.zeroPoint) * arguments.step
    index &+= 1
  }
}
