import Foundation
import Luthier
import Testing

@Suite("Plugins that are loaded at run time", .serialized)
struct PluginTests {

  /// Compiles C into a library.
  static func compile(_ source: String, to folder: URL, name: String = "plugin.so", flags: [String] = []) throws
    -> String
  {
    let path = folder.appendingPathComponent(name).path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      [
        "clang", "-O2", "-shared", "-fPIC", "-I", Checkout.root.appendingPathComponent("Sources/LuthierC/include").path,
        "-o",
        path, source,
      ] + flags
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "clang does not compile \(source)")
    return path
  }

  static func example(in folder: URL) throws -> String {
    try compile(Checkout.root.appendingPathComponent("Plugins/Examples/CPlugin/plain_relu.c").path, to: folder)
  }

  func reluKey() throws -> String {
    ElementwiseProblem(.relu, shape: try TensorShape([1, 16, 64, 64])).key.description
  }

  @Test("The C example is listed with its version, file and scope, by option and by environment")
  func listed() throws {
    let folder = try TemporaryFolder()
    let plugin = try Self.example(in: folder.url)
    for (arguments, environment) in [(["--plugin", plugin], [:]), ([], ["LUTHIER_PLUGINS": plugin])] {
      let run = try ProgramRun("tune", ["kernels", "--output", "json"] + arguments, environment: environment)
      #expect(run.status == 0, "\(run.errors)")
      let kernels = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
      let own = try #require(kernels.first { $0["kernel"] as? String == "plain.relu" })
      #expect((own["origin"] as? String)?.hasPrefix("plain 1.0.0 (") == true)
      #expect(own["version"] as? Int == 1)
      #expect(
        kernels.contains { $0["origin"] as? String == "built in" && ($0["applies_to"] as? [String])?.isEmpty == false })
    }
  }

  @Test("The C example is checked, timed and used; without the plugin its results are no winner's")
  func tuned() throws {
    let folder = try TemporaryFolder()
    let plugin = try Self.example(in: folder.url)
    let key = try reluKey()
    let time = try ProgramRun("tune", ["time", key, "--kernel", "plain.relu", "--plugin", plugin, "--output", "json"])
    #expect(time.status == 0, "\(time.errors)")
    #expect(try time.object()["error"] as? Double == 0)
    let misses = folder.url.appendingPathComponent("misses.jsonl")
    try Data("{\"problem\": \"\(key)\", \"threads\": 2}\n".utf8).write(to: misses)
    let database = folder.url.appendingPathComponent("database").path
    let tune = try ProgramRun(
      "tune",
      ["--misses", misses.path, "--effort", "quick", "--database", database, "--plugin", plugin])
    #expect(tune.status == 0, "\(tune.errors)")
    let explain = try ProgramRun(
      "tune", ["explain", key, "--threads", "2", "--database", database, "--plugin", plugin, "--output", "json"])
    #expect(explain.status == 0, "\(explain.errors)")
    let rows = try #require(try explain.object()["candidates"] as? [[String: Any]])
    let own = try #require(rows.first { $0["candidate"] as? String == "plain.relu" })
    #expect((own["median_us"] as? Double ?? 0) > 0)
    #expect(own["error"] as? Double == 0)
  }

  @Test(
    "A plugin that is none, of another version, without entry, or that crashes in a kernel is one line; the rest goes on"
  )
  func broken() throws {
    let folder = try TemporaryFolder()
    func source(_ text: String, _ name: String) throws -> String {
      let path = folder.url.appendingPathComponent(name + ".c").path
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      return try Self.compile(path, to: folder.url, name: name + ".so")
    }
    let other = try source(
      "#include \"luthier_plugin.h\"\nstatic const luthier_plugin p = {.abi_version = 999};\n"
        + "const luthier_plugin *luthier_plugin_entry(void) { return &p; }\n", "other")
    let none = try source("int nothing(void) { return 0; }\n", "none")
    let null = try source(
      "#include \"luthier_plugin.h\"\nconst luthier_plugin *luthier_plugin_entry(void) { return 0; }\n", "null")
    let text = folder.url.appendingPathComponent("text.so").path
    try Data("no library\n".utf8).write(to: URL(fileURLWithPath: text))
    for (path, words) in [
      (other, "version 999"), (none, "exports neither"), (null, "cannot serve"), (text, "cannot be loaded"),
      ("/no/such/plugin.so", "no such file"), (folder.url.path, "no such file"),
    ] {
      let run = try ProgramRun("tune", ["kernels", "--plugin", path])
      #expect(run.status == 0)
      #expect(run.output.contains("direct.depthwise.planes"))
      let lines = run.errors.split(separator: "\n")
      #expect(lines.count == 1 && lines.first?.contains(words) == true, "\(run.errors)")
    }
  }

  @Test("A plugin that is a pipe, a device, cut off or built for another processor is one line, and nothing waits")
  func hostileFiles() throws {
    let folder = try TemporaryFolder()
    let library = try Data(contentsOf: URL(fileURLWithPath: try Self.example(in: folder.url)))
    let pipe = try folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    var files = [(pipe, "a pipe or a device"), ("/dev/zero", "a pipe or a device"), ("plugin.so", "no such file")]
    // The section headers at the end are nothing that the loader needs, so only the first half cannot be spared.
    for size in [0, 10, 63, 64, 100, 500, 2000, 4096, library.count / 2] {
      files.append((try folder.file("cut-\(size).so", library.prefix(size)), "cannot be loaded"))
    }
    var foreign = library
    foreign[18] ^= 0xFF
    files.append((try folder.file("foreign.so", foreign), "another processor"))
    for (path, words) in files {
      let run = try ProgramRun("tune", ["kernels", "--plugin", path], timeout: 60)
      #expect(run.status == 0, "\(path): \(run.errors)")
      #expect(run.output.contains("direct.depthwise.planes"))
      let lines = run.errors.split(separator: "\n")
      #expect(lines.count == 1 && lines.first?.contains(words) == true, "\(path): \(run.errors)")
    }
  }

  @Test("The loader's search path is never asked: a name without a slash is a file of the working folder")
  func bareName() throws {
    let folder = try TemporaryFolder()
    _ = try Self.example(in: folder.url)
    for (name, isFound) in [("plugin.so", true), ("libc.so.6", false)] {
      let run = try ProgramRun("tune", ["kernels", "--plugin", name], folder: folder.url)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("plain.relu") == isFound)
      #expect(run.errors.contains("no such file") == !isFound)
    }
  }

  @Test("A plugin whose entry point crashes ends the program by its signal, with nothing written")
  func dyingEntry() throws {
    let folder = try TemporaryFolder()
    let source = try folder.file(
      "dying.c",
      Data(
        ("#include \"luthier_plugin.h\"\n#include <stdlib.h>\n"
          + "const luthier_plugin *luthier_plugin_entry(void) { abort(); }\n").utf8))
    let plugin = try Self.compile(source, to: folder.url)
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    let run = try ProgramRun("tune", ["kernels", "--plugin", plugin], folder: folder.url)
    #expect(run.status == -SIGABRT, "\(run.errors)")
    #expect(run.output.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == before)
  }

  @Test(
    "A plugin whose entry point never returns is ended by the first signal that asks for it, with nothing written",
    arguments: [SIGINT, SIGTERM], [["kernels"], ["--network", "shufflenet_v2_x0_5"], ["--misses", "misses.jsonl"]])
  func hangingEntry(signal: Int32, arguments: [String]) throws {
    let folder = try TemporaryFolder()
    // It sends the signal itself, as soon as it hangs, so that no clock decides when.
    let source = try folder.file(
      "hanging.c",
      Data(
        ("#include \"luthier_plugin.h\"\n#include <signal.h>\n#include <unistd.h>\n"
          + "const luthier_plugin *luthier_plugin_entry(void) {\n"
          + "  write(2, \"entered\", 7); kill(getpid(), \(signal)); for (;;) pause();\n}\n").utf8))
    let plugin = try Self.compile(source, to: folder.url)
    _ = try folder.file("misses.jsonl", Data("{\"problem\": \"\(try reluKey())\", \"threads\": 1}\n".utf8))
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    let run = try ProgramRun(
      "tune", arguments + ["--plugin", plugin] + (arguments[0] == "kernels" ? [] : ["--database", "database"]),
      folder: folder.url,
      // A shell starts what is in the background with Ctrl-C ignored.
      behind: ["/usr/bin/env", "--default-signal=INT"], timeout: 60)
    #expect(run.status == -signal, "\(run.errors)")
    #expect(run.errors == "entered")
    #expect(run.output.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == before)
  }

  @Test("A C kernel that dies while it is tried is out of the race, and tuning goes on")
  func crash() throws {
    let folder = try TemporaryFolder()
    let example = try String(
      contentsOf: Checkout.root.appendingPathComponent("Plugins/Examples/CPlugin/plain_relu.c"), encoding: .utf8)
    let path = folder.url.appendingPathComponent("dying.c").path
    let dying = example.replacingOccurrences(
      of: "  const float *input = arguments->inputs[0];",
      with: "  const float *input = arguments->inputs[0];\n  abort();")
    try #require(dying != example)
    try Data(dying.utf8).write(to: URL(fileURLWithPath: path))
    let plugin = try Self.compile(path, to: folder.url)
    let misses = folder.url.appendingPathComponent("misses.jsonl")
    try Data("{\"problem\": \"\(try reluKey())\", \"threads\": 1}\n".utf8).write(to: misses)
    let run = try ProgramRun(
      "tune",
      [
        "--misses", misses.path, "--effort", "quick", "--database", folder.url.appendingPathComponent("database").path,
        "--plugin", plugin,
      ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("plain.relu is out of the race: its process ended by signal 6"))
    #expect(!run.output.contains("no winner"))
  }
}
