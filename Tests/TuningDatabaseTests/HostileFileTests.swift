import Foundation
import Testing
import TuningDatabase

/// Files that are no databases: each gives an error that names the file and says what is wrong, and none traps.
@Suite("Hostile databases")
struct HostileFileTests {
  /// A whole text in place of the file, with a part of the error.
  static let texts: [(name: String, text: String, reason: String)] = [
    ("empty", "", "ends where a value"), ("spaces", "  \n\t ", "ends where a value"), ("null", "null", "schemaVersion"),
    ("number", "42", "schemaVersion"), ("list", "[]", "schemaVersion"), ("empty object", "{}", "schemaVersion"),
    ("no value", "hello", "is no value"), ("two values", "{} {}", "followed by more"),
    ("open object", "{\"schemaVersion\": 1", "lacks ',' or '}'"), ("open text", "{\"schema", "without an end"),
    ("no colon", "{\"schemaVersion\" 1}", "lacks ':'"),
    ("trailing comma", "{\"schemaVersion\": 1,}", "a name in quotes"),
    ("single quotes", "{'schemaVersion': 1}", "a name in quotes"), ("comment", "{ // no\n}", "a name in quotes"),
    ("NaN", "{\"schemaVersion\": NaN}", "is no value"), ("infinity", "{\"schemaVersion\": -Infinity}", "is no value"),
    ("huge exponent", "{\"schemaVersion\": 1e999}", "out of range"),
    ("long number", "{\"schemaVersion\": \(String(repeating: "9", count: 5000))}", "more than 64 characters"),
    ("leading zero", "{\"schemaVersion\": 01}", "begins with 0"),
    ("bare minus", "{\"schemaVersion\": -}", "is no value"),
    ("bare point", "{\"schemaVersion\": 1.}", "after its point"), ("plus", "{\"schemaVersion\": +1}", "is no value"),
    ("bare exponent", "{\"schemaVersion\": 1e}", "without an exponent"),
    ("name twice", "{\"schemaVersion\": 1, \"schemaVersion\": 1}", "twice"),
    ("version text", "{\"schemaVersion\": \"1\"}", "not a number"),
    ("version 0", "{\"schemaVersion\": 0}", "whole numbers"),
    ("version -1", "{\"schemaVersion\": -1}", "whole numbers"),
    ("version 1.5", "{\"schemaVersion\": 1.5}", "whole numbers"),
    ("version 1e300", "{\"schemaVersion\": 1e300}", "whole numbers"),
    ("version 2^63", "{\"schemaVersion\": 9223372036854775808}", "whole numbers"),
    ("deep lists", String(repeating: "[", count: 1_000_000), "nests deeper"),
    ("deep objects", String(repeating: "{\"a\":", count: 1_000_000), "nests deeper"),
    ("many values", "[" + String(repeating: "[],", count: 2_000_001) + "[]]", "more than 2000000 values"),
    ("long text", "\"\(String(repeating: "x", count: 2_100_000))\"", "more than 2097152 bytes"),
    ("control character", "\"a\u{1}b\"", "control character"), ("raw line feed", "\"a\nb\"", "control character"),
    ("bad escape", "\"\\x\"", "unknown escape"), ("bad \\u", "\"\\u12g4\"", "malformed \\u"),
    ("signed \\u", "\"\\u+123\"", "malformed \\u"), ("short \\u", "\"\\u12", "without an end"),
    ("half a pair", "\"\\ud800\"", "half a surrogate"), ("wrong pair", "\"\\ud800\\u0041\"", "half a surrogate"),
    ("second half", "\"\\udc00\"", "half a surrogate"),
    ("many names", "{" + (0..<100_000).map { "\"k\($0)\":0" }.joined(separator: ",") + ",\"k5\":1}", "twice"),
    ("byte order mark", "\u{feff}{}", "is no value"), ("true with a tail", "truex", "followed by more"),
    ("cut word", "tru", "is no value"),
  ]

  @Test("A text that is no database is refused with its reason and line", arguments: texts)
  func noDatabase(name: String, text: String, reason: String) throws {
    try expectMalformed(Array(text.utf8), reason: reason)
  }

  @Test("Bytes that are not UTF-8 are refused")
  func noUTF8() throws {
    try expectMalformed([0x22, 0xff, 0xfe, 0x22], reason: "not UTF-8")
    try expectMalformed([0x22, 0xc0, 0x80, 0x22], reason: "not UTF-8")
    try expectMalformed([0x22, 0xed, 0xa0, 0x80, 0x22], reason: "not UTF-8")
    try expectMalformed([0x00, 0x00, 0x00], reason: "is no value")
  }

