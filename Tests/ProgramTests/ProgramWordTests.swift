import Foundation
import HostPlatform
import Testing

@Suite("The words that a program is started with")
struct ProgramWordTests {
  /// What starts a program where `/proc` is empty; nil, and said, where only root may do so and this is not root.
  static func withoutProc() -> [String]? {
    let prefix = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"]
    let probe = try? CInterfaceTests.execute(prefix + ["true"], folder: FileManager.default.temporaryDirectory)
    if probe?.status == 0 { return ["/usr/bin/env"] + prefix }
    print("skipped: no file system can be mounted here")
    return nil
  }

  @Test("Without /proc programs know their arguments, and the tuner starts its workers")
  func withoutProcess() throws {
    guard let prefix = Self.withoutProc() else { return }
    let folder = try TemporaryFolder()
    let bench = try ProgramRun("luthier", ["bench", "shufflenet_v2_x0_5", "--threads", "0"], behind: prefix)
    #expect(bench.status == 64 && bench.errors.contains("--threads is 0"), "\(bench.errors)")
    let database = folder.url.appendingPathComponent("database").path
    for program in [["tune"], ["luthier", "tune"]] {
      let arguments = program.dropFirst() + TunedFolder.network + ["--database", database]
      let tune = try ProgramRun(program[0], Array(arguments), environment: ["SECRET": "a word"], behind: prefix)
      #expect(tune.status == 0, "\(tune.errors)")
      let show = try ProgramRun(program[0], program.dropFirst() + ["show", "--database", database], behind: prefix)
      #expect(show.status == 0 && !show.output.isEmpty, "\(show.errors)")
    }
    // With and without an environment, which lies after the words.
    for command in [["/usr/bin/env"], ["/usr/bin/env", "-i"]] {
      let run = try ProgramRun("luthier", ["flops", "a b", ""], behind: prefix + command)
      #expect(run.status == 64 && run.errors.contains("Unexpected argument"), "\(run.errors)")
    }
  }

  @Test("Words in a row end with a NUL each, and may be empty")
  func row() {
    #expect(ProgramWords.words(in: Array("a\0\0b c\0".utf8)) == [[97], [], [98, 32, 99]])
    #expect(ProgramWords.words(in: []).isEmpty)
  }

  @Test(
    "An argument that is not UTF-8 is an error that says so, and no file of another name",
    arguments: [
      ["luthier", "flops"], ["luthier", "export", "shufflenet_v2_x0_5", "-o"], ["tune", "show", "--database"],
    ])
  func notText(words: [String]) throws {
    let folder = try TemporaryFolder()
    let shell = ["/bin/sh", "-c", #"name=$(printf 'a\377b'); exec "$@" "$name""#, "sh"]
    let run = try ProgramRun(words[0], Array(words.dropFirst()), folder: folder.url, behind: shell)
    #expect(
      run.status == 64 && run.errors.contains("argument \(words.count), 'a\u{FFFD}b', is not UTF-8"), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [])
  }

  @Test("`luthier tune` is the program `tune`, in its messages and when it starts itself again")
  func programWord() throws {
    let wrong = try ProgramRun("luthier", ["tune", "--threads", "0"])
    #expect(wrong.status == 64 && wrong.errors.hasSuffix("see 'tune --help'\n"), "\(wrong.errors)")
    let folder = try TemporaryFolder()
    let database = ["--database", folder.url.appendingPathComponent("database").path]
    let tune = try ProgramRun("luthier", ["tune"] + TunedFolder.network + database)
    #expect(tune.status == 0, "\(tune.errors)")
    let own = try ProgramRun("tune", ["show"] + database)
    let other = try ProgramRun("luthier", ["tune", "show"] + database)
    #expect(own.status == 0 && own.output == other.output)
  }
}
