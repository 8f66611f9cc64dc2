/// How large a picture may be. Checked before memory is taken, so that a few bytes cannot claim gigabytes.
public struct PictureLimits: Hashable, Sendable {
  /// The most bytes that an encoded picture may have.
  public let byteCount: Int

  /// The most pixels that a decoded picture may have: width × height.
  public let pixelCount: Int

  /// The most pixels that any ``Picture`` has, whatever limits its reader was given.
  public static let maximumPixelCount = 1 << 28

  /// Limits on what is read.
  ///
  /// - Parameters:
  ///   - byteCount: the most bytes of an encoded picture; 256 MiB unless told.
  ///   - pixelCount: the most pixels, 64 Mi unless told; never more than ``maximumPixelCount``.
  public init(byteCount: Int = 256 << 20, pixelCount: Int = 64 << 20) {
    self.byteCount = max(byteCount, 0)
    self.pixelCount = min(max(pixelCount, 0), Self.maximumPixelCount)
  }

  /// Checks the sizes that an encoded picture claims.
  ///
  /// - Throws: ``ImagingError/tooManyPixels(name:width:height:limit:)``.
  func check(width: Int, height: Int, name: String) throws(ImagingError) {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, count <= pixelCount else {
      throw .tooManyPixels(name: name, width: width, height: height, limit: pixelCount)
    }
  }
}
