extension Picture {
  /// Reads a JPEG or PNG file, recognised by its first bytes.
  ///
  /// JPEG: baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK. PNG: every colour type and bit depth; what is
  /// transparent is laid on white. Both are turned as their EXIF orientation says.
  ///
  /// - Throws: ``ImagingError``; a file that is cut short or damaged is an error, never a picture that is partly grey.
  public init(contentsOf path: String, limits: PictureLimits = PictureLimits()) throws(ImagingError) {
    let bytes = try PictureFile.read(path, limit: limits.byteCount)
    try self.init(decoding: bytes, name: path, limits: limits)
  }

  /// Decodes the bytes of a JPEG or PNG file.
  ///
  /// - Parameter name: what errors call the picture.
  /// - Throws: ``ImagingError``, as ``init(contentsOf:limits:)``.
  public init(
    decoding bytes: [UInt8], name: String, limits: PictureLimits = PictureLimits()
  ) throws(ImagingError) {
    guard bytes.count <= limits.byteCount else {
      throw .tooManyBytes(name: name, bytes: bytes.count, limit: limits.byteCount)
    }
    switch PictureFormat(recognizing: bytes) {
    case .jpeg: self = try JPEGDecoder(name: name).decode(bytes, limits: limits)
    case .png: self = try PNGDecoder(name: name).decode(bytes, limits: limits)
    case nil: throw .unknownFormat(name: name, guess: PictureFormat.guess(bytes))
    }
  }
}

extension [UInt8] {
  /// Turns pixels of four bytes into pixels of three, in place: a second copy of a large picture would cost its memory again.
  ///
  /// - Parameter convert: the three bytes of a pixel with the given four.
  mutating func compactPixels(_ convert: (SIMD4<UInt8>) -> (UInt8, UInt8, UInt8)) {
    let pixelCount = count / 4
    for pixel in 0..<pixelCount {
      let (from, to) = (pixel * 4, pixel * 3)
      (self[to], self[to + 1], self[to + 2]) = convert(
        SIMD4(self[from], self[from + 1], self[from + 2], self[from + 3]))
    }
    removeSubrange((pixelCount * 3)...)
  }
}

/// `a` · `b` / 255, rounded, for numbers that mean 0...1.
func scaledProduct(_ a: UInt8, _ b: UInt8) -> UInt8 {
  UInt8(truncatingIfNeeded: (UInt32(a) * UInt32(b) + 127) / 255)
}
