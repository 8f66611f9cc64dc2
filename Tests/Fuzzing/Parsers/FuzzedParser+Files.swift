import Imaging
import TuningDatabase

extension FuzzedParser {
  /// A tuning database, as `tune` reads it; what is read can be written and read again.
  static let database = FuzzedParser(name: "database", structure: .text(words: JSONWords.all), seeds: { [] }) {
    try databaseFate($0, .everything)
  }

  /// A database of which only one network's profiles or the conversions are read, as a deployment does.
  static let profiles = FuzzedParser(name: "profiles", structure: .text(words: JSONWords.all), seeds: { [] }) {
    let fates = [
      try databaseFate($0, .network(fingerprint: "00000000000000f1")), try databaseFate($0, .conversions),
    ]
    return fates.joined(separator: "; ")
  }

  private static func databaseFate(_ bytes: [UInt8], _ scope: ReadingScope) throws -> String {
    let database: PlatformDatabase
    do throws(TuningDatabaseError) {
      database = try PlatformDatabase(decoding: bytes, path: "fuzzed.json", scope: scope)
    } catch {
      return try BrokenPromise.checkedFate(error)
    }
    let written = try database.encoded()
    guard try PlatformDatabase(decoding: written, path: "again.json") == database else {
      throw BrokenPromise("a database that was written and read again is another")
    }
    let profiles = database.profiles.map { "\($0.layers.count)" }.joined(separator: ",")
    return "a database of \(database.entries.count) entries and profiles of \(profiles) layers"
  }

  /// A JPEG file, under the default limits.
  static let jpeg = FuzzedParser(name: "jpeg", structure: .bytes, seeds: { try pictures { try $0.encodedJPEG() } }) {
    try pictureFate($0)
  }

  /// A PNG file, under the default limits.
  static let png = FuzzedParser(name: "png", structure: .chunks, seeds: { try pictures { try $0.encodedPNG() } }) {
    try pictureFate($0)
  }

  private static func pictureFate(_ bytes: [UInt8]) throws -> String {
    let picture: Picture
    do throws(ImagingError) { picture = try Picture(decoding: bytes, name: "fuzzed") } catch {
      return try BrokenPromise.checkedFate(error)
    }
    guard picture.pixels.count == picture.width * picture.height * 3 else {
      throw BrokenPromise("a picture of \(picture.width)x\(picture.height) has \(picture.pixels.count) bytes")
    }
    return "a picture of \(picture.width.bitWidth - picture.width.leadingZeroBitCount) bits' width"
  }

  private static func pictures(_ encode: (Picture) throws -> [UInt8]) throws -> [[UInt8]] {
    try [(1, 1), (17, 9), (32, 16)].map { width, height in
      let pixels = (0..<(width * height * 3)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      return try encode(Picture(width: width, height: height, pixels: pixels))
    }
  }
}

/// Words that JSON and its readers take for something.
enum JSONWords {
  static let all = [
    "{", "}", "[", "]", ",", ":", "\"", "{}", "[]", "null", "true", "false", "0", "-0", "-1", "1e308", "1e999",
    "-1e-999",
    "0.1", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551616", "1e18", "\\u0000", "\\ud800", "\\ud83d\\ude00", "\\\\", "\\\"", "\u{fffd}", "1x1x1", "0x0",
    "\"schemaVersion\": 1", "\"entries\": []", "\"profiles\": []", "\"problem\": \"\"", "\"threads\": 0",
    "\"samples\": [0]", "\"median\": 0", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "NaN",
  ]
}
