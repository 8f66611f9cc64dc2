import Foundation
import HostPlatform
import LayerKernels
import Testing
import TuningDatabase

/// Two tuners on one database, of which one is killed again and again at whatever it is doing.
@Suite("Killed tuners", .serialized)
struct RaceTests {
  private static let roundCount = 100

  @Test("A hundred tuners killed at random lose nothing that they or their rival had finished")
  func race() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "luthier-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = DatabaseFile(path: "\(folder)/a.json")
    // Large enough that a kill often falls into the writing of it.
    let ballast = try Self.ballast()
    try file.update(platform: Fixture.platform()) { (database) throws(TuningDatabaseError) in
      try database.merge(ballast)
    }
    let rival = Task.detached { try Self.writeUntilCancelled(to: file) }
    defer { rival.cancel() }
    for round in 0..<Self.roundCount {
      await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, round = round as Int] in
        let file = DatabaseFile(path: "\(folder)/a.json")
        // Killed after up to 60 ms of work: within the reading, the journal, the temporary file, or the renaming.
        let delay = UInt32(round) * 7919 % 60_000
        Thread.detachNewThread {
          usleep(delay)
          kill(getpid(), SIGKILL)
        }
        var step = 0
        while true {
          try RaceTests.add(round * 10_000 + step, step: step, to: file)
          // Told only after the write has returned: from here on it may not be lost.
          try RaceTests.acknowledge(round * 10_000 + step, in: folder)
          step += 1
        }
      }
      // Whatever the moment was, the database is whole.
      _ = try file.read()
    }
    rival.cancel()
    let expected = Set(try await rival.value).union(try Self.acknowledged(in: folder))
    let update = try file.update(platform: Fixture.platform()) { (_) throws(TuningDatabaseError) in }
    let found = Set(
      update.database.entries.flatMap(\.candidates).filter { $0.kernel != "ballast" }
        .compactMap { $0.configuration["tile"] })
    #expect(expected.subtracting(found) == [])
    #expect(!expected.isEmpty && expected.contains { $0 >= 10_000_000 })
    // At most the one result that each killed tuner had in hand may be there without having been told.
    #expect(found.subtracting(expected).count <= Self.roundCount)
    #expect(update.skippedLineCount <= 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".tmp") }
    #expect(names == [])
  }

  /// Writes one result, by journal or by a whole update in turn.
  private static func add(_ tile: Int, step: Int, to file: DatabaseFile) throws {
    let kernel = NamedKernel(identifier: "direct.pixels", tiles: [tile])
    var fragment = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    fragment.record(
      [try Fixture.record("direct.pixels", tile, 1000, kernels: [kernel])],
      for: Fixture.key(try Fixture.convolution(channels: 8 * (1 + tile / 10_000))), at: Fixture.start)
    if step % 3 == 2 {
      try file.update(platform: fragment.platform) { [fragment] (database) throws(TuningDatabaseError) in
        try database.merge(fragment)
      }
    } else {
      try file.journal(fragment)
    }
  }

  private static func ballast() throws -> PlatformDatabase {
    let kernel = NamedKernel(identifier: "ballast", tiles: Array(1...500))
    let problem = try Fixture.convolution(channels: 8)
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record(
      try Fixture.registry([kernel]).candidates(for: problem).map {
        .timed($0, time: try Fixture.time(1e6, count: 48), maximumError: 0, measured: Fixture.start)
      }, for: Fixture.key(problem))
    return database
  }

  /// The tuner that is not killed, and knows what it has written.
  private static func writeUntilCancelled(to file: DatabaseFile) throws -> [Int] {
    var tiles: [Int] = []
    while !Task.isCancelled, tiles.count < 9000 {
      let tile = 10_000_000 + tiles.count
      try add(tile, step: tiles.count, to: file)
      tiles.append(tile)
      usleep(4000)
    }
    return tiles
  }

  private static func acknowledge(_ tile: Int, in folder: String) throws {
    let log = open("\(folder)/told", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let text = Array("\(tile)\n".utf8)
    _ = write(log, text, text.count)
    close(log)
  }

  private static func acknowledged(in folder: String) throws -> [Int] {
    guard FileManager.default.fileExists(atPath: "\(folder)/told") else { return [] }
    return String(decoding: try Fixture.contents(of: "\(folder)/told"), as: UTF8.self).split(separator: "\n")
      .compactMap { Int($0) }
  }
}
