import Foundation
import Luthier
import Testing

@Suite("The program tune", .serialized)
struct TuneProgramTests {
  static let network = ["--network", "shufflenet_v2_x0_5", "--input-size", "32", "--effort", "quick"]

  @Test("Tunes a network into a new folder, says what it chose, and needs no second time")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.appendingPathComponent("database").path
    let arguments = ["--platform", "this-host", "--database", database] + Self.network
    let first = try ProgramRun("tune", arguments + ["--output", "json"])
    #expect(first.status == 0, "\(first.errors)")
    let report = try first.object()
    let networks = try #require(report["networks"] as? [[String: Any]])
    let layers = try #require(networks[0]["layers"] as? [[String: Any]])
    #expect(layers.count == 59)
    #expect(layers.allSatisfy { ($0["kernel"] as? String)?.contains(".") == true })
    let untuned = try #require(networks[0]["untuned_ms"] as? Double)
    let tuned = try #require(networks[0]["tuned_ms"] as? Double)
    // The fastest of three by one race's medians: never slower than untuned but for the band of ties.
    #expect(tuned <= untuned * 1.05)

    let file = try #require(report["database"] as? String)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    let second = try ProgramRun("tune", arguments)
    #expect(second.status == 0)
    #expect(second.output.contains("nothing has changed"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == bytes)
    let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    #expect(object["platform"] != nil)
    try Self.checkTable(second.output, layers: layers)

    let show = try ProgramRun("tune", ["show", "--database", database])
    #expect(show.output.contains("convolution n=1"))
    let problem = try #require(layers[5]["problem"] as? String)
    let explain = try ProgramRun("tune", ["explain", problem, "--database", database])
    #expect(explain.status == 0)
    #expect(explain.output.contains("does-not-apply"))
    #expect(explain.output.contains("won"))

    let bench = try ProgramRun(
      "luthier",
      ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "5", "--profile", database, "--output", "json"])
    #expect(bench.status == 0, "\(bench.errors)")
    #expect(!bench.errors.contains("no tuned profile"))
    let result = try bench.object()
    for key in ["network", "threads", "median_ms", "min_ms", "spread", "runs"] { #expect(result[key] != nil, "\(key)") }
  }

  /// A row a problem and kernel, whose numbers of layers add up to the network's, and nothing is slower by less than nothing.
  static func checkTable(_ text: String, layers: [[String: Any]]) throws {
    let lines = text.components(separatedBy: "\n")
    let rule = try #require(lines.firstIndex { $0.hasPrefix("---") })
    #expect(lines[rule - 1].contains("first layer") && lines[rule - 1].contains("which is"))
    let rows = lines[(rule + 1)...].prefix { !$0.isEmpty }.map { $0.split(separator: " ") }
    #expect(rows.count == Set(layers.map { "\($0["problem"] ?? "") \($0["kernel"] ?? "")" }).count)
    #expect(try rows.map { try #require(Int($0[1])) }.reduce(0, +) == layers.count)
    #expect(!rows.contains { row in row.contains { $0.hasPrefix("-") && $0.count > 1 } })
  }

  @Test("Says what stands against a candidate that is faster alone: what converting its operands costs")
  func conversions() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.appendingPathComponent("database")
    let model = try folder.file(
      "model.onnx",
      SmallModel(
        [SmallModel.Node("Relu", ["x"], ["y"])], inputs: [SmallModel.Port("x", 1, "1x8x12x12")],
        outputs: [SmallModel.Port("y", 1, "1x8x12x12")]
      ).data)
    let arguments = ["--network", model, "--effort", "quick"]
    try TunedFolder.tune(into: database.path, arguments)
    let url = URL(fileURLWithPath: try TunedFolder.databaseFile(in: database))
    var object = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    var entries = try #require(object["entries"] as? [[String: Any]])
    let profiles = try #require(object["profiles"] as? [[String: Any]])
    let layers = try #require(profiles.first?["layers"] as? [[String: Any]])
    // The first candidate in other layouts than the chosen one has won, with a hundredth of its time.
    var hasChanged = false
    for index in entries.indices where !hasChanged {
      let problem = entries[index]["problem"] as? String
      guard let layer = layers.first(where: { $0["problem"] as? String == problem }),
        var candidates = entries[index]["candidates"] as? [[String: Any]],
        let other = candidates.firstIndex(where: {
          ["won", "tied", "lost", "dropped"].contains($0["verdict"] as? String)
            && $0["layouts"] as? NSObject != layer["layouts"] as? NSObject
        })
      else { continue }
      for candidate in candidates.indices where ["won", "tied"].contains(candidates[candidate]["verdict"] as? String) {
        candidates[candidate]["verdict"] = "lost"
      }
      for (name, value) in candidates[other] {
        if let number = value as? Double, name.hasSuffix("Nanoseconds") { candidates[other][name] = number / 100 }
        if let samples = value as? [Double] { candidates[other][name] = samples.map { $0 / 100 } }
      }
      candidates[other]["verdict"] = "won"
      entries[index]["candidates"] = candidates
      hasChanged = true
    }
    try #require(hasChanged)
    object["entries"] = entries
    try JSONSerialization.data(withJSONObject: object).write(to: url)
    let run = try ProgramRun("tune", ["--platform", "this-host", "--database", database.path] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("nothing has changed"), "\(run.output)")
    #expect(run.output.contains(" % faster, but for conversions of "), "\(run.output)")
  }

  @Test("Lists every kernel family")
  func kernels() throws {
    let run = try ProgramRun("tune", ["kernels"])
    #expect(run.status == 0)
    for family in ["reference", "direct", "im2col", "winograd", "decomposed"] { #expect(run.output.contains(family)) }
  }

  @Test("Every instruction set can be forced", arguments: ["portable", "avx2", "avx512"])
  func instructionSets(name: String) throws {
    let run = try ProgramRun(
      "luthier", ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "3", "--output", "json"],
      environment: ["LUTHIER_ISA": name])
    let set = try #require(InstructionSet(rawValue: name))
    if InstructionSet.supported(on: .current).contains(set) {
      #expect(run.status == 0, "\(run.errors)")
    } else {
      #expect(run.status == 64 && run.errors.contains("LUTHIER_ISA"))
    }
  }

  @Test("Ctrl-C ends tuning cleanly and the same command goes on from there")
  func interruption() throws {
    let folder = try TemporaryFolder()
    let arguments =
      [
        "--platform", "this-host", "--database", folder.url.path, "--network", "shufflenet_v2_x0_5", "--input-size",
        "64",
        "--effort", "thorough",
      ]
    let process = Process()
    process.executableURL = try ProgramRun.products().appendingPathComponent("tune")
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let journal = folder.url
    func hasJournal() -> Bool {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: journal.path)) ?? []
      return names.contains { $0.hasSuffix(".journal.jsonl") }
    }
    for _ in 0..<600 where !hasJournal() && process.isRunning { usleep(50_000) }
    #expect(hasJournal())
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text.contains("goes on from there"))
    let show = try ProgramRun("tune", ["--platform", "this-host", "--database", folder.url.path] + Self.network)
    #expect(show.status == 0)
    #expect(!hasJournal())
  }
}
