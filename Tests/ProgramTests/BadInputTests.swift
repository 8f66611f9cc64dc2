import Foundation
import Luthier
import Testing

@Suite("Bad input gets one line and its exit code")
struct BadInputTests {
  /// A run that has to fail: what it is, its arguments, and the exit code.
  struct Case: CustomTestStringConvertible, Sendable {
    let program: String
    let arguments: [String]
    let status: Int32
    var testDescription: String { "\(program) \(arguments.joined(separator: " "))" }
  }

  static let usage: [Case] = [
    ["tune", "--platform", "another-host"], ["tune", "--platform", "this-host", "--network", "no_such_network"],
    ["tune", "--threads", "0"], ["tune", "--threads", "1000000"], ["tune", "--threads", "1,,2"],
    ["tune", "--threads", "x"], ["tune", "--effort", "extreme"], ["tune", "--max-error", "-1"],
    ["tune", "--max-error", "nan"], ["tune", "--input-size", "0"], ["tune", "--input-size", "99999999999999999999"],
    ["tune", "--input-size", "-3x5"], ["tune", "--batch", "0"], ["tune", "--batch", "1000000"],
    ["tune", "--output", "xml"], ["tune", "--no-such-option"], ["tune", "explain"], ["tune", "extra"],
    ["tune", "verify", "--tolerance", "nan"], ["tune", "diff", "one"], ["tune", "diff", "a", "b", "--tolerance", "-1"],
    ["tune", "merge", "a"], ["tune", "audit", "--sample", "x"], ["tune", "benchmark", "stability", "--runs", "0"],
    ["luthier", "bench", "no_such_network"], ["luthier", "bench", "shufflenet_v2_x0_5", "--threads", "0"],
    ["luthier", "bench", "shufflenet_v2_x0_5", "--threads", "1000000"],
    ["luthier", "bench", "shufflenet_v2_x0_5", "--runs", "0"],
    ["luthier", "bench", "shufflenet_v2_x0_5", "--kernels", "no-such-family"],
    ["luthier", "profile", "shufflenet_v2_x0_5", "--runs", "-1"], ["luthier", "no-such-command"],
    ["luthier", "detect", "x.jpg", "--network", "y.onnx", "--threshold", "7"],
    ["luthier", "classify", "x.jpg", "--network", "y.onnx", "--top", "0"],
    ["luthier", "bench", "shufflenet_v2_x0_5", "--shape", "x=1x3x32x32"], ["luthier", "inspect", "no_such_network"],
    ["luthier", "bench", "shufflenet_v2_x0_5", "--shape", "x=1", "--shape", "x=2"],
  ].map { Case(program: $0[0], arguments: Array($0.dropFirst()), status: 64) }

  static let missing: [Case] = [
    ["luthier", "bench", "/no/such/model.onnx"], ["luthier", "flops", "/no/such/model.onnx"],
    ["luthier", "inspect", "/no/such/model.onnx"],
    ["luthier", "run", "/no/such/model.onnx", "--input", "/no/such.pb", "--output", "/dev/null"],
    ["luthier", "classify", "/no/such/photo.jpg", "--network", "shufflenet_v2_x0_5"],
    ["luthier", "detect", "/no/such/photo.jpg", "--network", "shufflenet_v2_x0_5"],
    ["luthier", "export", "/no/such/model.onnx", "--output", "/dev/null"],
    ["tune", "--network", "/no/such/model.onnx"], ["tune", "show", "--database", "/no/such/folder"],
    ["luthier", "bench", "/"],
    ["luthier", "run", "shufflenet_v2_x0_5", "--input", "/no/such.pb", "--output", "/dev/null"],
  ].map { Case(program: $0[0], arguments: Array($0.dropFirst()), status: 66) }

  func check(_ run: ProgramRun, _ status: Int32, _ what: String) {
    #expect(run.status == status, "\(what): \(run.errors)")
    let lines = run.errors.split(separator: "\n").filter { !$0.contains(" notice ") && !$0.contains(" warning ") }
    #expect(!lines.isEmpty, "\(what) says nothing")
    #expect(lines.count == 1, "\(what): \(run.errors)")
    #expect(!run.errors.contains("Fatal error"), "\(run.errors)")
  }

