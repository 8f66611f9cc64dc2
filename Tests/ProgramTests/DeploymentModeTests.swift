import Foundation
import Luthier
import Testing

@Suite("What a deployment does about layers that nobody has tuned", .serialized)
struct DeploymentModeTests {
  @Test("What a deployment met untuned is recorded once, and tuned offline from that file")
  func misses() throws {
    let folder = try TemporaryFolder()
    let database = try folder.folder("database")
    let file = folder.url.appendingPathComponent("misses.jsonl").path
    let arguments = ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "2", "--profile", database]
    let strict = try ProgramRun("luthier", arguments + ["--strict", "--record", file])
    #expect(strict.status == 65)
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 10)
    _ = try ProgramRun("luthier", arguments + ["--record", file])
    #expect(try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") == lines)

    for line in lines {
      let miss = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(Set(miss.keys) == ["problem", "threads"])
    }

    let tuned = try ProgramRun("tune", ["--misses", file, "--effort", "quick", "--database", database])
    #expect(tuned.status == 0, "\(tuned.errors)")
    let now = try ProgramRun("luthier", arguments + ["--strict"], environment: ["LUTHIER_VERBOSE": "1"])
    #expect(now.status == 0, "\(now.errors)")
    let layers = now.errors.split(separator: "\n").filter { $0.contains("convolution n=1") }
    let tunedFile = try TunedFolder.databaseFile(in: URL(fileURLWithPath: database))
    #expect(layers.count == 56 && layers.allSatisfy { $0.hasSuffix("[exact, the problem in \(tunedFile)]") })

    let many = try folder.file("many.jsonl")
    let problem = try #require(try MissesFile(path: file).read().first).problem
    try MissesFile(path: many).record([MissesFile.Miss(problem: problem, threads: 9999)])
    let refused = try ProgramRun("tune", ["--misses", many, "--database", database])
    #expect(refused.status == 65 && refused.errors.contains("9999 threads"), "\(refused.errors)")

    let broken = try folder.file("broken.jsonl", Data("\n{\"problem\": 3}\n".utf8))
    let reader = try ProgramRun("tune", ["--misses", broken, "--database", database])
    #expect(reader.status == 65 && reader.errors.contains("\(broken) is no file of misses, line 2"), "\(reader.errors)")
    #expect(!reader.errors.contains("the tuning database"))
    #expect(try ProgramRun("tune", ["--misses", broken + ".none", "--database", database]).status == 66)
  }

  @Test("A profile that is named has to be there; one that does not fit is a notice, and an error in strict mode")
  func missingProfile() throws {
    let folder = try TemporaryFolder()
    let arguments = ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "2", "--profile"]
    for path in ["none.json", "none", "none/none.json"].map({ folder.url.appendingPathComponent($0).path }) {
      for command in [arguments + [path], arguments + [path, "--strict"], arguments + [path, "--kernels", "direct"]] {
        let run = try ProgramRun("luthier", command)
        #expect(run.status == 66 && run.output.isEmpty, "\(run.errors)")
        let lines = run.errors.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].hasPrefix("error: there is no tuned database at \(path)"), "\(run.errors)")
      }
    }
    try TunedFolder.tune(into: folder.url.path)
    let file = try TunedFolder.databaseFile(in: folder.url)
    var other = arguments
    other[3] = "40"
    let run = try ProgramRun("luthier", other + [file])
    #expect(run.status == 0 && run.errors.contains("no tuned profile of shufflenet_v2_x0_5"), "\(run.errors)")
    #expect(try ProgramRun("luthier", other + [file, "--strict"]).status == 65)
  }

  @Test("No candidate is blamed for the memory that the threads themselves take")
  func manyThreads() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("misses.jsonl")
    let problem = try ElementwiseProblem(.relu, shape: TensorShape([1, 16, 8, 8])).key
    try MissesFile(path: file).record([MissesFile.Miss(problem: problem, threads: 64)])
    let run = try ProgramRun(
      "tune", ["--misses", file, "--effort", "quick", "--memory-limit", "256", "--database", folder.url.path])
    #expect(run.status == 0 && !run.errors.contains("out of the race"), "\(run.errors)")
  }

  @Test("Processes that record the same misses at once leave each of them once, in whole lines")
  func racingMisses() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("misses.jsonl").path
    let processes = try (0..<6).map { index in
      let process = Process()
      process.executableURL = try ProgramRun.products().appendingPathComponent("luthier")
      process.arguments = [
        "bench", "shufflenet_v2_x0_5", "--input-size", index % 2 == 0 ? "32" : "64", "--runs", "1", "--profile",
        folder.url.path, "--record", file,
      ]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      return process
    }
    for process in processes {
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(Set(lines).count == lines.count)
    #expect(try MissesFile(path: file).read().count == lines.count)
    #expect(lines.contains { $0.contains(" h=32 ") } && lines.contains { $0.contains(" h=64 ") })
  }

  @Test("luthier run is strict and records, as every command that runs a network")
  func runModes() throws {
    let folder = try TemporaryFolder()
    let (input, output) = (try folder.file("input.pb"), try folder.file("output.pb"))
    try TensorFile.write(Tensor(shape: TensorShape([1, 3, 32, 32]), repeating: 0.5), to: input)
    let database = try folder.folder("database")
    let misses = folder.url.appendingPathComponent("misses.jsonl").path
    let arguments = [
      "run", "shufflenet_v2_x0_5", "--input-size", "32", "--input", input, "--output", output, "--profile", database,
      "--strict",
    ]
    let strict = try ProgramRun("luthier", arguments + ["--record", misses])
    #expect(strict.status == 65)
    #expect(strict.errors.contains("strict mode: 59 layers are not tuned") && strict.errors.contains("convolution n=1"))
    #expect(!FileManager.default.fileExists(atPath: output))
    let tuned = try ProgramRun("tune", ["--misses", misses, "--effort", "quick", "--database", database, "--json"])
    #expect(tuned.status == 0, "\(tuned.errors)")
    let run = try ProgramRun("luthier", arguments)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try TensorFile.read(output).shape == TensorShape([1, 1000]))
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
    #expect(untuned.allSatisfy { $0.contains("[heuristic]") && $0.contains(".") && $0.contains(": convolution n=1") })
    try TunedFolder.tune(into: folder.url.path)
    let file = try TunedFolder.databaseFile(in: folder.url)
    #expect(try lines(arguments).allSatisfy { $0.contains("[exact, the network's profile in \(file)]") })
    // Another size of the same network: no profile, but neighbours of its problems.
    var other = arguments
    other[3] = "40"
    #expect(try lines(other).contains { $0.contains("[nearest, ") && $0.contains("in \(file)]") })
  }
}
