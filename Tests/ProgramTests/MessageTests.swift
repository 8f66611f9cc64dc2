import Foundation
import Luthier
import Testing

@Suite("What programs say")
struct MessageTests {
  private func error(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> String {
    let run = try ProgramRun(program, arguments, environment: environment, timeout: 60)
    #expect([64, 65, 66].contains(run.status), "\(run.status) \(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    return run.errors
  }

  @Test(
    "A negative number is out of range, not missing",
    arguments: [
      ["luthier", "bench", "shufflenet_v2_x0_5", "--threads", "-1", "--threads is -1; allowed are 1 to 1024"],
      ["luthier", "bench", "shufflenet_v2_x0_5", "--runs", "-1", "--runs is -1"],
      ["luthier", "bench", "shufflenet_v2_x0_5", "--batch", "-1", "--batch is -1; allowed are 1 to 4096"],
      ["luthier", "bench", "shufflenet_v2_x0_5", "--max-error", "-0.5", "--max-error is -0.5"],
      ["luthier", "bench", "shufflenet_v2_x0_5", "--threads=-1", "--threads is -1"],
      ["tune", "--threads", "-3", "--threads is -3"], ["tune", "--max-error", "-1e-3", "--max-error is -0.001"],
      ["tune", "audit", "--sample", "-2", "--sample is -2"], ["tune", "report", "--threads", "-7", "--threads is -7"],
      ["tune", "--threads", "--json", "--threads"],
    ])
  func negative(words: [String]) throws {
    let text = try error(words[0], Array(words[1..<(words.count - 1)]))
    #expect(text.contains(words[words.count - 1]), "\(text)")
    if words[words.count - 1].contains("is -") { #expect(!text.contains("issing value"), "\(text)") }
  }

  @Test("What is named and not there is said: an empty option, a variable's folder")
  func emptyPlaces() throws {
    let bench = ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "1"]
    #expect(try error("luthier", bench + ["--profile", ""]).contains("--profile is empty"))
    #expect(try error("luthier", bench + ["--record", ""]).contains("--record is empty"))
    #expect(try error("tune", ["show", "--database", ""]).contains("--database is empty"))
    let text = try error("luthier", bench, environment: ["LUTHIER_TUNING_DB": "/no/such/place"])
    #expect(text.contains("/no/such/place, which LUTHIER_TUNING_DB names"), "\(text)")
    let folder = try TemporaryFolder()
    let empty = try ProgramRun("luthier", bench, environment: ["LUTHIER_TUNING_DB": folder.url.path])
    #expect(empty.status == 0, "\(empty.errors)")
  }

  @Test(
    "A form of output where a file is to be named is not a file of that name",
    arguments: [
      ["luthier", "detect", "x.jpg", "--network", "y.onnx", "--output", "json"],
      ["luthier", "export", "shufflenet_v2_x0_5", "--input-size", "32", "--output", "json"],
      ["luthier", "run", "shufflenet_v2_x0_5", "--input", "x.pb", "--output", "text"],
      ["tune", "report", "--output", "json"], ["tune", "export", "--output", "json"],
      ["tune", "merge", "x.json", "--output", "json"],
    ])
  func formAsFile(words: [String]) throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun(words[0], Array(words.dropFirst()), folder: folder.url)
    #expect(run.status == 64 && run.errors.contains("names a file here"), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [])
  }