  @Test("Wrong arguments are usage errors", arguments: usage)
  func wrongArguments(test: Case) throws {
    check(try ProgramRun(test.program, test.arguments), test.status, test.testDescription)
  }

  @Test("Files that are not there are named", arguments: missing)
  func missingFiles(test: Case) throws {
    check(try ProgramRun(test.program, test.arguments), test.status, test.testDescription)
  }

  /// A small model's bytes, to be spoilt.
  static func model() throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = try folder.file("small.onnx")
    let run = try ProgramRun("luthier", ["export", "shufflenet_v2_x0_5", "--input-size", "32", "--output", path])
    #expect(run.status == 0, "\(run.errors)")
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test("Models that are cut short or spoilt are bad data, never a crash")
  func hostileModels() throws {
    let folder = try TemporaryFolder()
    let whole = try Self.model()
    var inputs: [(String, [UInt8])] = [
      ("empty", []), ("text", Array("not a model".utf8)), ("ones", Array(repeating: 255, count: 4096)),
    ]
    for part in [1, 7, 100, 1000, whole.count / 3, whole.count / 2, whole.count - 1] {
      inputs.append(("cut at \(part)", Array(whole[..<part])))
    }
    var state: UInt64 = 42
    for seed in 0..<20 {
      var bytes = whole
      for _ in 0..<8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Mostly where the structure is: names, sizes and attributes stand after the nodes' tags at the front.
        let limit = seed % 2 == 0 ? 20_000 : bytes.count
        bytes[Int(state >> 33) % limit] = UInt8(truncatingIfNeeded: state >> 20)
      }
      inputs.append(("seed \(seed)", bytes))
    }
    for (name, bytes) in inputs {
      let path = try folder.file("model.onnx", Data(bytes))
      let run = try ProgramRun("luthier", ["flops", path], timeout: 20)
      // A flipped byte of a weight or a name leaves a valid model.
      let isAllowed = run.status == 65 || name.hasPrefix("seed") && run.status == 0
      #expect(isAllowed, "\(name): \(run.status) \(run.errors)")
      if run.status != 0 { #expect(run.errors.split(separator: "\n").count == 1, "\(name): \(run.errors)") }
    }
  }

