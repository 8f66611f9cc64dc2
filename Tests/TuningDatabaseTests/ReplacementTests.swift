import Foundation
import HostPlatform
import LayerKernels
import Testing
import TuningDatabase

@Suite("What stays when a database is replaced")
struct ReplacementTests {
  private static func put(_ tile: Int, into file: DatabaseFile) throws {
    _ = try file.update(platform: Fixture.platform()) { (database) throws(TuningDatabaseError) in
      do {
        database.record(
          [try Fixture.record("direct.pixels", tile, 1000)], for: Fixture.key(try Fixture.convolution()),
          at: Fixture.start)
      } catch { Issue.record(error) }
    }
  }

  private static func tiles(_ file: DatabaseFile) throws -> [Int] {
    (try file.read()?.entries ?? []).flatMap(\.candidates).compactMap { $0.configuration["tile"] }.sorted()
  }

  private static func status(_ path: String) throws -> stat {
    var status = stat()
    let found = lstat(path, &status)
    try #require(found == 0)
    return status
  }

  @Test(
    "A link stays and leads to the new database, also through another link and where nothing was there yet",
    arguments: [true, false])
  func links(exists: Bool) throws {
    try Fixture.withFolder { folder in
      let target = DatabaseFile(path: "\(folder)/data/real.json")
      try FileManager.default.createDirectory(atPath: "\(folder)/data", withIntermediateDirectories: false)
      if exists { try Self.put(6, into: target) }
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/data/middle.json", withDestinationPath: "real.json")
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/link.json", withDestinationPath: "data/middle.json")
      let link = DatabaseFile(path: "\(folder)/link.json")
      #expect(link.lockPath == target.lockPath, "two names of one database are written one after the other")
      try Self.put(8, into: link)
      try link.journal(try #require(try link.read()))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "data/middle.json")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/data/middle.json") == "real.json")
      #expect(try Self.tiles(target) == (exists ? [6, 8] : [8]))
      #expect(FileManager.default.fileExists(atPath: "\(folder)/data/real.journal.jsonl"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["data", "link.json"])
    }
  }

  @Test("Links in a ring are an error, and stay")
  func ring() throws {
    try Fixture.withFolder { folder in
      for (name, other) in [("a", "b"), ("b", "a")] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(name).json", withDestinationPath: "\(other).json")
      }
      #expect(throws: TuningDatabaseError.self) { try Self.put(6, into: DatabaseFile(path: "\(folder)/a.json")) }
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/a.json") == "b.json")
    }
  }

  @Test("Mode and owner stay, and the journal is read by nobody else", arguments: [0o600, 0o640, 0o664] as [mode_t])
  func access(mode: mode_t) throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      try Self.put(6, into: file)
      try #require(chmod(file.path, mode) == 0)
      // Only the superuser can give a file away.
      let isSuperuser = geteuid() == 0
      if isSuperuser { try #require(chown(file.path, 12_345, 23_456) == 0) }
      let before = try Self.status(file.path)
      try file.journal(try #require(try file.read()))
      let journal = try Self.status(file.journalPath)
      #expect(journal.st_mode & 0o777 == mode && journal.st_uid == before.st_uid)
      try Self.put(8, into: file)
      let after = try Self.status(file.path)
      #expect(after.st_ino != before.st_ino && after.st_mode & 0o7777 == mode)
      #expect(after.st_uid == before.st_uid && after.st_gid == before.st_gid)
      if isSuperuser { #expect(after.st_uid == 12_345 && after.st_gid == 23_456) }
    }
  }

  @Test("A path with a zero byte is an error, not the file that the part before it names")
  func zeroByte() throws {
    try Fixture.withFolder { folder in
      try Self.put(6, into: DatabaseFile(path: "\(folder)/a.json"))
      let bytes = try Fixture.contents(of: "\(folder)/a.json")
      let file = DatabaseFile(path: "\(folder)/a.json\0.json")
      #expect(!file.exists && !DatabaseLocation(path: "\(folder)\0x", origin: .argument).exists)
      #expect(throws: TuningDatabaseError.self) { try file.read() }
      #expect(throws: TuningDatabaseError.self) { try Self.put(8, into: file) }
      #expect(throws: MissesFileError.self) { try MissesFile(path: "\(folder)/m\0.jsonl").record([]) }
      #expect(throws: MissesFileError.self) { try MissesFile(path: "\(folder)/a.json\0").read() }
      #expect(try Fixture.contents(of: "\(folder)/a.json") == bytes)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.json", "a.lock"])
    }
  }
}