  @Test("A file that is something else is called by its name, with the way out")
  func foreignFiles() throws {
    let files: [(bytes: [UInt8], words: String)] = [
      (Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n".utf8), "a Git LFS pointer"),
      (Array("\n<!DOCTYPE html>\n<html><body>login</body></html>".utf8), "an HTML page"),
      (Array("<HTML><head>".utf8), "an HTML page"), (Array("<?xml version=\"1.0\"?><Error/>".utf8), "an XML text"),
      ([0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0], "a ZIP archive"), ([0x1f, 0x8b, 8, 0, 0, 0], "compressed with gzip"),
    ]
    let folder = try TemporaryFolder()
    for (bytes, words) in files {
      let path = try folder.file("file.json", Data(bytes))
      let model = try folder.file("file.onnx", Data(bytes))
      for run in [
        ["luthier", "flops", model], ["luthier", "classify", path, "--network", "shufflenet_v2_x0_5"],
        ["luthier", "run", "shufflenet_v2_x0_5", "--input", path, "--output", "/dev/null"],
        ["tune", "show", "--database", path], ["tune", "--misses", path, "--database", folder.url.path],
      ] {
        let text = try error(run[0], Array(run.dropFirst()))
        #expect(text.contains(words), "\(text)")
      }
    }
  }

  @Test("A report of threads that nobody has tuned for says which are tuned")
  func untunedThreads() throws {
    let folder = try TemporaryFolder()
    try TunedFolder.tune(into: folder.url.path)
    let text = try error("tune", ["report", "--threads", "7", "--database", folder.url.path])
    #expect(text.contains("no network is tuned for 7 threads; tuned are shufflenet_v2_x0_5 for 1 thread"), "\(text)")
    let named = try error("tune", ["report", "--threads", "7", "--network", "none", "--database", folder.url.path])
    #expect(named.contains("'none' is not tuned for 7 threads"), "\(named)")
  }

  @Test("Control characters of names reach no terminal, on neither stream")
  func controls() throws {
    var graph = Graph(name: "evil\u{1B}[2Jnetwork")
    let input = try graph.addInput("x", shape: TensorShape([1, 3, 8, 8]))
    graph.addOutput(
      try graph.addLayer(
        "relu\u{1B}]0;title\u{7}\u{9B}31m\u{202E}", ElementwiseProblem(.relu, shape: graph[input].shape),
        inputs: [input]))
    let folder = try TemporaryFolder()
    let path = try folder.file("evil\u{1B}[31m.onnx", Data(ONNXModel.encode(graph)))
    let missing = folder.url.appendingPathComponent("no\u{1B}[31m.onnx").path
    let database = folder.url.appendingPathComponent("database").path
    for run in [
      ["luthier", "flops", path], ["luthier", "flops", missing], ["luthier", "flops", "no\u{1B}[31mname"],
      ["luthier", "profile", path, "--runs", "1"], ["luthier", "profile", path, "--runs", "1", "--json"],
      ["luthier", "bench", path, "--runs", "1"], ["luthier", "bench", path, "--runs", "1", "--strict"],
      ["luthier", "bench", path, "--runs", "1", "--profile", "/no/\u{1B}[31m"],
      ["tune", "--network", path, "--effort", "quick", "--database", database],
      ["tune", "show", "--database", database], ["tune", "show", "--database", database, "--json"],
      ["tune", "explain", "no\u{1B}[31m", "--database", database],
      ["tune", "report", "--network", "no\u{1B}[31m", "--database", database],
    ] {
      let result = try ProgramRun(run[0], Array(run.dropFirst()), environment: ["LUTHIER_VERBOSE": "1"])
      #expect(result.status >= 0 && !(result.output + result.errors).isEmpty, "\(run)")
      let scalars = (result.output + result.errors).unicodeScalars
      #expect(
        !scalars.contains { $0.properties.generalCategory == .control && $0 != "\n" || $0 == "\u{202E}" },
        "\(run): \((result.output + result.errors).debugDescription)")
      if run.contains("--json"), result.status == 0 {
        _ = try JSONSerialization.jsonObject(with: Data(result.output.utf8), options: .fragmentsAllowed)
      }
    }
  }

  @Test("Timing a problem that takes too long ends with one line")
  func timeLimit() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 64, input: .init(512), outputChannels: 256,
      window: WindowGeometry(kernel: .init(3), stride: .init(1), pads: .init(1)))
    let text = try error("tune", ["time", "\(problem.key)", "--time-limit", "1.5"])
    #expect(text.contains("took more than 1.5 s; raise --time-limit"), "\(text)")
    #expect(try error("tune", ["time", "\(problem.key)", "--time-limit", "0"]).contains("--time-limit is 0"))
  }
}
