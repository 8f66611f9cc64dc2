import Foundation
import Luthier
import Testing

@Suite("The fleets of the article on them run as processes, to the letter")
struct FleetManifestTests {
  /// What stands between the fences of the first block of that language that has the text in it.
  static func block(_ language: String, containing text: String) throws -> String {
    let parts = try Checkout.article("TuningAFleet").components(separatedBy: "```\(language)\n").dropFirst()
    let blocks = parts.map { $0.components(separatedBy: "\n```")[0] }
    return try #require(blocks.first { $0.contains(text) })
  }

  /// A folder with a small model, and a `bin` that holds the programs; the tuner hurries.
  static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    var graph = Graph(name: "small")
    let input = try graph.addInput("x", shape: TensorShape([1, 8, 12, 12]))
    graph.addOutput(
      try graph.addLayer("relu", ElementwiseProblem(.relu, shape: graph[input].shape), inputs: [input]))
    _ = try folder.file("model.onnx", Data(ONNXModel.encode(graph)))
    // The file system that the nodes share.
    try FileManager.default.createDirectory(
      at: folder.url.appendingPathComponent("shared"), withIntermediateDirectories: true)
    let tune = try ProgramRun.products().appendingPathComponent("tune").path
    try script(
      """
      case "$1" in --platform) set -- "$@" --effort quick;; esac
      exec '\(tune)' "$@"
      """, named: "tune", in: folder)
    return folder
  }

  static func script(_ text: String, named name: String, in folder: TemporaryFolder) throws {
    let bin = folder.url.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    let file = bin.appendingPathComponent(name).path
    try Data("#!/bin/bash\n\(text)\n".utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
  }

  /// Runs a shell in the folder, with its programs first in the path.
  static func shell(
    _ shell: String, _ text: String, in folder: TemporaryFolder, _ variables: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: shell)
    process.arguments = ["-c", text]
    process.currentDirectoryURL = folder.url
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
      .merging(["PATH": folder.url.appendingPathComponent("bin").path + ":" + path]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// The instruction set that a node is made to have, so that a fleet has several platforms.
  static func instructionSet(ofNode index: Int) -> String {
    let sets = InstructionSet.supported(on: .current).map(\.rawValue)
    return sets[index % sets.count]
  }

  static func checkMerged(_ path: String, nodes: Int) throws {
    let sets = Set((0..<nodes).map(instructionSet))
    let files = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }
    #expect(files.count == sets.count, "\(files)")
    for set in sets {
      let show = try ProgramRun("tune", ["show", "--database", path, "--json"], environment: ["LUTHIER_ISA": set])
      #expect(show.status == 0, "\(show.errors)")
      #expect(show.output.contains("elementwise"))
    }
  }

  @Test("The Slurm array tunes on every node at once, and the job that depends on it merges")
  func slurm() throws {
    let text = try Self.block("sh", containing: "sbatch")
    let folder = try Self.folder()
    let sets = (0..<4).map(Self.instructionSet).joined(separator: " ")
    // As Slurm does with these options, and refuses all others: an array's tasks at once, a dependent job after success only.
    try Self.script(
      """
      set -u; array=0; command=; sets=(\(sets))
      while [ $# -gt 0 ]; do
        case "$1" in
          --parsable|--exclusive) ;;
          --array=*) array=${1#--array=};;
          --dependency=afterok:*) [ "$(cat "job-${1#--dependency=afterok:}")" = 0 ] || exit 1;;
          --wrap) shift; command=$1;;
          *) echo "sbatch: $1" >&2; exit 64;;
        esac
        shift
      done
      status=0; tasks=()
      for index in $(seq "${array%-*}" "${array#*-}"); do
        SLURM_ARRAY_TASK_ID=$index LUTHIER_ISA=${sets[$index]} sh -c "$command" >/dev/null & tasks+=($!)
      done
      for task in "${tasks[@]}"; do wait "$task" || status=1; done
      echo $status > job-$$; echo $$
      exit $status
      """, named: "sbatch", in: folder)
    let shared = folder.url.appendingPathComponent("shared").path
    let run = try Self.shell("/bin/bash", text, in: folder, ["SHARED": shared])
    run.waitUntilExit()
    #expect(run.terminationStatus == 0)
    for index in 0..<4 { #expect(FileManager.default.fileExists(atPath: "\(shared)/node-\(index)")) }
    try Self.checkMerged("\(shared)/TuningDB", nodes: 4)
  }

  /// The shell commands of the manifest's containers, with the folders that they mount put elsewhere.
  static func commands(in manifest: String, mountedAt folder: TemporaryFolder) throws -> [String] {
    try manifest.components(separatedBy: "\n").compactMap { line -> String? in
      guard let range = line.range(of: "command: [sh, -c, ") else { return nil }
      let quoted = try #require(line[range.upperBound...].hasSuffix("]") ? line[range.upperBound...].dropLast() : nil)
      // A flow scalar in double quotes without escapes is the same in YAML and in JSON.
      let text = try JSONDecoder().decode(String.self, from: Data(quoted.utf8))
      return text.replacingOccurrences(of: "/shared/", with: folder.url.path + "/shared/")
        .replacingOccurrences(of: "/models/", with: folder.url.path + "/")
    }
  }

  @Test("The Kubernetes Jobs' commands tune by index and merge")
  func kubernetes() throws {
    let manifest = try Self.block("yaml", containing: "kind: Job")
    let folder = try Self.folder()
    let commands = try Self.commands(in: manifest, mountedAt: folder)
    try #require(commands.count == 2)
    let completions = try #require(
      manifest.components(separatedBy: "completions: ").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) })
    let tuners = try (0..<completions).map { index in
      try Self.shell(
        "/bin/sh", commands[0], in: folder,
        ["JOB_COMPLETION_INDEX": "\(index)", "LUTHIER_ISA": Self.instructionSet(ofNode: index)])
    }
    for tuner in tuners {
      tuner.waitUntilExit()
      #expect(tuner.terminationStatus == 0)
    }
    let merge = try Self.shell("/bin/sh", commands[1], in: folder)
    merge.waitUntilExit()
    #expect(merge.terminationStatus == 0)
    try Self.checkMerged(folder.url.appendingPathComponent("shared/TuningDB").path, nodes: completions)
  }
}
