/// A picture of 8-bit sRGB pixels.
///
/// A picture that exists has passed its checks: both sides are at least 1, there are at most
/// ``PictureLimits/maximumPixelCount`` pixels, and three bytes for each, so later index arithmetic cannot overflow.
public struct Picture: Hashable, Sendable {
  /// The number of columns.
  public let width: Int

  /// The number of rows.
  public let height: Int

  /// Red, green, blue of each pixel, from left to right, row by row from the top: `[height, width, 3]`.
  public internal(set) var pixels: [UInt8]

  /// The bytes of a pixel.
  static let channelCount = 3

  /// A picture of given pixels.
  ///
  /// - Parameter pixels: red, green, blue of each pixel, row by row: `[height, width, 3]`.
  /// - Throws: ``ImagingError/invalidSize(width:height:limit:)``, ``ImagingError/byteCount(width:height:found:)``.
  public init(width: Int, height: Int, pixels: [UInt8]) throws(ImagingError) {
    let count = try Self.checkedPixelCount(width: width, height: height)
    guard pixels.count == count * Self.channelCount else {
      throw .byteCount(width: width, height: height, found: pixels.count)
    }
    self.init(checkedWidth: width, checkedHeight: height, pixels: pixels)
  }

  /// A picture of one colour.
  ///
  /// - Throws: ``ImagingError/invalidSize(width:height:limit:)``.
  public init(width: Int, height: Int, color: PictureColor) throws(ImagingError) {
    let count = try Self.checkedPixelCount(width: width, height: height)
    self.init(
      checkedWidth: width, checkedHeight: height,
      pixels: [UInt8](repeating: 0, count: count * Self.channelCount))
    fill(columns: 0..<width, rows: 0..<height, color: color)
  }

  /// A picture whose size and bytes have passed the checks.
  init(checkedWidth width: Int, checkedHeight height: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The colour of a pixel; nil outside the picture.
  public func color(column: Int, row: Int) -> PictureColor? {
    guard (0..<width).contains(column), (0..<height).contains(row) else { return nil }
    let offset = (row * width + column) * Self.channelCount
    return PictureColor(red: pixels[offset], green: pixels[offset + 1], blue: pixels[offset + 2])
  }

  /// The part of the picture in the given columns and rows.
  ///
  /// - Throws: ``ImagingError/outside(part:width:height:)`` when the part is empty or reaches beyond the picture.
  public func cropped(columns: Range<Int>, rows: Range<Int>) throws(ImagingError) -> Picture {
    let isInside =
      columns.lowerBound >= 0 && columns.upperBound <= width && rows.lowerBound >= 0 && rows.upperBound <= height
    guard isInside, !columns.isEmpty, !rows.isEmpty else {
      throw .outside(part: "the part of columns \(columns) and rows \(rows)", width: width, height: height)
    }
    var part: [UInt8] = []
    part.reserveCapacity(columns.count * rows.count * Self.channelCount)
    for row in rows {
      let start = (row * width + columns.lowerBound) * Self.channelCount
      part += pixels[start..<start + columns.count * Self.channelCount]
    }
    return Picture(checkedWidth: columns.count, checkedHeight: rows.count, pixels: part)
  }

  /// The middle of the picture.
  ///
  /// Where it cannot lie exactly in the middle, the offset is rounded half to even, as torchvision's `center_crop` does.
  ///
  /// - Throws: ``ImagingError/outside(part:width:height:)`` when the picture is smaller than that.
  public func centerCropped(width: Int, height: Int) throws(ImagingError) -> Picture {
    guard (1...self.width).contains(width), (1...self.height).contains(height) else {
      throw .outside(part: "a middle of \(width) × \(height) pixels", width: self.width, height: self.height)
    }
    return try cropped(
      columns: Self.middle(of: self.width, count: width), rows: Self.middle(of: self.height, count: height))
  }

  /// The middle `count` of `whole` rows or columns; `count` is at most `whole`.
  static func middle(of whole: Int, count: Int) -> Range<Int> {
    let start = Int((Double(whole - count) / 2).rounded(.toNearestOrEven))
    return start..<start + count
  }

  /// The number of pixels of a picture, once its sides have been checked.
  ///
  /// - Throws: ``ImagingError/invalidSize(width:height:limit:)``.
  static func checkedPixelCount(width: Int, height: Int) throws(ImagingError) -> Int {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, count <= PictureLimits.maximumPixelCount else {
      throw .invalidSize(width: width, height: height, limit: PictureLimits.maximumPixelCount)
    }
    return count
  }
}
