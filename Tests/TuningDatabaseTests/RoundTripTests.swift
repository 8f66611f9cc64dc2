import Foundation
import LayerKernels
import Testing
import TuningDatabase

@Suite("A database's file")
struct RoundTripTests {
  @Test("A database read back is equal, and writing it again gives the same bytes")
  func roundTrip() throws {
    let database = try Fixture.database()
    let bytes = try database.encoded()
    let again = try PlatformDatabase(decoding: bytes, path: "x.json")
    #expect(again == database)
    #expect(try again.encoded() == bytes)
  }

  @Test("Bytes do not depend on the order in which results were added")
  func order() throws {
    let problems = try [58, 116, 232].map { try Fixture.convolution(channels: $0) }
    func database(_ order: [Int]) throws -> PlatformDatabase {
      var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
      for index in order {
        for tile in index == 1 ? [14, 6, 8] : [6, 8, 14] {
          database.record(
            [try Fixture.record("direct.pixels", tile, 1000 + Double(tile), problem: problems[index])],
            for: Fixture.key(problems[index]), at: Fixture.start)
        }
      }
      return database
    }
    #expect(try database([0, 1, 2]).encoded() == database([2, 0, 1]).encoded())
  }

  @Test("Entries stand by problem, then threads; candidates by kernel, then configuration")
  func sorting() throws {
    let database = try Fixture.database()
    let keys = database.entries.map { "\($0.key.problem) \($0.key.threads)" }
    #expect(keys == keys.sorted() && keys.count == 6)
    for entry in database.entries {
      let names = entry.candidates.map(\.name)
      #expect(names == names.sorted())
    }
  }

  @Test("One changed median changes only its own candidate's lines")
  func difference() throws {
    let problem = try Fixture.convolution()
    var database = try Fixture.database()
    let before = String(decoding: try database.encoded(), as: UTF8.self).split(separator: "\n")
    let old = try #require(database.entry(Fixture.key(problem))?.winner)
    database.record(
      [try Fixture.record(old.kernel.name, old.configuration["tile"] ?? 0, 9999.5, at: 0)], for: Fixture.key(problem),
      at: Fixture.start)
    let after = String(decoding: try database.encoded(), as: UTF8.self).split(separator: "\n")
    #expect(!after.difference(from: before).isEmpty)
    #expect(after.difference(from: before).count <= 20)
  }

  @Test("No line is wider than a screen, except for texts that cannot be broken")
  func width() throws {
    for line in String(decoding: try Fixture.bytes(), as: UTF8.self).split(separator: "\n") {
      #expect(line.count <= 120 || line.contains("\"problem\"") || line.contains("\"reason\""))
    }
  }

  @Test("Samples beyond the bound are thinned evenly, and the figures are of all of them")
  func samples() throws {
    let time = try #require(MeasuredTime(samples: (0..<1000).map { 100 + Double($0) }))
    #expect(time.samples.count == MeasuredTime.maximumSampleCount && time.samples.first == 100)
    #expect(time.sampleCount == 1000 && time.medianNanoseconds == 599.5 && time.minimumNanoseconds == 100)
    #expect(abs(time.spreadNanoseconds - 1.4826 * 250) < 0.1)
  }

  @Test("Times that are none are left out", arguments: [-1.0, .nan, .infinity, -.infinity, 1e16])
  func impossibleSamples(sample: Double) throws {
    #expect(MeasuredTime(samples: [sample]) == nil)
    #expect(MeasuredTime(samples: [sample, 5, 7, 6])?.medianNanoseconds == 6)
    #expect(MeasuredTime(samples: []) == nil)
  }

  @Test("What a deployment takes has the same winners and profiles, and no samples")
  func deployment() throws {
    let database = try Fixture.database()
    let small = database.forDeployment()
    #expect(small.entries.map(\.winner?.name) == database.entries.map(\.winner?.name))
    #expect(small.profiles == database.profiles)
    for (entry, full) in zip(small.entries, database.entries) {
      #expect(Set(entry.candidates.map(\.kernel)) == Set(full.candidates.filter(\.verdict.isTimed).map(\.kernel)))
      #expect(entry.candidates.count == Set(entry.candidates.map(\.kernel)).count)
    }
    #expect(small.entries.allSatisfy { $0.candidates.allSatisfy { $0.time?.samples.isEmpty ?? false } })
    #expect(try PlatformDatabase(decoding: small.encoded(), path: "x") == small)
    let direct = database.forDeployment(kernels: ["direct.pixels"])
    #expect(direct.entries.allSatisfy { $0.winner?.kernel == "direct.pixels" })
  }
}