  /// A replacement in a good file, the place that the error names, and a part of its reason.
  static let edits: [(old: String, new: String, location: String, reason: String)] = [
    ("\"threads\": 1,", "\"threads\": 0,", ".threads", "whole numbers from 1"),
    ("\"threads\": 1,", "\"threads\": 1000000,", ".threads", "to 65536"),
    ("\"threads\": 1,", "\"threads\": 1.5,", ".threads", "whole numbers"),
    ("\"threads\": 1,", "\"threads\": 1e40,", ".threads", "whole numbers"),
    ("\"threads\": 1,", "\"threads\": null,", ".threads", "is null"),
    ("\"threads\": 1,", "\"thread\": 1,", "profiles[0]", "lacks 'threads'"),
    ("\"threads\": 1,", "\"threads\": 1, \"colour\": 2,", ".colour", "does not know"),
    ("\"won\"", "\"victorious\"", ".verdict", "known are won, tied"),
    ("\"won\"", "\"crashed\"", ".verdict", "has a time"),
    ("\"does-not-apply\"", "\"lost\"", ".verdict", "lacks its time"),
    ("\"lost\"", "\"won\"", ".candidates", "more than one winner"),
    ("\"inexact\"", "\"won\"", ".verdict", "approximate"),
    ("\"kernel\": \"direct.pixels\"", "\"kernel\": \"../../etc/passwd\"", ".kernel", "no kernel's name"),
    ("\"kernel\": \"direct.pixels\"", "\"kernel\": \"\"", ".kernel", "no kernel's name"),
    ("\"configuration\": {\"tile\": 14}", "\"configuration\": {\"tile\": 1e20}", "configuration.tile", "whole numbers"),
    ("\"configuration\": {\"tile\": 14}", "\"configuration\": {\"tile\": \"x\"}", "configuration.tile", "is a text"),
    (
      "\"configuration\": {\"tile\": 14}", "\"configuration\": {\"tile\": 6}", ".candidates",
      "twice with one configuration"
    ),
    ("\"version\": 2", "\"version\": -2", ".version", "whole numbers from 0"),
    (
      "\"version\": 2,\n          \"configuration\": {\"tile\": 14}",
      "\"version\": 3,\n          \"configuration\": {\"tile\": 14}", ".candidates", "two versions"
    ),
    ("\"planeList\"", "\"spiral\"", ".inputs[0]", "known layouts"),
    ("\"medianNanoseconds\": ", "\"medianNanoseconds\": -", ".medianNanoseconds", "below 0"),
    ("\"medianNanoseconds\": ", "\"medianNanoseconds\": 9000000000000", ".medianNanoseconds", "longer than any run"),
    ("\"sampleCount\": ", "\"sampleCount\": 0.", ".sampleCount", "whole numbers"),
    ("\"samples\": [", "\"samples\": [-1, ", ".samples[0]", "below 0"),
    ("\"samples\": [", "\"samples\": [\"x\", ", ".samples[0]", "is a text"),
    ("\"samples\": [", "\"samples\": [" + String(repeating: "1,", count: 60), ".samples", "at most 48"),
    ("\"measured\": \"2026", "\"measured\": \"1826", ".measured", "not a moment"),
    ("\"library\": \"\(LibraryVersion.current)\"", "\"library\": \"0.1\"", ".library", "not a version"),
    ("\"effort\": \"normal\"", "\"effort\": \"insane\"", ".effort", "known are quick"),
    ("\"digest\": \"", "\"digest\": \"%", ".digest", "no digest"),
    ("\"problem\": \"convolution n=1", "\"problem\": \"convolution  n=1", ".problem", "spaces"),
    ("\"problem\": \"convolution n=1", "\"problem\": \"n=1", ".problem", "no problem key"),
    ("\"problem\": \"convolution n=1", "\"problem\": \"convolution n=1 n=1", ".problem", "no problem key"),
    ("groups=1 ", "groups=1 groups=1 ", ".problem", "no problem key"),
    ("\"platform\": {", "\"platform\": 7, \"was\": {", "platform", "not an object"),
    ("\"family\": 26", "\"family\": \"x\"", "platform.family", "no platform's fingerprint"),
    ("\"family\": 26", "\"family\": 1e30", "platform", "no platform's fingerprint"),
    ("\"vendor\": \"amd\"", "\"seller\": \"amd\"", "platform", "lacks 'vendor'"),
    ("[1, 3, 224, 224]", "[1, 3, 2000000000, 224]", "inputShapes[0]", "is no shape"),
    ("[1, 3, 224, 224]", "[1, -3, 224, 224]", "inputShapes[0][1]", "whole numbers"),
    ("[1, 3, 224, 224]", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", "inputShapes[0]", "is no shape"),
    ("\"allowedError\": 0", "\"allowedError\": 2", ".allowedError", "between 0 and 1"),
    ("\"node\": \"conv1\"", "\"node\": \"conv0\"", ".layers", "names a node twice"),
    ("\"entries\": [", "\"entries\": {\"a\": [", "the file", "lacks ',' or '}'"),
    ("\"entries\": [", "\"entries\": [7, ", "entries[0]", "not an object"),
    ("\"conditions\": {", "\"conditions\": {\"x\": 1, ", "conditions.x", "not a text"),
  ]

  @Test("A database with one thing wrong is refused, with the file, the line and the place", arguments: edits)
  func wrong(old: String, new: String, location: String, reason: String) throws {
    let text = String(decoding: try Fixture.bytes(), as: UTF8.self)
    let place = try #require(text.range(of: old), "the fixture lacks \(old)")
    let bytes = Array(text.replacingCharacters(in: place, with: new).utf8)
    let error = try expectMalformed(bytes, reason: reason)
    guard case .malformed(_, let line, let found, _) = error else { return }
    #expect(found.contains(location), "\(error)")
    #expect(line != nil, "\(error)")
  }

  @Test("The line that an error names is the line of the value")
  func line() throws {
    let text = String(decoding: try Fixture.bytes(), as: UTF8.self)
    let place = try #require(text.range(of: "\"lost\""))
    let expected = text[..<place.lowerBound].count { $0 == "\n" } + 1
    let error = try expectMalformed(
      Array(text.replacingCharacters(in: place, with: "\"lots\"").utf8), reason: "known are")
    guard case .malformed(_, let line, _, _) = error else { return }
    #expect(line == expected)
  }

  @Test("An entry that is there twice is refused")
  func twice() throws {
    let text = String(decoding: try Fixture.bytes(), as: UTF8.self)
    try expectMalformed(
      Array(text.replacingOccurrences(of: "\"threads\": 2,", with: "\"threads\": 1,").utf8), reason: "is there twice")
  }

  @Test("A file cut anywhere is refused, never read as less")
  func truncated() throws {
    let bytes = try Fixture.bytes()
    for length in stride(from: 0, to: bytes.count - 2, by: 97) {
      #expect(throws: TuningDatabaseError.self) {
        try PlatformDatabase(decoding: Array(bytes.prefix(length)), path: "cut.json")
      }
    }
  }

