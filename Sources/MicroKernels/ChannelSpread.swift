/// Pixels whose channels are spread over lanes: each lane of a vector gets the input of its own output channel.
///
///     targets[pixel · targetStep + k · V + lane] = source[pixel · sourceStep + places[k · V + lane]]
public struct ChannelSpreadArguments {
  /// The first pixel's first channel that is read.
  public var source: UnsafePointer<Float>
  /// Elements from a pixel to the next one.
  public var sourceStep: Int
  /// The channels of a pixel that may be read.
  public var sourceCount: Int
  /// The first element to write.
  public var target: UnsafeMutablePointer<Float>
  /// For each vector of a pixel, for each lane the channel that it reads.
  public var places: UnsafePointer<Int32>
  /// The vectors of a pixel.
  public var vectorCount: Int
  /// The pixels.
  public var pixelCount: Int

  /// Arguments.
  public init(
    source: UnsafePointer<Float>, sourceStep: Int, sourceCount: Int, target: UnsafeMutablePointer<Float>,
    places: UnsafePointer<Int32>, vectorCount: Int, pixelCount: Int
  ) {
    self.source = source
    self.sourceStep = sourceStep
    self.sourceCount = sourceCount
    self.target = target
    self.places = places
    self.vectorCount = vectorCount
    self.pixelCount = pixelCount
  }
}

/// Spreads pixels: a permutation of one vector where a pixel's channels fit one, else element by element.
@inlinable @inline(__always)
public func spreadChannels<L: PlaneLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: ChannelSpreadArguments.self).pointee
  let width = L.Vector.scalarCount
  var target = UnsafeMutableRawPointer(arguments.target)
  var source = arguments.source
  let mask = L.first(min(arguments.sourceCount, width))
  for _ in 0..<arguments.pixelCount {
    if arguments.sourceCount <= width {
      let pixel = L.load(UnsafeRawPointer(source), mask)
      for k in 0..<arguments.vectorCount {
        L.store(L.permuted(pixel, arguments.places + k &* width), target + k &* L.byteCount)
      }
    } else {
      for place in 0..<arguments.vectorCount &* width {
        (target + place &* 4).storeBytes(of: source[Int(arguments.places[place])], as: Float.self)
      }
    }
    source += arguments.sourceStep
    target += arguments.vectorCount &* L.byteCount
  }
}
