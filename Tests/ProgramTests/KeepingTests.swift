import Foundation
import Luthier
import Testing

@Suite("The commands that keep databases", .serialized)
struct KeepingTests {
  static let network = ["--network", "shufflenet_v2_x0_5", "--input-size", "32", "--effort", "quick"]

  func tune(into folder: String, _ arguments: [String] = network, environment: [String: String] = [:]) throws {
    let run = try ProgramRun(
      "tune", ["--platform", "this-host", "--database", folder] + arguments, environment: environment)
    try #require(run.status == 0, "\(run.errors)")
  }

  func databaseFile(in folder: URL) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return folder.appendingPathComponent(try #require(names.first { $0.hasSuffix(".json") })).path
  }

  @Test("A fleet: processes that tune with other instruction sets at once merge into one folder with everything in it")
  func fleet() throws {
    let folder = try TemporaryFolder()
    let sets = InstructionSet.supported(on: .current).map(\.rawValue)
    let processes = try sets.map { name in
      let process = Process()
      process.executableURL = try ProgramRun.products().appendingPathComponent("tune")
      process.arguments =
        ["--platform", "this-host", "--database", folder.url.appendingPathComponent("node-\(name)").path] + Self.network
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
    let merged = try ProgramRun("tune", ["merge"] + nodes + ["-o", all, "--format", "json"])
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
    }
  }

  @Test("diff, verify, audit, repro, time, export and prune do what they say on one tuned network")
  func commands() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.path
    try tune(into: database)
    let file = try databaseFile(in: folder.url)

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
    // A kernel of another version than today's is stale.
    let text = try #require(String(data: before, encoding: .utf8))
    let stale = text.replacingOccurrences(
      of: #""kernel": "direct.dense",(\s+)"version": \d+"#, with: #""kernel": "direct.dense",$1"version": 999"#,
      options: .regularExpression)
    try #require(stale != text)
    try Data(stale.utf8).write(to: URL(fileURLWithPath: file))
    let show = try ProgramRun("tune", ["show", "--stale", "--database", database])
    #expect(show.output.contains("timed was 999"))
    let prune = try ProgramRun("tune", ["prune", "--database", database, "--output", "json"])
    #expect((try prune.object()["candidates"] as? Int ?? 0) > 0)
    #expect(try ProgramRun("tune", ["show", "--stale", "--database", database]).output.contains("999") == false)
  }

  @Test("What a deployment met untuned is recorded once, and tuned offline from that file")
  func misses() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.appendingPathComponent("database").path
    let file = folder.url.appendingPathComponent("misses.jsonl").path
    let arguments = ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "2", "--profile", database]
    let strict = try ProgramRun("luthier", arguments + ["--strict", "--record", file])
    #expect(strict.status == 65)
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 10)
    _ = try ProgramRun("luthier", arguments + ["--record", file])
    #expect(try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") == lines)

    let tuned = try ProgramRun("tune", ["--misses", file, "--effort", "quick", "--database", database])
    #expect(tuned.status == 0, "\(tuned.errors)")
    let now = try ProgramRun("luthier", arguments + ["--strict"])
    #expect(now.status == 0, "\(now.errors)")

    let broken = folder.url.appendingPathComponent("broken.jsonl").path
    try Data("{\"problem\": 3}\n".utf8).write(to: URL(fileURLWithPath: broken))
    #expect(try ProgramRun("tune", ["--misses", broken, "--database", database]).status == 65)
    #expect(try ProgramRun("tune", ["--misses", broken + ".none", "--database", database]).status == 66)
  }

  @Test("At loading a line a layer says the problem, the kernel, and where the choice came from")
  func verbose() throws {
    let folder = try TemporaryFolder()
    let arguments = ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "2", "--profile", folder.url.path]
    func lines(_ arguments: [String]) throws -> [Substring] {
      let run = try ProgramRun("luthier", arguments, environment: ["LUTHIER_VERBOSE": "1"])
      #expect(run.status == 0, "\(run.errors)")
      return run.errors.split(separator: "\n").filter { $0.contains("convolution n=1") }
    }
    let untuned = try lines(arguments)
    #expect(untuned.count == 56)
    #expect(untuned.allSatisfy { $0.contains("[heuristic]") && $0.contains("direct.") || $0.contains("im2col.") })
    try tune(into: folder.url.path)
    let file = try databaseFile(in: folder.url)
    #expect(try lines(arguments).allSatisfy { $0.contains("[profile \(file)]") })
    // Another size of the same network: no profile, but neighbours of its problems.
    var other = arguments
    other[3] = "40"
    #expect(try lines(other).contains { $0.contains("[nearest ") })
  }

  @Test(
    "Bad input of these commands is one line and the right status",
    arguments: [
      (["merge", "/no/such/folder", "-o", "/tmp/x"], 66), (["diff", "/no/such/a", "/no/such/b"], 66),
      (["prune", "--database", "/no/such/folder"], 66), (["verify", "--database", "/no/such/folder"], 66),
      (["audit", "--sample", "-1"], 64), (["time", "nonsense"], 65),
      (["time", "softmax b=1"], 65), (["repro", "x", "--database", "/no/such/folder"], 66),
    ] as [([String], Int32)])
  func badInput(arguments: [String], status: Int32) throws {
    let run = try ProgramRun("tune", arguments)
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count >= 1)
    #expect(run.output.isEmpty)
  }
}
