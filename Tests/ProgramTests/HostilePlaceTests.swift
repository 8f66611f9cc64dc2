import Foundation
import Luthier
import Testing

@Suite("Whatever lies where a file is named: one line, never a hang")
struct HostilePlaceTests {
  static let kinds = ["pipe", "socket", "folder", "device", "full", "link to a pipe", "nothing"]

  /// The path of something that is no plain file.
  private static func place(_ kind: String, in folder: TemporaryFolder, suffix: String) throws -> String {
    let path = folder.url.appendingPathComponent("place\(suffix)").path
    switch kind {
    case "pipe": try #require(mkfifo(path, 0o600) == 0)
    case "link to a pipe":
      try #require(mkfifo(path + ".pipe", 0o600) == 0)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".pipe")
    case "socket":
      let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(file) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let name = Array(path.utf8)
      try #require(name.count < 108)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
      let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(bound == 0)
    case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case "device": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
    case "full": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
    default: break
    }
    return path
  }

  private func check(_ program: String, _ arguments: [String], _ kind: String) throws {
    let run = try ProgramRun(program, arguments, timeout: 60)
    #expect([64, 65, 66].contains(run.status), "\(kind): \(run.status) \(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(kind): \(run.errors)")
    #expect(run.errors.contains("place"), "\(run.errors)")
  }

  @Test("As a model, an input, a picture, labels, a database, a profile and misses", arguments: kinds)
  func reading(kind: String) throws {
    let folder = try TemporaryFolder()
    let model = try Self.place(kind, in: folder, suffix: ".onnx")
    try check("luthier", ["flops", model], kind)
    let input = try Self.place(kind, in: folder, suffix: ".pb")
    try check("luthier", ["run", "shufflenet_v2_x0_5", "--input", input, "--output", "/dev/null"], kind)
    let picture = try Self.place(kind, in: folder, suffix: ".jpg")
    try check("luthier", ["classify", picture, "--network", "shufflenet_v2_x0_5"], kind)
    let misses = try Self.place(kind, in: folder, suffix: ".jsonl")
    try check("tune", ["--misses", misses, "--database", folder.url.path + "/none"], kind)
    let sound = try folder.file("sound.png")
    try Picture(width: 2, height: 2, pixels: [UInt8](repeating: 9, count: 12)).write(png: sound)
    let labels = try Self.place(kind, in: folder, suffix: ".txt")
    try check("luthier", ["classify", sound, "--network", "shufflenet_v2_x0_5", "--labels", labels], kind)
    // A folder of databases may well end so, and hold none.
    guard kind != "folder" else { return }
    let database = try Self.place(kind, in: folder, suffix: ".json")
    try check("tune", ["show", "--database", database], kind)
    try check(
      "luthier", ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "1", "--profile", database], kind)
  }

  @Test("A pipe that nobody reads from is an error after a while, where a network is to be written")
  func unreadPipe() throws {
    let folder = try TemporaryFolder()
    let pipe = try Self.place("pipe", in: folder, suffix: ".onnx")
    let run = try ProgramRun(
      "luthier", ["export", "shufflenet_v2_x0_5", "--input-size", "32", "--output", pipe], timeout: 60)
    #expect(run.status == 64 && run.errors.contains("nobody has opened it for reading"), "\(run.status) \(run.errors)")
  }

  @Test("A socket that is named as a file to be written stays one")
  func socketOutput() throws {
    let folder = try TemporaryFolder()
    let path = try Self.place("socket", in: folder, suffix: ".onnx")
    try check("luthier", ["export", "shufflenet_v2_x0_5", "--input-size", "32", "--output", path], "socket")
    var status = stat()
    let found = lstat(path, &status)
    #expect(found == 0 && status.st_mode & S_IFMT == S_IFSOCK)
  }

  @Test("A file that is written anew keeps its mode and owner")
  func access() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model.onnx", Data("old".utf8))
    try #require(chmod(path, 0o640) == 0)
    if geteuid() == 0 { try #require(chown(path, 12_345, 23_456) == 0) }
    let run = try ProgramRun("luthier", ["export", "shufflenet_v2_x0_5", "--input-size", "32", "--output", path])
    #expect(run.status == 0, "\(run.errors)")
    var status = stat()
    let found = stat(path, &status)
    #expect(found == 0 && status.st_size > 1000 && status.st_mode & 0o7777 == 0o640)
    if geteuid() == 0 { #expect(status.st_uid == 12_345 && status.st_gid == 23_456) }
  }

  @Test(
    "Recording what nobody has tuned never keeps a network from serving",
    arguments: kinds.dropLast() + ["other file", "no folder", "a full disk"])
  func recording(kind: String) throws {
    let folder = try TemporaryFolder()
    var path = try Self.place(kind, in: folder, suffix: ".jsonl")
    let other = Data("somebody's notes\n".utf8)
    switch kind {
    case "other file": path = try folder.file("place.jsonl", other)
    case "no folder": path = "/proc/place/misses.jsonl"
    default: break
    }
    let bench = ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "1", "--profile", folder.url.path]
    // A limit on files' sizes fails as a full disk does, after some bytes, and by a signal that ends who does not expect it.
    let prefix = kind == "a full disk" ? ["/bin/sh", "-c", "ulimit -f 1 && exec \"$0\" \"$@\""] : []
    let run = try ProgramRun("luthier", bench + ["--record", path], behind: prefix, timeout: 60)
    #expect(run.status == 0 && run.output.contains("shufflenet"), "\(kind): \(run.status) \(run.errors)")
    let warnings = run.errors.split(separator: "\n").filter { $0.contains(" warning ") }
    #expect(warnings.count == 1 && run.errors.contains("not recorded"), "\(kind): \(run.errors)")
    if kind == "other file" { #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == other) }
    if kind == "a full disk" {
      #expect(try MissesFile(path: path).contents() == .init())
      let later = try ProgramRun("luthier", bench + ["--record", path])
      #expect(later.status == 0 && !later.errors.contains("not recorded"), "\(later.errors)")
      #expect(try MissesFile(path: path).contents().tornLineCount == 0)
      #expect(try MissesFile(path: path).read().count > 10)
    }
  }

  @Test("Who reads misses says that a line is torn, and goes on with the others")
  func tornMisses() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("misses.jsonl")
    let problem = try ElementwiseProblem(.relu, shape: TensorShape([1, 16, 8, 8])).key
    try MissesFile(path: file).record([MissesFile.Miss(problem: problem, threads: 1)])
    let whole = try Data(contentsOf: URL(fileURLWithPath: file))
    try (whole + whole.prefix(20)).write(to: URL(fileURLWithPath: file))
    let run = try ProgramRun(
      "tune", ["--misses", file, "--effort", "quick", "--database", folder.url.path + "/database"])
    #expect(run.status == 0 && run.output.contains("\(problem)"), "\(run.errors)")
    #expect(run.errors.contains("warning: \(file) has 1 line that nobody wrote to the end; skipped"), "\(run.errors)")
  }
}