  @Test("Pictures, tensors, labels and databases that are no such things are bad data")
  func hostileFiles() throws {
    let folder = try TemporaryFolder()
    let text = try folder.file("text.jpg", Data("no picture".utf8))
    let cut = try folder.file("cut.jpg", Data([0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46, 0x49, 0x46]))
    let giant = try folder.file(
      "giant.png",
      Data([
        0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0x7F, 255, 255, 255, 0x7F, 255,
        255, 255, 8, 2, 0, 0, 0, 0, 0, 0, 0,
      ]))
    for picture in [text, cut, giant] {
      let run = try ProgramRun("luthier", ["classify", picture, "--network", "shufflenet_v2_x0_5"])
      check(run, 65, picture)
    }
    let tensor = try folder.file("tensor.pb", Data("no tensor".utf8))
    check(
      try ProgramRun("luthier", ["run", "shufflenet_v2_x0_5", "--input", tensor, "--output", "/dev/null"]), 65, tensor)
    let databases = [
      "", "{", "[]", "null", "{\"schemaVersion\": 99}", "{\"schema\": 1e999}", String(repeating: "[", count: 100_000),
      "{\"schema\":1,\"schema\":2}", "\u{0}\u{1}",
    ]
    for (index, content) in databases.enumerated() {
      let path = try folder.file("database\(index).json", Data(content.utf8))
      check(try ProgramRun("tune", ["show", "--database", path]), 65, "database \(content.prefix(20))")
      let bench = try ProgramRun(
        "luthier", ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "1", "--profile", path])
      check(bench, 65, "profile \(content.prefix(20))")
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(content.utf8))
    }
  }

  @Test("A folder that cannot be written is said before anything is tuned")
  func readOnlyFolder() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("file", Data("a file where a folder should be".utf8))
    for place in ["\(file)/database", "/proc/luthier"] {
      let run = try ProgramRun(
        "tune",
        ["--platform", "this-host", "--network", "shufflenet_v2_x0_5", "--input-size", "32", "--database", place])
      #expect(run.status == 64 || run.status == 66, "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }

  /// Starts a program from a shell, which prepares what it finds.
  private func run(_ program: String, _ arguments: [String], behind shell: String) throws -> ProgramRun {
    try ProgramRun(program, arguments, behind: ["/bin/sh", "-c", "\(shell) && exec \"$0\" \"$@\""])
  }

  @Test("A model that asks for more memory than the process may have is one line, before any of it is taken")
  func memory() throws {
    var graph = Graph(name: "large")
    let input = try graph.addInput("x", shape: TensorShape([1, 3, 16_384, 16_384]))
    graph.addOutput(
      try graph.addLayer("relu", ElementwiseProblem(.relu, shape: graph[input].shape), inputs: [input]))
    let folder = try TemporaryFolder()
    let path = try folder.file("large.onnx", Data(ONNXModel.encode(graph)))
    try withExtendedLifetime(folder) {
      check(try run("luthier", ["bench", path, "--runs", "1"], behind: "ulimit -v 4000000"), 65, path)
    }
  }

  @Test("A standard output that takes nothing is an error, not a success", arguments: [">/dev/full", ">&-"])
  func output(redirection: String) throws {
    let run = try run("luthier", ["flops", "shufflenet_v2_x0_5"], behind: "exec \(redirection)")
    check(run, 64, redirection)
    #expect(run.errors.contains("standard output cannot be written"))
  }

  @Test("What is printed to a closed standard output does not end in a file that the program writes")
  func closedOutput() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("small.onnx")
    let export = ["export", "shufflenet_v2_x0_5", "--input-size", "32", "--output", path]
    let run = try run("luthier", export, behind: "exec >&- 2>&- <&-")
    #expect(run.status == 0 || run.status == 64)
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == (try Self.model()))
  }

  @Test("A device that is named as a file to be written stays a device, and a link leads to its file")
  func devices() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.url.appendingPathComponent("pipe").path
    try #require(mkfifo(pipe, 0o600) == 0)
    let shell = "(cat \"\(pipe)\" > \"\(folder.url.path)/read\" &)"
    let export = ["export", "shufflenet_v2_x0_5", "--input-size", "32", "--output"]
    #expect(try run("luthier", export + [pipe], behind: shell).status == 0)
    var status = stat()
    let found = stat(pipe, &status)
    try #require(found == 0)
    #expect(status.st_mode & S_IFMT == S_IFIFO)

    let file = try folder.file("file.onnx", Data("old".utf8))
    let link = folder.url.appendingPathComponent("link.onnx").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "file.onnx")
    #expect(try ProgramRun("luthier", export + [link]).status == 0)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "file.onnx")
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: file))) == (try Self.model()))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { $0.hasSuffix(".tmp") } == [])
  }

  @Test("A program without a home folder works, and says so where it would need one")
  func noHome() throws {
    for home in ["-u HOME", "HOME=", "HOME=/nonexistent"] {
      let bench = try ProgramRun(
        "luthier", ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "1"],
        behind: ["/usr/bin/env", "-u", "XDG_DATA_HOME"] + home.split(separator: " ").map(String.init))
      #expect(bench.status == 0, "\(home): \(bench.errors)")
    }
    let folder = try TemporaryFolder()
    let show = try withExtendedLifetime(folder) {
      try ProgramRun(
        "tune", ["show"], folder: folder.url, behind: ["/usr/bin/env", "-u", "XDG_DATA_HOME", "-u", "HOME"])
    }
    #expect(show.status == 64 || show.status == 66, "\(show.errors)")
    #expect(show.errors.split(separator: "\n").count == 1)
  }
}
