import Foundation
import Imaging
import Testing

@Suite("Hostile picture files")
struct HostileFileTests {
  /// A sound file, to be spoilt.
  enum Sound: String, CaseIterable, Sendable {
    case baseline, progressive, inks, png

    func bytes() throws -> [UInt8] {
      switch self {
      case .baseline: try Fixtures.noise(width: 40, height: 24, seed: 31).encodedJPEG(quality: 70)
      case .progressive: EncodedJPEG.progressive
      case .inks: EncodedJPEG.inks
      case .png: try Fixtures.noise(width: 40, height: 24, seed: 31).encodedPNG()
      }
    }
  }

  /// Whether bytes decode; anything but a whole picture or a one-line error is an issue.
  @discardableResult
  private func decodes(_ bytes: [UInt8], limits: PictureLimits = PictureLimits(pixelCount: 1 << 20)) -> Bool {
    do throws(ImagingError) {
      let picture = try Picture(decoding: bytes, name: "hostile", limits: limits)
      #expect(picture.pixels.count == picture.width * picture.height * 3)
      #expect(picture.width * picture.height <= limits.pixelCount)
      return true
    } catch {
      #expect(error.description.contains("hostile") && !error.description.contains("\n"))
      return false
    }
  }

  @Test("A file cut short at any length is an error", arguments: Sound.allCases)
  func truncated(_ sound: Sound) throws {
    let bytes = try sound.bytes()
    #expect(decodes(bytes))
    // A PNG whose pixels are complete is complete, with its end chunk or without.
    let end = sound == .png ? bytes.count - 16 : bytes.count
    for length in 0..<end {
      #expect(!decodes(Array(bytes.prefix(length))), "\(length) of \(bytes.count) bytes")
    }
  }

  @Test("Flipped bytes give an error or a picture", arguments: Sound.allCases)
  func flipped(_ sound: Sound) throws {
    let bytes = try sound.bytes()
    var source = SeededBytes(seed: 32)
    var refusedCount = 0
    for _ in 0..<1500 {
      var spoilt = bytes
      for _ in 0...source.next(below: 4) { spoilt[source.next(below: bytes.count)] ^= source.next() | 1 }
      if !decodes(spoilt) { refusedCount += 1 }
    }
    #expect(refusedCount > 300)
  }

  @Test("Flipped bytes within a PNG's compressed data, after a right checksum, give an error or a picture")
  func flippedInside() throws {
    let rows = (0..<16).map { row in (0..<48).map { UInt8(row * 13 + $0 & 255) } }
    let file = EncodedPNG(width: 16, height: 16, bitDepth: 8, colorType: 2, rows: rows)
    let stream = EncodedPNG.stored(rows.flatMap { [0] + $0 })
    #expect(decodes(file.file(compressed: stream)))
    var source = SeededBytes(seed: 33)
    var refusedCount = 0
    for _ in 0..<1500 {
      var spoilt = stream
      for _ in 0...source.next(below: 3) { spoilt[source.next(below: stream.count)] = source.next() }
      if !decodes(file.file(compressed: spoilt)) { refusedCount += 1 }
    }
    #expect(refusedCount > 0)
    for length in 0..<stream.count - 4 {
      #expect(!decodes(file.file(compressed: Array(stream.prefix(length)))), "\(length) of \(stream.count) bytes")
    }
  }

  @Test("Flipped bytes within EXIF data give the picture, turned or not")
  func flippedExif() throws {
    let sound = EncodedJPEG.exif(orientation: 6, isBigEndian: false)
    var source = SeededBytes(seed: 34)
    for _ in 0..<500 {
      var spoilt = sound
      for _ in 0...source.next(below: 3) { spoilt[source.next(below: sound.count)] = source.next() }
      #expect(decodes(EncodedJPEG.adding(exif: spoilt, to: EncodedJPEG.progressive)))
    }
  }

