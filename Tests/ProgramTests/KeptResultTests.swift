import Foundation
import Luthier
import Testing

@Suite("Results that were interrupted, and choices that no kernel takes", .serialized)
struct KeptResultTests {
  private static let bench = ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "1", "--profile"]

  @Test("A tuning that was interrupted before it wrote a database is seen by every command")
  func journals() throws {
    let folder = try TemporaryFolder()
    try TunedFolder.tune(into: folder.url.path)
    let path = try TunedFolder.databaseFile(in: folder.url)
    let file = DatabaseFile(path: path)
    let database = try #require(try file.read())
    try FileManager.default.removeItem(atPath: path)
    try file.journal(database)
    let count = database.entries.count
    for command in [
      ["show", "--database", folder.url.path, "--json"], ["export", "--database", folder.url.path],
      ["verify", "--sample", "1", "--database", folder.url.path], ["repro", "conv1", "--database", folder.url.path],
      ["prune", "--dry-run", "--database", folder.url.path], ["diff", folder.url.path, path],
      ["diff", folder.url.path, file.journalPath],
      ["report", "-o", folder.url.path + "/r.html", "--database", folder.url.path],
    ] {
      let run = try ProgramRun("tune", command)
      let isUnknownLayer = command[0] == "repro" && run.errors.contains("no layer or problem")
      #expect(run.status == 0 || isUnknownLayer, "\(command): \(run.errors)")
      if command[0] == "diff" { #expect(run.output == "no difference\n", "\(run.output)") }
      if command[0] == "show" {
        let rows = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [Any]
        #expect(rows?.count == count)
      }
      if command[0] == "export" {
        #expect(try PlatformDatabase(decoding: Array(run.output.utf8), path: "exported").profiles.count == 1)
      }
    }
    let merged = folder.url.appendingPathComponent("merged/all.json").path
    #expect(try ProgramRun("tune", ["merge", folder.url.path, "--output", merged]).status == 0)
    #expect(try DatabaseFile(path: merged).read()?.entries.count == count)
    for place in [folder.url.path, path] {
      let run = try ProgramRun("luthier", Self.bench + [place, "--strict"])
      #expect(run.status == 0 && !run.errors.contains("no tuned profile"), "\(run.errors)")
    }
  }

  @Test(
    "A profile with a number that its kernel does not take: defaults serve with a warning, it is stale, and tuned again"
  )
  func refusedNumber() throws {
    let folder = try TemporaryFolder()
    try TunedFolder.tune(into: folder.url.path)
    let path = try TunedFolder.databaseFile(in: folder.url)
    let sound = try String(contentsOfFile: path, encoding: .utf8)
    let end = try #require(sound.range(of: "\"entries\"")).lowerBound
    let damaged = sound[..<end].replacing(/"m": ?[0-9]+/, with: "\"m\": 15") + sound[end...]
    try #require(damaged != sound)
    try Data(damaged.utf8).write(to: URL(fileURLWithPath: path))

    let run = try ProgramRun("luthier", Self.bench + [path])
    #expect(run.status == 0, "\(run.errors)")
    let warning = run.errors.split(separator: "\n").first { $0.contains(" warning ") }
    #expect(warning?.contains("m=15") == true && warning?.contains(path) == true, "\(run.errors)")
    let show = try ProgramRun("tune", ["show", "--stale", "--database", folder.url.path])
    #expect(show.status == 0 && show.output.contains("m=15"), "\(show.output)")
    try TunedFolder.tune(into: folder.url.path)
    #expect(try !String(contentsOfFile: path, encoding: .utf8).contains(/"m": ?15\b/))
    let again = try ProgramRun("luthier", Self.bench + [path, "--strict"])
    #expect(again.status == 0 && !again.errors.contains(" warning "), "\(again.errors)")
  }

  @Test("Entries with a number that no kernel takes give way, with a warning, and are tuned again")
  func refusedEntries() throws {
    let folder = try TemporaryFolder()
    try TunedFolder.tune(into: folder.url.path)
    let path = try TunedFolder.databaseFile(in: folder.url)
    let platform = try PlatformFingerprint.current()
    let sound = try #require(try DatabaseFile(path: path).read())
    let entry = try #require(sound.entries.first { $0.winner?.configuration["m"] != nil })
    let winner = try #require(entry.winner)
    let spelled = String(decoding: try sound.encoded(), as: UTF8.self)
    // Profiles go, so that entries decide; the one winner's number everywhere, since a text does not say which line is whose.
    let number = try #require(winner.configuration["m"])
    let damaged = spelled.replacing(/"m": ?([0-9]+)/) { Int($0.1) == number ? "\"m\": 99" : String($0.0) }
    try Data(damaged.utf8).write(to: URL(fileURLWithPath: path))
    _ = platform
    let run = try ProgramRun("luthier", Self.bench + [path])
    #expect(run.status == 0 && run.errors.contains("m=99"), "\(run.errors)")
    #expect(run.errors.contains("serves"), "\(run.errors)")
    try TunedFolder.tune(into: folder.url.path)
    let show = try ProgramRun("tune", ["show", "--stale", "--database", folder.url.path])
    #expect(show.output.contains("no problem's result is stale"), "\(show.output)")
    #expect(try !String(contentsOfFile: path, encoding: .utf8).contains(/"m": ?99\b/))
  }

  @Test("A profile for no error that names an approximate kernel is not obeyed")
  func approximate() throws {
    let folder = try TemporaryFolder()
    let file = try DatabaseFile(folder: folder.url.path, platform: .current())
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 32, width: 32)
      .applying(GraphPass.standard)
    let registry = try KernelRegistry.standard()
    var layers: [NetworkProfile.Layer] = []
    for node in graph.nodes {
      guard case .layer(let problem, _) = node.operation,
        let candidate = registry.candidates(for: problem).first(where: \.errorClass.isApproximate)
      else { continue }
      layers.append(NetworkProfile.Layer(node: node.name, candidate: candidate, threads: 1))
    }
    try #require(!layers.isEmpty)
    for (allowed, error) in [(0, nil), (0, 0.001), (0.5, nil), (0.5, 0.82)] as [(Double, Double?)] {
      _ = try file.update(platform: .current()) { (database) throws(TuningDatabaseError) in
        database.record(
          NetworkProfile(
            key: graph.profileKey(threads: 1, allowedError: allowed), layers: layers, effort: .quick,
            maximumError: error))
      }
      let run = try ProgramRun(
        "luthier", Self.bench + [file.path, "--max-error", "\(allowed)"], environment: ["LUTHIER_VERBOSE": "1"])
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.errors.contains("is approximate, its recorded error \(error.map { "\(Float($0))" } ?? "none")"),
        "\(run.errors)")
      #expect(!run.errors.contains("the network's profile in"), "\(run.errors)")
    }
    _ = try file.update(platform: .current()) { (database) throws(TuningDatabaseError) in
      database.record(
        NetworkProfile(
          key: graph.profileKey(threads: 1, allowedError: 0.25), layers: layers, effort: .quick, maximumError: 0.2))
    }
    let run = try ProgramRun(
      "luthier", Self.bench + [file.path, "--max-error", "0.25"], environment: ["LUTHIER_VERBOSE": "1"])
    #expect(run.status == 0 && run.errors.contains("the network's profile in"), "\(run.errors)")
  }
}
