import CPNG
import CTurboJPEG

extension Picture {
  /// The picture as a PNG file, without loss.
  ///
  /// - Throws: ``ImagingError/notEncodable(format:reason:)``.
  public func encodedPNG() throws(ImagingError) -> [UInt8] {
    let plainSize = (width * Self.channelCount + 1) * height
    // What cannot be compressed grows by a chunk's frame every 8 KiB. libpng says how much it needs if this is too little.
    var size = plainSize + plainSize / 256 + 4096
    for _ in 0..<2 {
      var image = png_image()
      image.version = UInt32(PNG_IMAGE_VERSION)
      image.width = UInt32(width)
      image.height = UInt32(height)
      image.format = UInt32(PNG_FORMAT_RGB)
      defer { png_image_free(&image) }
      let capacity = size
      var isComplete = false
      let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initializedCount in
        isComplete = png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, pixels, 0, nil) != 0
        initializedCount = isComplete ? size : 0
      }
      if isComplete { return bytes }
      guard size > capacity else { throw .notEncodable(format: .png, reason: image.text) }
    }
    throw .notEncodable(format: .png, reason: "libpng needs more memory than it said")
  }

  /// The picture as a baseline JPEG file with full chroma resolution, so that drawn lines stay sharp.
  ///
  /// - Parameter quality: 1...100.
  /// - Throws: ``ImagingError/invalidQuality(_:)``; ``ImagingError/notEncodable(format:reason:)``, above all for a side of
  ///   more than 65,500 pixels.
  public func encodedJPEG(quality: Int = 90) throws(ImagingError) -> [UInt8] {
    guard (1...100).contains(quality) else { throw .invalidQuality(quality) }
    let limit = 65_500
    guard width <= limit, height <= limit else {
      throw .notEncodable(format: .jpeg, reason: "\(width) × \(height) pixels; a side has at most \(limit)")
    }
    guard let handle = tjInitCompress() else {
      throw .notEncodable(format: .jpeg, reason: "libjpeg-turbo cannot start")
    }
    defer { tjDestroy(handle) }
    var start: UnsafeMutablePointer<UInt8>?
    defer { tjFree(start) }
    var size: UInt = 0
    let status = tjCompress2(
      handle, pixels, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), &start, &size,
      Int32(TJSAMP_444.rawValue), Int32(quality), TJFLAG_ACCURATEDCT)
    guard status == 0 else {
      throw .notEncodable(format: .jpeg, reason: tjGetErrorStr2(handle).map { String(cString: $0) } ?? "")
    }
    return Array(UnsafeBufferPointer(start: start, count: Int(size)))
  }

  /// Writes the picture as a PNG file, without loss, in one step: a file of that name is replaced as a whole or not at all.
  ///
  /// - Throws: ``ImagingError/unwritable(path:reason:)``, ``ImagingError/notEncodable(format:reason:)``.
  public func write(png path: String) throws(ImagingError) {
    try PictureFile.replace(path, with: encodedPNG())
  }

  /// Writes the picture as a JPEG file, in one step as ``write(png:)``.
  ///
  /// - Parameter quality: 1...100.
  /// - Throws: ``ImagingError/unwritable(path:reason:)``, and as ``encodedJPEG(quality:)``.
  public func write(jpeg path: String, quality: Int = 90) throws(ImagingError) {
    try PictureFile.replace(path, with: encodedJPEG(quality: quality))
  }
}
