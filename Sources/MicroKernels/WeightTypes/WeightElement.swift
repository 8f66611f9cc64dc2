public import LayerKernels

/// How a weight lies in memory: what a packer rounds and a tile's loads widen to floats, in which all arithmetic is.
///
/// A type is one file beside this one. Tiles are generic over it, and an instruction set has a table of tiles for each type that it
/// was compiled for.
public protocol WeightElement: SendableMetatype {
  /// The word that kernels' names use.
  static var type: ElementType { get }

  /// The bytes of one weight. A requirement beside ``type``, because a tile has to know it when it is compiled.
  static var byteCount: Int { get }

  /// Whether a weight is a number times its output channel's scale, which a tile applies to the finished sum.
  static var isScaled: Bool { get }

  /// The scale of a channel whose largest magnitude is `largest`, positive and normal; 1 for types without.
  static func scale(forLargest largest: Float) -> Float

  /// Whether the type has a finite number near a weight that is divided by its scale already.
  static func holds(_ value: Float) -> Bool

  /// Writes the number next to a value that ``holds(_:)``, ties to even.
  static func store(_ value: Float, _ address: UnsafeMutableRawPointer)

  /// A vector's worth of weights as floats.
  static func load<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) -> L.Vector

  /// One weight as a float: what ``load(_:_:)`` makes of a lane.
  static func value(_ address: UnsafeRawPointer) -> Float
}

extension WeightElement {
  /// 1
  public static func scale(forLargest largest: Float) -> Float { 1 }

  /// The bytes of a vector's worth of weights.
  @inlinable @inline(__always)
  static func vectorByteCount<L: Lanes>(_ lanes: L.Type) -> Int { L.Vector.scalarCount * byteCount }

  /// A channel's weights as the type holds them, in floats: on these a kernel that stores them so is exact.
  public static func rounded(_ weights: some Collection<Float>, ofChannel channel: Int) throws(WeightRangeError)
    -> [Float]
  {
    let scale = try scale(of: weights, channel: channel)
    return withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { place in
      guard let start = place.baseAddress else { return [] }
      return weights.map { weight in
        store(weight / scale, start)
        return value(start) * scale
      }
    }
  }

  /// A tensor whose first axis is the output channels, with each channel's weights as the type holds them.
  ///
  /// - Throws: ``WeightRangeError`` where the type has no number for one of them.
  public static func rounded(_ weights: Tensor) throws -> Tensor {
    let channels = max(weights.shape.rank > 0 ? weights.shape[0] : 1, 1)
    let depth = weights.shape.elementCount / channels
    let elements = weights.elements
    var rounded: [Float] = []
    rounded.reserveCapacity(elements.count)
    for channel in 0..<channels {
      rounded += try self.rounded(elements[channel * depth..<(channel + 1) * depth], ofChannel: channel)
    }
    return try Tensor(shape: weights.shape, elements: rounded)
  }

  /// The scale of a channel's weights.
  ///
  /// - Throws: ``WeightRangeError`` where the type has no number for one of them.
  static func scale(of weights: some Collection<Float>, channel: Int) throws(WeightRangeError) -> Float {
    var largest: Float = 0
    for weight in weights {
      guard weight.isFinite else { throw WeightRangeError(weight: weight, channel: channel, type: type) }
      largest = max(largest, weight.magnitude)
    }
    let scale = scale(forLargest: largest)
    guard holds(largest / scale) else { throw WeightRangeError(weight: largest, channel: channel, type: type) }
    return scale
  }
}

/// The types in which weights are stored in fewer bits than they are computed with.
public enum ReducedWeights {
  /// Each of them: whatever is to be done for every type goes through this list.
  public static let types: [any WeightElement.Type] = [BFloat16Weights.self, Float16Weights.self, Int8Weights.self]
}

/// A weight that a type has no number for.
public struct WeightRangeError: Error, Equatable, CustomStringConvertible {
  /// The weight, or its magnitude.
  public let weight: Float
  /// Its output channel.
  public let channel: Int
  /// The type.
  public let type: ElementType

  /// One line that names the weight and the type.
  public var description: String {
    weight.isFinite
      ? "a weight of output channel \(channel) has the magnitude \(weight), more than \(type) holds"
      : "a weight of output channel \(channel) is \(weight), and \(type) takes finite ones only"
  }
}