  @Test("A file with any byte changed is read or refused, and what is read can be written")
  func flipped() throws {
    let bytes = try Fixture.bytes()
    var state: UInt64 = 7
    var readable = 0
    for _ in 0..<400 {
      var damaged = bytes
      for _ in 0..<2 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        damaged[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      guard let database = try? PlatformDatabase(decoding: damaged, path: "damaged.json") else { continue }
      readable += 1
      #expect(try PlatformDatabase(decoding: database.encoded(), path: "again.json") == database)
    }
    #expect(readable < 400)
  }

  @Test("A newer schema is refused with the way out")
  func newer() throws {
    let text = String(decoding: try Fixture.bytes(), as: UTF8.self)
      .replacingOccurrences(of: "\"schemaVersion\": 1", with: "\"schemaVersion\": 2")
    let error = #expect(throws: TuningDatabaseError.self) {
      try PlatformDatabase(decoding: Array(text.utf8), path: "new.json")
    }
    #expect(error == .newerSchema(path: "new.json", found: 2, supported: 1))
    #expect(error?.description.contains("update Luthier") == true)
  }

  @Test("What is no plain file, or a larger one than any database, is refused")
  func files() throws {
    try Fixture.withFolder { folder in
      let database = DatabaseFile(path: "\(folder)/a.json")
      #expect(try database.read() == nil)
      try FileManager.default.createDirectory(atPath: database.path, withIntermediateDirectories: false)
      #expect(throws: TuningDatabaseError.self) { try database.read() }
      let pipe = "\(folder)/pipe.json"
      #expect(mkfifo(pipe, 0o600) == 0)
      #expect(throws: TuningDatabaseError.unreadable(path: pipe, reason: "it is not a plain file")) {
        try DatabaseFile(path: pipe).read()
      }
      let large = "\(folder)/large.json"
      try Fixture.write([], to: large)
      #expect(truncate(large, 2 << 30) == 0)
      #expect(throws: TuningDatabaseError.tooLarge(path: large, bytes: 2 << 30, limit: 64 << 20)) {
        try DatabaseFile(path: large).read()
      }
    }
  }

  @discardableResult
  private func expectMalformed(
    _ bytes: [UInt8], reason: String, at location: SourceLocation = #_sourceLocation
  ) throws -> TuningDatabaseError {
    let error = try #require(
      #expect(throws: TuningDatabaseError.self, sourceLocation: location) {
        try PlatformDatabase(decoding: bytes, path: "bad.json")
      }, sourceLocation: location)
    guard case .malformed = error else {
      Issue.record("\(error)", sourceLocation: location)
      return error
    }
    #expect(error.description.contains(reason), sourceLocation: location)
    #expect(error.description.contains("bad.json"), sourceLocation: location)
    #expect(!error.description.contains("\n") && error.description.count < 800, sourceLocation: location)
    return error
  }
}