  @Test(
    "A PNG that claims more pixels than the limit is refused by name, size and limit",
    arguments: [(1 << 31, 1 << 31), (0x7fff_ffff, 0x7fff_ffff), (0xffff_ffff, 1), (65_536, 65_536), (1 << 26, 2)])
  func hugePNG(width: Int, height: Int) {
    let file = EncodedPNG(width: width, height: height, bitDepth: 8, colorType: 2, rows: [[0, 0, 0]])
    #expect(
      throws: ImagingError.tooManyPixels(name: "huge", width: width, height: height, limit: 64 << 20)
    ) { try Picture(decoding: file.bytes, name: "huge") }
  }

  @Test(
    "A PNG without pixels, or wider than libpng allows, or with few bytes for its claim is malformed",
    arguments: [(0, 5), (5, 0), (0, 0), (2_000_000, 1), (8000, 8000), (1, 60_000_000)])
  func falsePNG(width: Int, height: Int) {
    let file = EncodedPNG(width: width, height: height, bitDepth: 8, colorType: 2, rows: [[1, 2, 3]])
    let error = #expect(throws: ImagingError.self) { try Picture(decoding: file.bytes, name: "false") }
    guard case .malformed("false", .png, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(
    "A bit depth or colour type that does not exist is malformed",
    arguments: [(3, 0), (16, 3), (8, 1), (0, 2), (255, 255)])
  func falseKinds(bitDepth: UInt8, colorType: UInt8) {
    let file = EncodedPNG(width: 1, height: 1, bitDepth: bitDepth, colorType: colorType, rows: [[1, 2, 3]])
    #expect(!decodes(file.bytes))
  }

  @Test("A JPEG of a few bytes that claims 65535 × 65535 pixels is refused", arguments: [Sound.baseline, .progressive])
  func hugeJPEG(_ sound: Sound) throws {
    let bytes = EncodedJPEG.setting(width: 65_535, height: 65_535, in: try sound.bytes())
    #expect(
      throws: ImagingError.tooManyPixels(name: "huge", width: 65_535, height: 65_535, limit: 64 << 20)
    ) { try Picture(decoding: bytes, name: "huge") }
  }

  @Test(
    "A JPEG of a few bytes whose claim is within the limit, or that has no pixels, is malformed",
    arguments: [Sound.baseline, .progressive], [(8000, 8000), (0, 9), (9, 0), (65_535, 1000)])
  func falseJPEG(_ sound: Sound, size: (Int, Int)) throws {
    let bytes = EncodedJPEG.setting(width: size.0, height: size.1, in: try sound.bytes())
    let error = #expect(throws: ImagingError.self) { try Picture(decoding: bytes, name: "false") }
    guard case .malformed("false", .jpeg, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("The limits are the caller's, and say what they are")
  func limits() throws {
    let picture = try Fixtures.noise(width: 40, height: 25, seed: 35)
    for bytes in [try picture.encodedPNG(), try picture.encodedJPEG()] {
      #expect(decodes(bytes, limits: PictureLimits(byteCount: bytes.count, pixelCount: 1000)))
      #expect(throws: ImagingError.tooManyPixels(name: "p", width: 40, height: 25, limit: 999)) {
        try Picture(decoding: bytes, name: "p", limits: PictureLimits(pixelCount: 999))
      }
      #expect(throws: ImagingError.tooManyBytes(name: "p", bytes: bytes.count, limit: bytes.count - 1)) {
        try Picture(decoding: bytes, name: "p", limits: PictureLimits(byteCount: bytes.count - 1))
      }
      #expect(!decodes(bytes, limits: PictureLimits(byteCount: .min, pixelCount: .min)))
    }
  }

  @Test(
    "What is neither JPEG nor PNG is called what it is",
    arguments: [
      ("", "empty"), ("GIF89a", "GIF"), ("RIFF1234WEBPVP8 ", "WebP"), ("BM666666", "BMP"), ("II*\0", "TIFF"),
      ("\0\0\0\u{18}ftypheic", "HEIF"), ("hello", "68 65 6c 6c 6f"), ("%PDF-1.7", "25 50 44 46"), ("\u{7f}", "7f"),
    ])
  func otherFormats(content: String, word: String) {
    let error = #expect(throws: ImagingError.self) { try Picture(decoding: Array(content.utf8), name: "other") }
    guard case .unknownFormat("other", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains(word) == true)
  }

  @Test("Bytes without meaning after a right beginning are malformed", arguments: 0..<40)
  func randomBytes(seed: Int) {
    var source = SeededBytes(seed: UInt64(seed))
    let beginning: [UInt8] =
      seed % 2 == 0 ? [0xff, 0xd8, 0xff] : [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    #expect(!decodes(beginning + (0..<seed * 20).map { _ in source.next() }))
  }

  @Test("A path that is no readable file is an error that names it")
  func unreadablePaths() throws {
    try Fixtures.withFolder { folder in
      mkfifo("\(folder)/pipe", 0o666)
      for path in ["\(folder)/none.png", folder, "\(folder)/pipe", "/dev/null", "", "\(folder)/pipe/a.png"] {
        let error = #expect(throws: ImagingError.self) { try Picture(contentsOf: path) }
        guard case .unreadable(path, let reason) = error else {
          Issue.record("\(path): \(String(describing: error))")
          continue
        }
        #expect(!reason.isEmpty)
      }
    }
  }

  @Test("A file larger than the limit is refused before it is read, and an empty one is named")
  func fileSizes() throws {
    try Fixtures.withFolder { folder in
      let (large, empty) = ("\(folder)/large.jpg", "\(folder)/empty.jpg")
      #expect(FileManager.default.createFile(atPath: large, contents: Data([0xff, 0xd8, 0xff])))
      #expect(FileManager.default.createFile(atPath: empty, contents: Data()))
      // Sparse: it takes no room on the disk.
      let size = 300 << 20
      try #require(truncate(large, off_t(size)) == 0)
      #expect(throws: ImagingError.tooManyBytes(name: large, bytes: size, limit: 256 << 20)) {
        try Picture(contentsOf: large)
      }
      // On several threads, as servers read uploads; Thread Sanitizer looks at them.
      DispatchQueue.concurrentPerform(iterations: 8) { _ in
        #expect(throws: ImagingError.unknownFormat(name: empty, guess: "it is empty")) {
          try Picture(contentsOf: empty)
        }
      }
    }
  }

  @Test(
    "The shared photograph cut short is an error",
    .enabled(if: Fixtures.hasPhoto, "skipped: ../shared has no photograph"))
  func truncatedPhoto() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixtures.photoPath)))
    #expect(decodes(bytes))
    for length in stride(from: 0, to: bytes.count, by: 1999) { #expect(!decodes(Array(bytes.prefix(length)))) }
  }
}
