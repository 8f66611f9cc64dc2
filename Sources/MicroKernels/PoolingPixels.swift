/// Pixels with all their channels to reduce to one.
public struct PoolingPixelsArguments {
  /// The pixels' first channels.
  public var pixels: UnsafePointer<UnsafePointer<Float>>
  /// The pixels; at least one.
  public var pixelCount: Int
  /// The result's first channel.
  public var output: UnsafeMutablePointer<Float>
  /// The channels; nothing after them is touched.
  public var channels: Int
  /// What sums are multiplied with; maxima are not.
  public var factor: Float
  /// Whether the largest is looked for, not the sum.
  public var isMaximum: Bool

  /// Arguments.
  public init(
    pixels: UnsafePointer<UnsafePointer<Float>>, pixelCount: Int, output: UnsafeMutablePointer<Float>, channels: Int,
    factor: Float, isMaximum: Bool
  ) {
    self.pixels = pixels
    self.pixelCount = pixelCount
    self.output = output
    self.channels = channels
    self.factor = factor
    self.isMaximum = isMaximum
  }
}

/// Reduces pixels to one, channels along the lanes.
@inlinable @inline(__always)
public func poolPixels<L: PlaneLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: PoolingPixelsArguments.self).pointee
  if arguments.isMaximum {
    poolPixels(lanes, arguments) {
      L.largest($0, $1)
    } finish: {
      $0
    }
  } else {
    let factor = L.broadcast(arguments.factor)
    poolPixels(lanes, arguments) {
      L.sum($0, $1)
    } finish: {
      L.product($0, factor)
    }
  }
}

@inlinable @inline(__always)
func poolPixels<L: PlaneLanes>(
  _ lanes: L.Type, _ arguments: PoolingPixelsArguments, _ combine: (L.Vector, L.Vector) -> L.Vector,
  finish: (L.Vector) -> L.Vector
) {
  let width = L.Vector.scalarCount
  var channel = 0
  while channel < arguments.channels {
    let rest = arguments.channels &- channel
    if rest < width, arguments.channels >= width { channel = arguments.channels &- width }
    let isWhole = arguments.channels >= width
    var value = load(0)
    for pixel in 1..<max(arguments.pixelCount, 1) { value = combine(value, load(pixel)) }
    let target = UnsafeMutableRawPointer(arguments.output + channel)
    if isWhole { L.store(finish(value), target) } else { L.storeFirst(finish(value), target, rest) }
    channel &+= width

    func load(_ pixel: Int) -> L.Vector {
      let place = UnsafeRawPointer(arguments.pixels[pixel] + channel)
      return isWhole ? L.load(place) : L.loadFirst(place, rest)
    }
  }
}
