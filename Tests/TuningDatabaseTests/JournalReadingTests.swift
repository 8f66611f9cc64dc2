import Foundation
import HostPlatform
import LayerKernels
import Testing
import TuningDatabase

@Suite("Results of an interrupted tuning are read wherever databases are")
struct JournalReadingTests {
  private static func fragment(_ tile: Int) throws -> PlatformDatabase {
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record(
      [try Fixture.record("direct.pixels", tile, 1000 + Double(tile))], for: Fixture.key(try Fixture.convolution()),
      at: Fixture.start)
    return database
  }

  private static func tiles(_ databases: [PlatformDatabase]) -> [Int] {
    databases.flatMap(\.entries).flatMap(\.candidates).compactMap { $0.configuration["tile"] }.sorted()
  }

  @Test("With a database and without one, in a folder, by its own name, and by a deployment", arguments: [false, true])
  func places(hasDatabase: Bool) throws {
    try Fixture.withFolder { folder in
      let platform = try Fixture.platform()
      let file = try DatabaseFile(folder: folder, platform: platform)
      if hasDatabase {
        try file.update(platform: platform) { (database) throws(TuningDatabaseError) in
          do { try database.merge(Self.fragment(6)) } catch { Issue.record(error) }
        }
      }
      try file.journal(Self.fragment(8))
      let journal = try Fixture.contents(of: file.journalPath)
      let expected = hasDatabase ? [6, 8] : [8]
      #expect(file.exists && DatabaseLocation(path: file.path, origin: .argument).exists)
      #expect(Self.tiles([try #require(try file.read())]) == expected)
      for path in [folder, file.path, file.journalPath] {
        let found = try DatabaseFolder.databases(at: path)
        #expect(Self.tiles(found.map(\.database)) == expected && found.map(\.path) == [file.path], "\(path)")
      }
      for path in [folder, file.path] {
        let store = try TuningStore.open(
          user: DatabaseLocation(path: path, origin: .argument), library: try Fixture.library())
        let choice = try #require(store.choice(for: try Fixture.convolution().key, threads: 1))
        #expect(choice.provenance == .exact(source: file.path))
      }
      #expect(try Fixture.contents(of: file.journalPath) == journal, "reading changes nothing")
      #expect(FileManager.default.fileExists(atPath: file.path) == hasDatabase)
    }
  }

  @Test("A near platform's journal is found in a folder, too")
  func near() throws {
    try Fixture.withFolder { folder in
      let other = DatabaseFile(path: "\(folder)/other.json")
      var database = PlatformDatabase(platform: try Fixture.platform(l3: 16), created: Fixture.start)
      database.record([try Fixture.record("direct.pixels", 8, 100)], for: Fixture.key(try Fixture.convolution()))
      try other.journal(database)
      let store = try TuningStore.open(user: nil, shipped: folder, library: try Fixture.library())
      #expect(store.layers.map(\.source) == [other.path])
    }
  }

  @Test(
    "A profile in a journal is found by whoever reads one network's profiles, and a line that is torn is passed over")
  func scopes() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      try file.journal(Fixture.database())
      let key = try #require(try Fixture.database().profiles.first).key
      let whole = try Fixture.contents(of: file.journalPath)
      try Fixture.write(whole + whole.prefix(whole.count / 2), to: file.journalPath)
      #expect(try file.read(.network(fingerprint: key.fingerprint))?.profile(key) != nil)
      #expect(try file.read(.network(fingerprint: "0123456789abcdef"))?.profile(key) == nil)
      #expect(try file.read()?.entries.count == Fixture.database().entries.count)
      _ = try file.read(.conversions)
    }
  }

  @Test(
    "What cannot be joined is named, and a journal of nothing is none",
    arguments: ["pipe", "newer", "foreign", "noise"])
  func faults(kind: String) throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      switch kind {
      case "pipe": try #require(mkfifo(file.journalPath, 0o600) == 0)
      case "newer": try Fixture.write(Array("{\"schemaVersion\": 9}\n".utf8), to: file.journalPath)
      case "foreign":
        try file.update(platform: Fixture.platform()) { (database) throws(TuningDatabaseError) in
          do { try database.merge(Self.fragment(6)) } catch { Issue.record(error) }
        }
        try file.journal(PlatformDatabase(platform: Fixture.platform(l3: 16)))
      default:
        try Fixture.write(Array("noise\n".utf8), to: file.journalPath)
        #expect(try file.read() == nil)
        return
      }
      let error = #expect(throws: TuningDatabaseError.self) { try file.read() }
      #expect(error?.description.contains(file.journalPath) == true)
    }
  }
}
