import Foundation
import Imaging

/// Pictures and files that the tests make for themselves.
enum Fixtures {
  /// A picture without pattern: the same for the same seed.
  static func noise(width: Int, height: Int, seed: UInt64) throws -> Picture {
    var source = SeededBytes(seed: seed)
    return try Picture(width: width, height: height, pixels: (0..<width * height * 3).map { _ in source.next() })
  }

  /// A picture as smooth as photographs are, which JPEG keeps well; no two of its corners look alike.
  static func gradient(width: Int, height: Int) throws -> Picture {
    var pixels: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        pixels.append(UInt8(255 * column / max(width - 1, 1)))
        pixels.append(UInt8(255 * row / max(height - 1, 1)))
        pixels.append(UInt8(128 + 60 * column / width - 60 * row / height))
      }
    }
    return try Picture(width: width, height: height, pixels: pixels)
  }

  /// Runs a function with a new folder that is removed afterwards.
  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("imaging-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }

  /// The shared photograph, whether it is there or not.
  static let photoPath = packageFolder.appendingPathComponent("../shared/models/fastestdet/photo.jpg").path

  /// The shared input that FastestDet's authors made of the photograph.
  static let photoInputPath =
    packageFolder
    .appendingPathComponent("../shared/models/fastestdet/test_data_set_0/input_0.pb").path

  /// Whether the shared photograph is there.
  static let hasPhoto = FileManager.default.fileExists(atPath: photoPath)

  private static let packageFolder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

/// Bytes from a seed (Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8, 2003).
struct SeededBytes {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt8 { UInt8(truncatingIfNeeded: nextWord() >> 32) }

  /// A number in 0..<limit.
  mutating func next(below limit: Int) -> Int { Int(nextWord() >> 16) % limit }

  private mutating func nextWord() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

extension Picture {
  /// The largest difference of any byte; nil if the sizes differ.
  func largestDifference(from other: Picture) -> Int? {
    guard width == other.width, height == other.height else { return nil }
    return zip(pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max()
  }
}

extension PictureColor {
  /// Whether no part is further than a tolerance from another colour's.
  func isNear(_ other: PictureColor, tolerance: Int) -> Bool {
    zip([red, green, blue], [other.red, other.green, other.blue]).allSatisfy { abs(Int($0) - Int($1)) <= tolerance }
  }
}

extension Fixtures {
  /// Where the stored picture's column and row are seen, by the table of EXIF 2.32, tag 274: the side of the picture that
  /// row 0 and column 0 stand for.
  static func source(orientation: UInt8, column: Int, row: Int, width: Int, height: Int) -> (Int, Int) {
    switch orientation {
    case 2: (width - 1 - column, row)
    case 3: (width - 1 - column, height - 1 - row)
    case 4: (column, height - 1 - row)
    case 5: (row, column)
    case 6: (row, height - 1 - column)
    case 7: (width - 1 - row, height - 1 - column)
    case 8: (width - 1 - row, column)
    default: (column, row)
    }
  }
}
