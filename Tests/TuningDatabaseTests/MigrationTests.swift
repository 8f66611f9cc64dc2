import Foundation
import LayerKernels
import Testing
import TuningDatabase

@Suite("Schema versions")
struct MigrationTests {
  private static func resource(_ name: String) -> String {
    Fixture.package.appending(path: "Tests/TuningDatabaseTests/Resources/\(name)").path
  }

  @Test("The file of version 1 that was written when there was no other reads as what it was")
  func versionOne() throws {
    let database = try #require(try DatabaseFile(path: Self.resource("version-1.json")).read())
    #expect(database.platform == (try Fixture.platform()))
    #expect(database.created == Fixture.start && database.library == LibraryVersion(0, 1, 0))
    #expect(database.entries.count == 6 && database.profiles.count == 1)
    let entry = try #require(
      database.entry(
        problem: Fixture.convolution(channels: 116, size: 14, kernel: 3, groups: 116, epilogue: .init(bias: true)).key,
        threads: 1))
    #expect(entry.search?.effort == .normal && entry.search?.offers.count == 5 && entry.search?.noise == 0.013)
    #expect(entry.winner?.name == "direct.pixels tile=8" && entry.winner?.version == 2)
    #expect(entry.winner?.time?.medianNanoseconds == 10_000.3 && entry.winner?.time?.samples.count == 20)
    #expect(entry.record(of: "decomposed.channels", ["tile": 8])?.maximumError == 0.004)
    let profile = try #require(database.profiles.first)
    #expect(profile.key.network == "shufflenet_v2_x1_0" && profile.layers.map(\.node) == ["conv0", "conv1", "conv2"])
    #expect(profile.totals.untuned?.medianNanoseconds == 6.2e6)
  }

  @Test("Every problem of a file of version 1 is read by today's operations")
  func problems() throws {
    let database = try #require(try DatabaseFile(path: Self.resource("version-1.json")).read())
    let keys = database.entries.map(\.key.problem) + database.profiles.flatMap { $0.layers.map(\.problem) }
    #expect(keys.count >= 9)
    for key in keys { #expect(try ConvolutionProblem(key: key).key == key) }
  }

  @Test("While version 1 is the newest, its file is written as it was")
  func stableBytes() throws {
    let bytes = try Fixture.contents(of: Self.resource("version-1.json"))
    #expect(try PlatformDatabase(decoding: bytes, path: "version-1.json").encoded() == bytes)
  }

  /// A history in which version 1 became 3 in two steps: the second has the library's version, the third no longer wraps entries.
  private static let history = SchemaMigrations(
    current: 3,
    steps: [
      1: { (value) throws(JSONFailure) in
        var value = value
        value.replace("libraryVersion", with: .string("0.1.0"))
        return value
      },
      2: { (value) throws(JSONFailure) in
        guard let results = value["results"] else { throw JSONFailure("lacks 'results'") }
        guard case .object(var members) = value else { return value }
        members.removeAll { $0.name == "results" }
        return .object(members + [.init("entries", results["entries"] ?? .array([]))])
      },
    ])

  private static func text(version: Int, entries: String) throws -> [UInt8] {
    let platform = try JSONEncoder().encode(Fixture.platform())
    let library = version == 1 ? "" : "\"libraryVersion\": \"0.1.0\","
    return Array(
      """
      {"schemaVersion": \(version), \(library) "created": "2026-09-21T14:13:20Z", "updated": "2026-09-21T14:13:20Z",
       "platform": \(String(decoding: platform, as: UTF8.self)), "profiles": [], \(entries)}
      """.utf8)
  }

  @Test("An older file goes through every step between its version and the current one", arguments: [1, 2, 3])
  func steps(version: Int) throws {
    let entry = "[{\"problem\": \"softmax shape=1x10 axis=1 axes=1\", \"threads\": 1, \"candidates\": []}]"
    let bytes = try Self.text(
      version: version, entries: version == 3 ? "\"entries\": \(entry)" : "\"results\": {\"entries\": \(entry)}")
    let database = try PlatformDatabase(decoding: bytes, path: "old.json", migrations: Self.history)
    #expect(database.entries.map(\.key.problem.operation) == ["softmax"])
  }

  @Test("A step that fails says so, and a version beyond the newest is refused")
  func failures() throws {
    let bytes = try Self.text(version: 2, entries: "\"entries\": []")
    let error = #expect(throws: TuningDatabaseError.self) {
      try PlatformDatabase(decoding: bytes, path: "old.json", migrations: Self.history)
    }
    #expect(error?.description.contains("lacks 'results'") == true)
    #expect(throws: TuningDatabaseError.newerSchema(path: "new.json", found: 4, supported: 3)) {
      try PlatformDatabase(
        decoding: Self.text(version: 4, entries: "\"entries\": []"), path: "new.json", migrations: Self.history)
    }
    let gap = SchemaMigrations(current: 3, steps: [:])
    #expect(throws: TuningDatabaseError.self) {
      try PlatformDatabase(decoding: bytes, path: "old.json", migrations: gap)
    }
  }
}
