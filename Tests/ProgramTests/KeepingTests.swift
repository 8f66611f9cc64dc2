import Foundation
import Luthier
import Testing

@Suite("The commands that keep databases", .serialized)
struct KeepingTests {
  @Test("A fleet: processes that tune with other instruction sets at once merge into one folder with everything in it")
  func fleet() throws {
    let folder = try TemporaryFolder()
    let sets = InstructionSet.supported(on: .current).map(\.rawValue)
    let processes = try sets.map { name in
      let process = Process()
      process.executableURL = try ProgramRun.products().appendingPathComponent("tune")
      process.arguments =
        ["--platform", "this-host", "--database", folder.url.appendingPathComponent("node-\(name)").path]
        + TunedFolder.network
      process.environment = ProcessInfo.processInfo.environment.merging(["LUTHIER_ISA": name]) { $1 }
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      return process
    }
    for process in processes {
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
    let nodes = sets.map { folder.url.appendingPathComponent("node-\($0)").path }
    let all = folder.url.appendingPathComponent("all").path
    let merged = try ProgramRun("tune", ["merge"] + nodes + ["-o", all, "--json"])
    #expect(merged.status == 0, "\(merged.errors)")
    let rows = try #require(try JSONSerialization.jsonObject(with: Data(merged.output.utf8)) as? [[String: Any]])
    #expect(rows.count == sets.count)
    for row in rows {
      #expect((row["problems"] as? Int ?? 0) > 10)
      #expect(row["profiles"] as? Int == 1)
    }
    for node in nodes {
      let same = try ProgramRun("tune", ["diff", node, all])
      #expect(!same.output.contains("- ") && !same.output.contains("~ "), "\(same.output.prefix(200))")
    }
    // Again, in another order: the same bytes.
    let files = rows.compactMap { $0["file"] as? String }
    let before = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    _ = try ProgramRun("tune", ["merge"] + nodes.reversed() + ["-o", all])
    #expect(try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) } == before)
    if sets.count > 1 {
      let one = try ProgramRun("tune", ["merge"] + nodes + ["-o", folder.url.appendingPathComponent("one.json").path])
      #expect(one.status == 64)
      #expect(one.errors.contains("name a folder"))
      // Times of another platform are held against nothing.
      let foreign = try #require(files.first { $0.contains(InstructionSet.portable.rawValue) })
      for command in ["verify", "audit"] {
        let run = try ProgramRun(
          "tune", [command, "--database", foreign],
          environment: ["LUTHIER_ISA": InstructionSet.best(on: .current).rawValue])
        #expect(run.status == 65 && run.errors.contains("another platform"), "\(run.errors)")
      }
    }
  }

  @Test("diff, verify, audit, repro, time, export and prune do what they say on one tuned network")
  func commands() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.path
    try TunedFolder.tune(into: database)
    let file = try TunedFolder.databaseFile(in: folder.url)

    let same = try ProgramRun("tune", ["diff", database, file])
    #expect(same.output == "no difference\n")

    let verify = try ProgramRun("tune", ["verify", "--sample", "3", "--database", database, "--output", "json"])
    #expect(verify.status == 0, "\(verify.errors)")
    let verified = try #require(try JSONSerialization.jsonObject(with: Data(verify.output.utf8)) as? [[String: Any]])
    #expect(verified.count == 3)
    #expect(verified.allSatisfy { ($0["now_us"] as? Double ?? 0) > 0 && ($0["ratio"] as? Double ?? 0) > 0 })

    let audit = try ProgramRun("tune", ["audit", "--sample", "2", "--database", database, "--output", "json"])
    #expect(audit.status == 0, "\(audit.errors)")
    let audited = try audit.object()
    #expect((audited["problems"] as? [[String: Any]])?.count == 2)
    #expect((audited["median_regret"] as? Double ?? -1) >= 0)

    let repro = try ProgramRun("tune", ["repro", "dense210", "--database", database])
    #expect(repro.status == 0, "\(repro.errors)")
    let command = repro.output.trimmingCharacters(in: .newlines)
    #expect(!command.contains("\n") && command.contains(" time 'matrix-multiply "))
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", command + " --output json"]
    let pipe = Pipe()
    shell.standardOutput = pipe
    try shell.run()
    let printed = pipe.fileHandleForReading.readDataToEndOfFile()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0)
    let timed = try #require(try JSONSerialization.jsonObject(with: printed) as? [String: Any])
    #expect((timed["median_us"] as? Double ?? 0) > 0)
    #expect((timed["error"] as? Double ?? 1) < 1e-4)

    let named = try ProgramRun(
      "tune", ["repro", "dense210", "--kernel", "reference.matrix-multiply", "--database", database])
    #expect(named.output.contains("--kernel reference.matrix-multiply"), "\(named.errors)")
    let none = try ProgramRun(
      "tune",
      ["repro", "dense210", "--kernel", "direct.dense", "--configuration", "m=99999", "--database", database])
    #expect(none.status == 64 && none.errors.contains("it has"))

