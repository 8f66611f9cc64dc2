import CPNG

/// Decodes PNG through libpng's simplified interface, whose own `setjmp` stands between libpng's errors and Swift.
struct PNGDecoder {
  /// What errors call the picture.
  let name: String

  /// The picture, upright, on white where it is transparent.
  func decode(_ bytes: [UInt8], limits: PictureLimits) throws(ImagingError) -> Picture {
    try checkHeader(bytes, limits: limits)
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    var failure: ImagingError?
    var pixels: [UInt8] = []
    // One closure around both steps, since libpng keeps the address of the bytes in between.
    bytes.withUnsafeBytes { buffer in
      guard png_image_begin_read_from_memory(&image, buffer.baseAddress, buffer.count) != 0 else {
        failure = malformed(image)
        return
      }
      do throws(ImagingError) {
        pixels = try finish(&image, limits: limits)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return Picture(checkedWidth: Int(image.width), checkedHeight: Int(image.height), pixels: pixels)
      .oriented(PNGChunks(bytes).orientation)
  }

  /// Checks the size in the first chunk, which libpng would take memory for or refuse in its own words.
  private func checkHeader(_ bytes: [UInt8], limits: PictureLimits) throws(ImagingError) {
    guard bytes.count >= 33, bytes[12..<16].elementsEqual("IHDR".utf8) else {
      throw .malformed(name: name, format: .png, reason: "its header is cut short or missing")
    }
    let width = bytes[16..<20].reduce(0) { $0 << 8 | Int($1) }
    let height = bytes[20..<24].reduce(0) { $0 << 8 | Int($1) }
    guard width > 0, height > 0 else {
      throw .malformed(name: name, format: .png, reason: "its header has no size")
    }
    try limits.check(width: width, height: height, name: name)
  }

  private func finish(_ image: inout png_image, limits: PictureLimits) throws(ImagingError) -> [UInt8] {
    let (width, height) = (Int(image.width), Int(image.height))
    try limits.check(width: width, height: height, name: name)
    let hasAlpha = image.format & UInt32(PNG_FORMAT_FLAG_ALPHA) != 0
    image.format = UInt32(hasAlpha ? PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA : PNG_FORMAT_RGB)
    // Sixteen bits without a word on gamma are sRGB as eight bits are, not linear.
    image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    let count = width * height * (hasAlpha ? 4 : 3)
    var isComplete = false
    var pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      isComplete = png_image_finish_read(&image, nil, buffer.baseAddress, 0, nil) != 0
      initializedCount = isComplete ? count : 0
    }
    guard isComplete else { throw malformed(image) }
    if hasAlpha {
      pixels.compactPixels { color in
        let white = 255 - color.w
        return (
          scaledProduct(color.x, color.w) + white, scaledProduct(color.y, color.w) + white,
          scaledProduct(color.z, color.w) + white
        )
      }
    }
    return pixels
  }

  private func malformed(_ image: png_image) -> ImagingError {
    .malformed(name: name, format: .png, reason: image.text)
  }
}

extension png_image {
  /// libpng's words on what went wrong.
  var text: String {
    withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
