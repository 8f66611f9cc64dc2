import Foundation
import HostPlatform
import LayerKernels
import Testing
import TuningDatabase

@Suite("Writing a database")
struct DatabaseFileTests {
  private static func add(_ tile: Int, to database: inout PlatformDatabase) throws {
    database.record(
      [try Fixture.record("direct.pixels", tile, 1000 + Double(tile))], for: Fixture.key(try Fixture.convolution()),
      at: Fixture.start)
  }

  private static func fragment(_ tile: Int) throws -> PlatformDatabase {
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    try add(tile, to: &database)
    return database
  }

  private static func tiles(_ database: PlatformDatabase?) -> [Int] {
    (database?.entries ?? []).flatMap(\.candidates).compactMap { $0.configuration["tile"] }.sorted()
  }

  private static func merge(_ fragment: PlatformDatabase, into file: DatabaseFile) throws -> DatabaseFile.Update {
    try file.update(platform: fragment.platform) { (database) throws(TuningDatabaseError) in
      try database.merge(fragment)
    }
  }

  @Test("An update makes the folder, writes the file, and leaves nothing but the database and its lock")
  func first() throws {
    try Fixture.withFolder { folder in
      let file = try DatabaseFile(folder: "\(folder)/deep/er", platform: Fixture.platform())
      #expect(file.path == "\(folder)/deep/er/amd-zen5-2c-avx512.json")
      #expect(try Self.merge(Self.fragment(6), into: file).wasWritten)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/deep/er").sorted() == [
          "amd-zen5-2c-avx512.json", "amd-zen5-2c-avx512.lock",
        ])
      #expect(Self.tiles(try file.read()) == [6])
    }
  }

  @Test("An update that changes nothing does not touch the file; an empty database is not written")
  func unchanged() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      let empty = try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
      #expect(!empty.wasWritten && empty.database.isEmpty && !FileManager.default.fileExists(atPath: file.path))
      _ = try Self.merge(Self.fragment(6), into: file)
      let before = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int
      #expect(try !Self.merge(Self.fragment(6), into: file).wasWritten)
      #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int == before)
    }
  }

  @Test("What an interrupted tuning has journalled is joined in by the next update, and the journal goes")
  func journal() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      _ = try Self.merge(Self.fragment(6), into: file)
      try file.journal(Self.fragment(8))
      try file.journal(Self.fragment(14))
      #expect(Self.tiles(try file.read()) == [6, 8, 14])
      let update = try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
      #expect(update.recoveredLineCount == 2 && update.skippedLineCount == 0 && update.wasWritten)
      #expect(Self.tiles(try file.read()) == [6, 8, 14])
      #expect(!FileManager.default.fileExists(atPath: file.journalPath))
    }
  }

  @Test("A journal without a database becomes one")
  func journalAlone() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      try file.journal(Self.fragment(8))
      let update = try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
      #expect(Self.tiles(update.database) == [8] && update.database.created == Fixture.start)
    }
  }

  @Test("A torn line is skipped wherever it was torn, and does not spoil the line that follows", arguments: [1, 2, 3])
  func torn(fraction: Int) throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      try file.journal(Self.fragment(6))
      let first = try Fixture.contents(of: file.journalPath)
      try Fixture.write(first + first.prefix(first.count * fraction / 4), to: file.journalPath)
      try file.journal(Self.fragment(14))
      let torn = try Fixture.contents(of: file.journalPath)
      try Fixture.write(torn + first.prefix(first.count - 2), to: file.journalPath)
      let update = try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
      #expect(update.recoveredLineCount == 2 && update.skippedLineCount == 2)
      #expect(Self.tiles(update.database) == [6, 14])
    }
  }

  @Test("A crash between the new database and the journal's end loses and doubles nothing")
  func crashBeforeJournalEnds() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      try file.journal(Self.fragment(6))
      let journal = try Fixture.contents(of: file.journalPath)
      try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
      let bytes = try Fixture.contents(of: file.path)
      try Fixture.write(journal, to: file.journalPath)
      try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
      #expect(try Fixture.contents(of: file.path) == bytes)
    }
  }

  @Test("Temporary files that a crash has left behind are removed, others' files are not")
  func leftovers() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      try Fixture.write(Array("{\"half".utf8), to: "\(folder)/.a.json.4242.tmp")
      try Fixture.write(Array("{\"half".utf8), to: "\(folder)/.b.json.4242.tmp")
      _ = try Self.merge(Self.fragment(6), into: file)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
          ".b.json.4242.tmp", "a.json", "a.lock",
        ])
    }
  }

  @Test("A journal that has grown large is joined into the database without being asked")
  func largeJournal() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      try Fixture.write([UInt8](repeating: 0x0a, count: 8 << 20), to: file.journalPath)
      try file.journal(Self.fragment(6))
      #expect(!FileManager.default.fileExists(atPath: file.journalPath))
      #expect(Self.tiles(try file.read()) == [6])
    }
  }

  @Test(
    "A broken, newer or foreign database is never written over", arguments: ["{", "{\"schemaVersion\": 9}", "foreign"])
  func intact(content: String) throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      var bytes = Array(content.utf8)
      if content == "foreign" {
        bytes = try PlatformDatabase(platform: Fixture.platform(microarchitecture: "Zen 3")).encoded()
      }
      try Fixture.write(bytes, to: file.path)
      #expect(throws: TuningDatabaseError.self) { try Self.merge(Self.fragment(6), into: file) }
      #expect(try Fixture.contents(of: file.path) == bytes)
    }
  }

  @Test("A journal of another platform or a newer schema is kept and named", arguments: [true, false])
  func foreignJournal(isNewer: Bool) throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      if isNewer {
        try Fixture.write(Array("{\"schemaVersion\": 9}\n".utf8), to: file.journalPath)
      } else {
        try file.journal(PlatformDatabase(platform: Fixture.platform(l3: 16)))
      }
      let before = try Fixture.contents(of: file.journalPath)
      let error = #expect(throws: TuningDatabaseError.self) { try Self.merge(Self.fragment(6), into: file) }
      #expect(error?.description.contains(file.journalPath) == true)
      #expect(try Fixture.contents(of: file.journalPath) == before)
    }
  }

  @Test(
    "A folder that cannot be written is an error that names it",
    arguments: ["/proc/luthier", "/dev/null/x", "/sys/kernel"])
  func readOnly(folder: String) throws {
    let file = DatabaseFile(path: "\(folder)/a.json")
    let error = #expect(throws: TuningDatabaseError.self) { try Self.merge(Self.fragment(6), into: file) }
    guard case .unwritable(let path, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(path.hasPrefix(folder))
  }

  @Test("Where the database's name is a folder, or the lock's a link, nothing is written")
  func blocked() throws {
    try Fixture.withFolder { folder in
      try FileManager.default.createDirectory(atPath: "\(folder)/a.json", withIntermediateDirectories: false)
      #expect(throws: TuningDatabaseError.self) {
        try Self.merge(Self.fragment(6), into: DatabaseFile(path: "\(folder)/a.json"))
      }
      let victim = "\(folder)/victim"
      try Fixture.write(Array("precious".utf8), to: victim)
      for name in ["b.lock", "b.journal.jsonl"] {
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: victim)
        #expect(throws: TuningDatabaseError.self) {
          try DatabaseFile(path: "\(folder)/b.json").journal(Self.fragment(6))
        }
        try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      }
      #expect(try Fixture.contents(of: victim) == Array("precious".utf8))
    }
  }

  @Test("A change that throws leaves file and journal as they were")
  func failedChange() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      _ = try Self.merge(Self.fragment(6), into: file)
      try file.journal(Self.fragment(8))
      let before = (try Fixture.contents(of: file.path), try Fixture.contents(of: file.journalPath))
      #expect(throws: TuningDatabaseError.self) {
        try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in
          throw .unreadable(path: "x", reason: "y")
        }
      }
      #expect(try Fixture.contents(of: file.path) == before.0 && Fixture.contents(of: file.journalPath) == before.1)
    }
  }

  @Test("Whoever waits too long for the lock learns who holds it")
  func locked() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "luthier-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "a.json").path
    let (started, signal) = AsyncStream<Void>.makeStream()
    let (released, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let platform = try Fixture.platform()
    DispatchQueue.global().async {
      _ = try? DatabaseFile(path: path).update(platform: platform) { (_) throws(TuningDatabaseError) in
        signal.finish()
        release.wait()
      }
      released.signal()
    }
    for await _ in started {}
    let impatient = DatabaseFile(path: path, patience: .milliseconds(80))
    let error = #expect(throws: TuningDatabaseError.self) { try impatient.journal(Self.fragment(6)) }
    guard case .locked(let lock, let holder, let seconds) = error else {
      Issue.record("\(String(describing: error))")
      release.signal()
      return
    }
    #expect(lock == impatient.lockPath && holder.hasPrefix("process \(getpid())") && seconds >= 0.08)
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(50)) { release.signal() }
    try DatabaseFile(path: path).journal(Self.fragment(6))
    released.wait()
  }

  @Test("Tuners that write at once lose nothing of each other's")
  func threads() throws {
    try Fixture.withFolder { folder in
      let file = DatabaseFile(path: "\(folder)/a.json")
      let fragments = try (0..<6).map { writer in
        try (0..<8).map { step in
          let kernel = NamedKernel(identifier: "direct.pixels", version: 2, tiles: [writer * 100 + step])
          var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
          database.record(
            [try Fixture.record("direct.pixels", writer * 100 + step, 1000, kernels: [kernel])],
            for: Fixture.key(try Fixture.convolution()))
          return database
        }
      }
      DispatchQueue.concurrentPerform(iterations: 6) { writer in
        for (step, fragment) in fragments[writer].enumerated() {
          if step % 2 == 0 {
            try? file.journal(fragment)
          } else {
            _ = try? Self.merge(fragment, into: file)
          }
        }
      }
      let update = try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
      #expect(update.skippedLineCount == 0)
      #expect(Self.tiles(update.database) == (0..<6).flatMap { writer in (0..<8).map { writer * 100 + $0 } })
    }
  }
}
