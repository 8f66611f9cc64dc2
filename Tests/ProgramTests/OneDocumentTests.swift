import Foundation
import Testing

@Suite("What the commands print for programs", .serialized)
struct OneDocumentTests {
  @Test("With --json every command prints one document of JSON and nothing else; progress goes to standard error")
  func documents() throws {
    let folder = try TemporaryFolder()
    let database = folder.url.path
    try TunedFolder.tune(into: database)
    let all = folder.url.appendingPathComponent("all").path
    let here = ["--database", database]
    let commands: [[String]] = [
      TunedFolder.network + here, ["audit", "--sample", "1"] + here, ["verify", "--sample", "2"] + here,
      ["prune", "--dry-run"] + here, ["merge", database, "-o", all], ["diff", database, all], ["show"] + here,
      ["show", "--stale"] + here, ["kernels"], ["explain", "dense210"] + here, ["repro", "dense210"] + here,
    ]
    for command in commands {
      let run = try ProgramRun("tune", command + ["--json"])
      #expect(run.status == 0, "\(command): \(run.errors)")
      #expect(
        throws: Never.self, "\(command): \(run.output.prefix(200))",
        performing: { try JSONSerialization.jsonObject(with: Data(run.output.utf8)) })
      #expect(!run.errors.contains("\u{1B}") && !run.errors.contains("\r"), "\(command)")
    }
  }

  #if os(Linux)
    @Test("A worker that cannot be started is a fault of ours: one line and status 70")
    func noWorker() throws {
      let folder = try TemporaryFolder()
      // The program is gone from its place when it wants to start itself once more as its worker.
      let program = folder.url.appendingPathComponent("tune").path
      let built = try ProgramRun.products().appendingPathComponent("tune").path
      try FileManager.default.copyItem(atPath: built, toPath: program)
      let database = folder.url.appendingPathComponent("database").path
      let script = #"p="$1"; shift 2; exec 3<"$p"; rm "$p"; exec /proc/self/fd/3 "$@""#
      let run = try ProgramRun(
        "tune", TunedFolder.network + ["--database", database], behind: ["/bin/sh", "-c", script, "sh", program])
      #expect(run.status == 70 && run.output.isEmpty, "\(run.errors)")
      let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
      #expect(lines.count == 1 && run.errors.contains("does not start"), "\(run.errors)")
    }
  #endif
}
