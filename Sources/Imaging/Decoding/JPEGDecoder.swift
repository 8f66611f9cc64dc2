import CTurboJPEG

/// Decodes JPEG through TurboJPEG, whose own `setjmp` stands between libjpeg's errors and Swift.
struct JPEGDecoder: ~Copyable {
  private let handle: tjhandle
  private let name: String

  /// A decoder for one picture.
  ///
  /// - Throws: ``ImagingError/malformed(name:format:reason:)`` when libjpeg-turbo cannot start.
  init(name: String) throws(ImagingError) {
    guard let handle = tjInitDecompress() else {
      throw .malformed(name: name, format: .jpeg, reason: "libjpeg-turbo cannot start")
    }
    self.handle = handle
    self.name = name
  }

  deinit { tjDestroy(handle) }

  /// The picture, upright.
  func decode(_ bytes: [UInt8], limits: PictureLimits) throws(ImagingError) -> Picture {
    let segments = JPEGSegments(bytes)
    // First, since libjpeg refuses the largest sizes in its own words.
    if let (width, height) = segments.claimedSize { try limits.check(width: width, height: height, name: name) }
    var (width, height, sampling, colors): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    // Fails for rare chroma samplings too, which decode nevertheless: what counts is whether there is a size.
    let status = tjDecompressHeader3(
      handle, bytes, UInt(bytes.count), &width, &height, &sampling, &colors)
    guard width > 0, height > 0 else { throw malformed(status: status) }
    try limits.check(width: Int(width), height: Int(height), name: name)
    let isCMYK = colors == Int32(TJCS_CMYK.rawValue) || colors == Int32(TJCS_YCCK.rawValue)
    var pixels = try decompress(
      bytes, width: width, height: height, format: isCMYK ? TJPF_CMYK : TJPF_RGB, channelCount: isCMYK ? 4 : 3)
    if isCMYK {
      let flip: UInt8 = segments.isFromAdobe ? 0 : 255
      pixels.compactPixels { ink in
        let light = ink ^ SIMD4(repeating: flip)
        return (scaledProduct(light.x, light.w), scaledProduct(light.y, light.w), scaledProduct(light.z, light.w))
      }
    }
    return Picture(checkedWidth: Int(width), checkedHeight: Int(height), pixels: pixels)
      .oriented(segments.orientation)
  }

  private func decompress(
    _ bytes: [UInt8], width: Int32, height: Int32, format: TJPF, channelCount: Int
  ) throws(ImagingError) -> [UInt8] {
    let count = Int(width) * Int(height) * channelCount
    func attempt(stoppingOnWarning: Bool) -> (pixels: [UInt8], status: Int32) {
      // More than 500 scans are no photograph, but a way to keep a processor busy.
      let flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | (stoppingOnWarning ? TJFLAG_STOPONWARNING : 0)
      var status: Int32 = -1
      let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
        // Set first, since after a damaged row libjpeg may leave the rest as it was.
        if !stoppingOnWarning { buffer.initialize(repeating: 0) }
        status = tjDecompress2(
          handle, bytes, UInt(bytes.count), buffer.baseAddress, width, 0, height, Int32(format.rawValue), flags)
        initializedCount = status == 0 || !stoppingOnWarning ? count : 0
      }
      return (pixels, status)
    }
    let strict = attempt(stoppingOnWarning: true)
    if strict.status == 0 { return strict.pixels }
    guard isHarmlessWarning else { throw malformed(status: strict.status) }
    let lenient = attempt(stoppingOnWarning: false)
    guard lenient.status == 0 || isHarmlessWarning else { throw malformed(status: lenient.status) }
    return lenient.pixels
  }

  /// Whether the first complaint was about bytes left over before the end marker, as some cameras write them.
  ///
  /// By then every pixel has been decoded. libjpeg keeps the text of the first warning, so none came before.
  private var isHarmlessWarning: Bool {
    tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) && message.hasSuffix("extraneous bytes before marker 0xd9")
  }

  /// TurboJPEG's words, without the name of its function.
  private var message: String {
    guard let text = tjGetErrorStr2(handle) else { return "" }
    let message = String(cString: text)
    guard let end = message.firstRange(of: "(): ") else { return message }
    return String(message[end.upperBound...])
  }

  private func malformed(status: Int32) -> ImagingError {
    .malformed(name: name, format: .jpeg, reason: status == 0 ? "its header has no size" : message)
  }
}
