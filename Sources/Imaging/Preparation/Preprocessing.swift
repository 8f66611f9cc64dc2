import LayerKernels

/// What is done to a picture before a network sees it: fitted to a size, its channels ordered, scaled and normalised.
///
/// An element is (byte · scale − mean) / standard deviation, of its channel.
public struct Preprocessing: Hashable, Sendable {
  /// How a picture of another aspect gets the network's size.
  public enum Fit: Hashable, Sendable {
    /// The whole picture; the aspect is not kept.
    case stretch
    /// The middle, of a picture that is resized, with its aspect kept, until it just covers the network's size divided by
    /// `fraction`, rounded down: with 0.875 and 224 × 224, the shorter side becomes 256. The fraction lies in 0.1...1.
    case centerCrop(fraction: Double)
  }

  /// The order of the channels.
  public enum ChannelOrder: String, Hashable, Sendable, CaseIterable {
    /// Red, green, blue.
    case rgb
    /// Blue, green, red, as OpenCV reads pictures.
    case bgr
  }

  /// How elements lie one after another.
  public enum Arrangement: String, Hashable, Sendable, CaseIterable {
    /// A plane for each channel: `[1, 3, H, W]`.
    case planar
    /// The channels of a pixel side by side: `[1, H, W, 3]`.
    case interleaved
  }

  /// The columns of the network's input.
  public let width: Int
  /// The rows of the network's input.
  public let height: Int
  /// How a picture of another aspect gets the size.
  public let fit: Fit
  /// How pixels between pixels are found.
  public let filter: ResamplingFilter
  /// The order of the channels.
  public let channelOrder: ChannelOrder
  /// What a byte is multiplied with.
  public let scale: Double
  /// What is taken away from each channel after scaling, in ``channelOrder``.
  public let mean: SIMD3<Double>
  /// What each channel is divided by, in ``channelOrder``.
  public let standardDeviation: SIMD3<Double>

  /// Describes a preprocessing.
  ///
  /// - Throws: ``ImagingError/invalidSize(width:height:limit:)``, or ``ImagingError/invalidPreprocessing(reason:)`` when a
  ///   number is not finite, a standard deviation is 0 or a fraction is not in 0.1...1.
  public init(
    width: Int, height: Int, fit: Fit = .stretch, filter: ResamplingFilter = .areaBilinear,
    channelOrder: ChannelOrder = .rgb, scale: Double = 1 / 255, mean: SIMD3<Double> = [0, 0, 0],
    standardDeviation: SIMD3<Double> = [1, 1, 1]
  ) throws(ImagingError) {
    _ = try Picture.checkedPixelCount(width: width, height: height)
    if case .centerCrop(let fraction) = fit, !(0.1...1).contains(fraction) {
      throw .invalidPreprocessing(reason: "the crop fraction \(fraction) is not in 0.1...1")
    }
    guard scale.isFinite else { throw .invalidPreprocessing(reason: "the scale \(scale) is not finite") }
    for channel in 0..<3 {
      guard mean[channel].isFinite else {
        throw .invalidPreprocessing(reason: "the mean \(mean[channel]) of channel \(channel) is not finite")
      }
      guard standardDeviation[channel].isFinite, standardDeviation[channel] != 0 else {
        throw .invalidPreprocessing(
          reason: "the standard deviation \(standardDeviation[channel]) of channel \(channel) must be finite and not 0")
      }
    }
    self.width = width
    self.height = height
    self.fit = fit
    self.filter = filter
    self.channelOrder = channelOrder
    self.scale = scale
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// What networks trained on ImageNet by torchvision's recipe expect: `Resize(256)`, `CenterCrop(224)`, `ToTensor`,
  /// `Normalize`; for other sizes in the same proportion.
  ///
  /// - Throws: ``ImagingError/invalidSize(width:height:limit:)``.
  public static func imageNet(width: Int = 224, height: Int = 224) throws(ImagingError) -> Preprocessing {
    try Preprocessing(
      width: width, height: height, fit: .centerCrop(fraction: 0.875), filter: .areaBilinear,
      mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
  }

  /// What FastestDet expects: the whole picture, blue first, from 0 to 1.
  ///
  /// Of the two linear filters the one that leaves out no pixel, since the detector's pictures are mostly shrunk.
  ///
  /// - Throws: ``ImagingError/invalidSize(width:height:limit:)``.
  public static func detector(width: Int = 352, height: Int = 352) throws(ImagingError) -> Preprocessing {
    try Preprocessing(width: width, height: height, filter: .areaBilinear, channelOrder: .bgr)
  }

  /// The picture at the network's size, still as bytes.
  public func fitted(_ picture: Picture) -> Picture {
    switch fit {
    case .stretch:
      return picture.resampled(
        width: width, height: height, columns: 0..<width, rows: 0..<height, filter: filter)
    case .centerCrop(let fraction):
      // As torchvision does it: the side that just covers is exact, the other is rounded down.
      let (leastWidth, leastHeight) = (Int(Double(width) / fraction), Int(Double(height) / fraction))
      let isNarrow = picture.width * leastHeight <= picture.height * leastWidth
      let fullWidth = isNarrow ? leastWidth : picture.width * leastHeight / picture.height
      let fullHeight = isNarrow ? picture.height * leastWidth / picture.width : leastHeight
      return picture.resampled(
        width: fullWidth, height: fullHeight, columns: Picture.middle(of: fullWidth, count: width),
        rows: Picture.middle(of: fullHeight, count: height), filter: filter)
    }
  }

  /// The network's input: 3 · height · width elements.
  public func elements(of picture: Picture, arrangement: Arrangement = .planar) -> [Float] {
    let fitted = fitted(picture)
    let values = elementsOfBytes
    let pixelCount = width * height
    var elements = [Float](repeating: 0, count: pixelCount * 3)
    for channel in 0..<3 {
      let source = channelOrder == .rgb ? channel : 2 - channel
      let (start, step) = arrangement == .planar ? (channel * pixelCount, 1) : (channel, 3)
      for pixel in 0..<pixelCount {
        elements[start + pixel * step] = values[channel * 256 + Int(fitted.pixels[pixel * 3 + source])]
      }
    }
    return elements
  }

  /// The network's input as a tensor of shape `[1, 3, H, W]`, or `[1, H, W, 3]` if interleaved.
  ///
  /// - Throws: `ShapeError` or `TensorError` when a tensor cannot have so many elements.
  public func tensor(of picture: Picture, arrangement: Arrangement = .planar) throws -> Tensor {
    let shape = try TensorShape(arrangement == .planar ? [1, 3, height, width] : [1, height, width, 3])
    return try Tensor(shape: shape, elements: elements(of: picture, arrangement: arrangement))
  }

  /// The element for each byte, 256 a channel.
  private var elementsOfBytes: [Float] {
    (0..<3 * 256).map { index in
      let channel = index / 256
      return Float((Double(index % 256) * scale - mean[channel]) / standardDeviation[channel])
    }
  }
}
