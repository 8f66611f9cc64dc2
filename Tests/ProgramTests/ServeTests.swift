import Foundation
import Testing

@Suite("luthier serve")
struct ServeTests {
  /// Runs a copy of `luthier` that has other programs beside it than this build.
  private func serve(
    _ arguments: [String], beside: [String: String] = [:], inPath: [String: String] = [:]
  ) throws -> (status: Int32, output: String, errors: String) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("luthier-serve-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("path")
    try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
    let program = folder.appendingPathComponent("luthier")
    try FileManager.default.copyItem(at: ProgramRun.products().appendingPathComponent("luthier"), to: program)
    for (place, scripts) in [(folder, beside), (path, inPath)] {
      for (name, script) in scripts {
        let file = place.appendingPathComponent(name)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
      }
    }
    // The products' folder, which is given last, is one argument more.
    let run = try ProgramRun("", [], environment: ["PATH": path.path], behind: [program.path, "serve"] + arguments)
    return (run.status, run.output, run.errors)
  }

  @Test("It becomes the program beside it, with the arguments as they are")
  func beside() throws {
    let found = try serve(
      ["models", "--port", "1", "a b"], beside: ["luthier-serve": "printf '<%s>' \"$@\"; exit 7"],
      inPath: ["luthier-serve": "exit 8"])
    #expect(found.status == 7)
    #expect(found.output.hasPrefix("<models><--port><1><a b>"))
  }

  @Test("It becomes the one in PATH where there is none beside it")
  func inPath() throws {
    #expect(try serve(["models"], inPath: ["luthier-serve": "exit 8"]).status == 8)
  }

  @Test("Where there is none, one line says how to build it")
  func missing() throws {
    let found = try serve(["models"])
    #expect(found.status == 66)
    #expect(found.errors.contains("swift build -c release --package-path Sources/LuthierServer"))
    #expect(found.errors.split(separator: "\n").count == 1)
  }
}
