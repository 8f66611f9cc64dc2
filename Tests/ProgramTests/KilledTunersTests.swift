import Foundation
import Luthier
import Testing

@Suite("Two tuners on one database, of which one is killed again and again", .serialized)
struct KilledTunersTests {
  /// A tuner of a small network, quick enough to be killed at any of its steps.
  func start(_ database: String, size: Int) throws -> Process {
    let process = Process()
    process.executableURL = try ProgramRun.products().appendingPathComponent("tune")
    process.arguments = [
      "--network", "shufflenet_v2_x0_5", "--input-size", "\(size)", "--effort", "quick", "--database", database,
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  @Test("What either has finished is never lost, the file is always whole, and the killed one ends in the end")
  func killed() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.appendingPathComponent("database").path
    let file = try DatabaseFile(folder: database, platform: .current())
    var known: Set<TuningEntry.Key> = []
    var rival = try start(database, size: 64)
    var rivalEnds = 0
    for round in 0..<20 {
      let victim = try start(database, size: 32)
      usleep(UInt32(20_000 + round * 7919 % 400_000))
      kill(victim.processIdentifier, SIGKILL)
      victim.waitUntilExit()
      // What has not ended stands in the journal, which every update joins in.
      let entries = Set(try file.update(platform: .current()) { _ in }.database.entries.map(\.key))
      #expect(entries.isSuperset(of: known), "round \(round)")
      known = entries
      if !rival.isRunning {
        #expect(rival.terminationStatus == 0)
        rivalEnds += 1
        rival = try start(database, size: 64 + 32 * (rivalEnds % 2))
      }
    }
    rival.waitUntilExit()
    #expect(rival.terminationStatus == 0)
    let last = try start(database, size: 32)
    last.waitUntilExit()
    #expect(last.terminationStatus == 0)
    let stored = try #require(try file.read())
    #expect(Set(stored.entries.map(\.key)).isSuperset(of: known))
    #expect(Set(stored.profiles.map { $0.key.inputShapes[0][2] }).isSuperset(of: [32, 64]))
    let names = try FileManager.default.contentsOfDirectory(atPath: database)
    #expect(!names.contains { $0.hasSuffix(".tmp") || $0.hasSuffix(".journal.jsonl") })
  }
}