@Suite("Moments and versions")
struct TimestampTests {
  @Test(
    "A moment's text reads back",
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_790_000_000, "2026-09-21T14:13:20Z"),
      (4_107_542_399, "2100-02-28T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    ])
  func moments(seconds: Int, text: String) {
    #expect(Timestamp(seconds: seconds).description == text)
    #expect(Timestamp(parsing: text)?.seconds == seconds)
  }

  @Test(
    "What is no moment is refused",
    arguments: [
      "", "2026-02-30T00:00:00Z", "2100-02-29T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z",
      "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z", "２026-01-01T00:00Z", "2026-01-01T00:00:00+01:00",
    ])
  func noMoments(text: String) { #expect(Timestamp(parsing: text) == nil) }

  @Test("Moments outside the calendar become its ends", arguments: [Int.min, -1, Int.max])
  func clamped(seconds: Int) {
    let moment = Timestamp(seconds: seconds)
    #expect(moment == (seconds < 0 ? Timestamp(seconds: 0) : .last))
    #expect(Timestamp(parsing: moment.description) == moment)
  }

  @Test("Versions are ordered by number, and keep times within a major version, before 1.0 within a minor one")
  func versions() throws {
    #expect(try #require(LibraryVersion(parsing: "0.9.0")) < LibraryVersion(0, 10, 0))
    for text in ["1.0", "1.0.0.0", "01.0.0", "-1.0.0", "1.0.x", ""] { #expect(LibraryVersion(parsing: text) == nil) }
    #expect(LibraryVersion(0, 1, 9).keepsTimes(of: LibraryVersion(0, 1, 0)))
    #expect(!LibraryVersion(0, 2, 0).keepsTimes(of: LibraryVersion(0, 1, 0)))
    #expect(LibraryVersion(1, 2, 0).keepsTimes(of: LibraryVersion(1, 1, 0)))
    #expect(!LibraryVersion(2, 0, 0).keepsTimes(of: LibraryVersion(1, 9, 9)))
  }

  @Test("A digest of weights is the same everywhere and changes with any weight, their order and their count")
  func digests() {
    let weights: [Float] = [0.5, -1, 3e-8]
    #expect(StableHash.digest(ofWeights: weights) == "ba32f8d619563966")
    let others: [[Float]] = [
      [0.5, -1, 4e-8], [-1, 0.5, 3e-8], [0.5, -1], [0.5, -1, 3e-8, 0], [], [-0.5, -1, 3e-8],
    ]
    for other in others { #expect(StableHash.digest(ofWeights: other) != StableHash.digest(ofWeights: weights)) }
  }

  @Test("A reading of the conversions has those of the whole, and none of the other entries")
  func conversionsOnly() throws {
    var database = try Fixture.database()
    let conversion = try LayoutConversionProblem(
      shape: TensorShape([1, 24, 7, 7]), from: .rowMajor, to: .planeList)
    database.record(
      [try Fixture.record("direct.pixels", 6, 900)],
      for: TuningEntry.Key(problem: conversion.key, threads: 1), at: Fixture.start)
    let bytes = try database.encoded()
    let part = try PlatformDatabase(decoding: bytes, path: "x.json", scope: .conversions)
    #expect(part.profiles.isEmpty)
    #expect(part.entries == database.entries.filter { $0.key.problem.operation == "layout-conversion" })
    #expect(part.entries.count == 1)
    // What is passed by has to end all the same.
    for length in [bytes.count / 2, bytes.count - 3] {
      #expect(throws: TuningDatabaseError.self) {
        try PlatformDatabase(decoding: Array(bytes.prefix(length)), path: "x.json", scope: .conversions)
      }
    }
  }

  @Test("A file's conversions are found wherever they stand, and a file without them has none")
  func conversionsOfFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = DatabaseFile(path: folder.appendingPathComponent("x.json").path)
    var database = try Fixture.database()
    try Data(database.encoded()).write(to: URL(fileURLWithPath: file.path))
    #expect(try file.read(.conversions)?.isEmpty == true)
    let conversion = try LayoutConversionProblem(
      shape: TensorShape([1, 24, 7, 7]), from: .rowMajor, to: .planeList)
    database.record(
      [try Fixture.record("direct.pixels", 6, 900)],
      for: TuningEntry.Key(problem: conversion.key, threads: 1), at: Fixture.start)
    let text = try database.encoded()
    let entry = try #require(text.firstRange(of: Array("layout-conversion".utf8)))
    // Spaces in front move the name across the places where one round of reading ends and the next begins.
    for position in (65_536 - 20)...(65_536 + 4) {
      let shift = ((position - entry.lowerBound) % 65_520 + 65_520) % 65_520
      try Data(Array(repeating: UInt8(ascii: " "), count: shift) + text).write(to: URL(fileURLWithPath: file.path))
      #expect(try file.read(.conversions)?.entries.count == 1)
    }
    #expect(try DatabaseFile(path: folder.appendingPathComponent("none.json").path).read(.conversions) == nil)
  }

  @Test("A deployment's first reading has one network's profiles and looks at nothing past them")
  func oneNetwork() throws {
    let database = try Fixture.database()
    let bytes = try database.encoded()
    let profile = try #require(database.profiles.first)
    let scope = ReadingScope.network(fingerprint: profile.key.fingerprint)
    let part = try PlatformDatabase(decoding: bytes, path: "x.json", scope: scope)
    #expect(part.profiles == database.profiles.filter { $0.key.fingerprint == profile.key.fingerprint })
    #expect(part.entries.isEmpty)
    #expect(part.platform == database.platform)
    let other = try PlatformDatabase(
      decoding: bytes, path: "x.json", scope: .network(fingerprint: String(repeating: "0", count: 16)))
    #expect(other.profiles.isEmpty)

    let text = String(decoding: bytes, as: UTF8.self)
    let entries = try #require(text.range(of: "\"entries\""))
    let head = Array(text[..<entries.lowerBound].utf8)
    #expect(try PlatformDatabase(decoding: head, path: "x.json", scope: scope) == part)
    // Within the profiles an end is an error, also one that is only met on the way.
    #expect(throws: TuningDatabaseError.self) {
      try PlatformDatabase(decoding: Array(head.prefix(head.count - 40)), path: "x.json", scope: scope)
    }
  }
}