    let exported = folder.url.appendingPathComponent("exported.small").path
    let export = try ProgramRun(
      "tune", ["export", "--kernels", "direct,im2col", "-o", exported, "--database", database])
    #expect(export.status == 0, "\(export.errors)")
    let small = try String(contentsOfFile: exported, encoding: .utf8)
    #expect(small.count < (try String(contentsOfFile: file, encoding: .utf8).count) / 2)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(small.utf8)) as? [String: Any])
    let entries = try #require(object["entries"] as? [[String: Any]])
    let kernels = Set(
      entries.flatMap { ($0["candidates"] as? [[String: Any]] ?? []).compactMap { $0["kernel"] as? String } })
    #expect(kernels.count > 3)
    #expect(kernels.allSatisfy { $0.hasPrefix("direct.") || $0.hasPrefix("im2col.") })

    let before = try Data(contentsOf: URL(fileURLWithPath: file))
    let dry = try ProgramRun("tune", ["prune", "--dry-run", "--database", database])
    #expect(dry.output.contains("would remove 0 candidates"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    let bare = try ProgramRun("tune", ["prune", "--samples", "--database", database, "--json"])
    #expect((try bare.object()["without_samples"] as? Int ?? 0) > 10)
    #expect(try bare.object()["candidates"] as? Int == 0)
    let after = try Data(contentsOf: URL(fileURLWithPath: file))
    #expect(after.count < before.count)
  }

  /// Every record of a file's entries by problem and candidate.
  func records(in text: String) throws -> [String: [String: Any]] {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    var records: [String: [String: Any]] = [:]
    for entry in try #require(object["entries"] as? [[String: Any]]) {
      for record in entry["candidates"] as? [[String: Any]] ?? [] {
        let numbers = (record["configuration"] as? [String: Any] ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
        let name = ["\(entry["problem"] ?? "")", "\(record["kernel"] ?? "")"] + numbers
        records[name.joined(separator: " ")] = record
      }
    }
    return records
  }

  @Test("Results of a kernel that has changed are shown, verified as such, timed again alone, or pruned")
  func staleness() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.path
    try TunedFolder.tune(into: database)
    let file = try TunedFolder.databaseFile(in: folder.url)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let stale = text.replacingOccurrences(
      of: #""kernel": "direct.dense",(\s+)"version": \d+"#, with: #""kernel": "direct.dense",$1"version": 0"#,
      options: .regularExpression)
    try #require(stale != text)
    func spoil() throws { try Data(stale.utf8).write(to: URL(fileURLWithPath: file)) }
    try spoil()
    let show = try ProgramRun("tune", ["show", "--stale", "--database", database])
    #expect(show.output.contains("timed was 0"))
    let shown = try ProgramRun("tune", ["show", "--stale", "--database", database, "--json"])
    let rows = try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [[String: Any]])
    #expect(rows.count > 0 && rows.allSatisfy { ($0["stale"] as? [String])?.isEmpty == false })

    let verify = try ProgramRun("tune", ["verify", "--sample", "0", "--database", database, "--json"])
    #expect(verify.status == 0, "\(verify.errors)")
    for row in try #require(try JSONSerialization.jsonObject(with: Data(verify.output.utf8)) as? [[String: Any]]) {
      let isStale = (row["kernel"] as? String)?.hasPrefix("direct.dense") == true
      #expect((row["reason"] as? String)?.contains("stale") == (isStale ? true : nil))
      #expect((row["now_us"] != nil) == !isStale)
    }

    // What was timed and has not changed keeps its samples, unless it won and so is what the changed kernel races against.
    try TunedFolder.tune(into: database)
    let new = try records(in: String(contentsOfFile: file, encoding: .utf8))
    var kept = 0
    for (name, record) in try records(in: stale) {
      let kernel = try #require(record["kernel"] as? String)
      let found = try #require(new[name], "\(name) is gone")
      if kernel == "direct.dense" {
        #expect(found["version"] as? Int ?? 0 > 0)
      } else if record["verdict"] as? String != "won", found["verdict"] as? String != "won" {
        #expect(found["time"] as? NSDictionary == record["time"] as? NSDictionary)
        kept += 1
      }
    }
    #expect(kept > 20)
    #expect(try ProgramRun("tune", ["show", "--stale", "--database", database, "--json"]).output == "[\n\n]\n")

    try spoil()
    let prune = try ProgramRun("tune", ["prune", "--stale", "--database", database, "--output", "json"])
    #expect((try prune.object()["candidates"] as? Int ?? 0) > 0)
    let pruned = try ProgramRun("tune", ["show", "--stale", "--database", database])
    #expect(pruned.status == 0 && !pruned.output.contains("timed was 0"))
  }

  @Test(
    "Bad input of these commands is one line and the right status",
    arguments: [
      (["merge", "/no/such/folder", "-o", "/no/such/output"], 66), (["diff", "/no/such/a", "/no/such/b"], 66),
      (["prune", "--database", "/no/such/folder"], 66), (["verify", "--database", "/no/such/folder"], 66),
      (["audit", "--sample", "-1"], 64), (["time", "nonsense"], 65),
      (["time", "softmax b=1"], 65), (["repro", "x", "--database", "/no/such/folder"], 66),
    ] as [([String], Int32)])
  func badInput(arguments: [String], status: Int32) throws {
    let run = try ProgramRun("tune", arguments)
    #expect(run.status == status, "\(run.errors)")
    // The argument parser adds its usage and a pointer to the help; every other error is one line.
    let lines = run.errors.split(separator: "\n").count
    #expect(status == 64 ? lines >= 1 : lines == 1, "\(run.errors)")
    #expect(run.output.isEmpty)
  }
}
