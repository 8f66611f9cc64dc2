import Foundation
import Testing

@Suite(
  "ONNX's node tests",
  .enabled(
    if: CasePython.found != nil,
    "no Python with the onnx package of Tests/ONNXCases/Expected/version: set LUTHIER_PEER_PYTHON to one"))
struct NodeCaseTests {
  @Test("Each case comes out as Tests/ONNXCases/Expected says")
  func cases() throws {
    let python = try #require(CasePython.found)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("luthier-cases-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let written = try CasePython.run(python, [CasePython.root.appendingPathComponent("generate.py").path, folder.path])
    #expect(written.status == 0)
    let found = try CaseOutcomes.found(in: folder)
    let expected = try CaseOutcomes.expected()
    let differences = Set(found.outcomes.keys).union(expected.outcomes.keys).sorted().compactMap { name -> String? in
      let (now, before) = (found.outcomes[name] ?? "missing", expected.outcomes[name] ?? "not entered")
      return now == before ? nil : "\(name): \(now), in the table it is \(before) \(found.reasons[name] ?? "")"
    }
    #expect(differences == [], "enter what has come to pass; what has ceased to is a fault")
  }
}

/// What came of each case.
struct CaseOutcomes {
  /// `passed`, `refused`, `failed` or `crashed`, by the case's name.
  var outcomes: [String: String] = [:]
  /// Why a case was refused or failed.
  var reasons: [String: String] = [:]

  init() {}

  /// What lines say, but for comments.
  init(lines text: String) {
    for line in text.split(separator: "\n") where !line.hasPrefix("#") { note(String(line)) }
  }

  /// What the table says: lines of an outcome, a case and, where it did not pass, why.
  static func expected() throws -> CaseOutcomes {
    CaseOutcomes(
      lines: try String(contentsOf: CasePython.root.appendingPathComponent("Expected/node-tests"), encoding: .utf8))
  }

  /// Runs the cases in processes of their own: after a crash another goes on with those that are left.
  static func found(in folder: URL) throws -> CaseOutcomes {
    var result = CaseOutcomes()
    while try !FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty {
      let run = try CasePython.run(try CasePython.program().path, [folder.path])
      var begun: String?
      for line in run.output.split(separator: "\n") {
        if line.hasPrefix("began ") {
          begun = String(line.dropFirst(6))
        } else {
          result.note(String(line))
          begun = nil
        }
      }
      if let begun { result.outcomes[begun] = "crashed" }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      let done = left.filter { result.outcomes[$0] != nil }
      // Every process does one case at least, or there is an end.
      guard !done.isEmpty else { break }
      for name in done { try FileManager.default.removeItem(at: folder.appendingPathComponent(name)) }
    }
    return result
  }

  private mutating func note(_ line: String) {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    guard words.count == 2 else { return }
    let parts = words[1].components(separatedBy: ": ")
    outcomes[parts[0]] = words[0]
    if parts.count > 1 { reasons[parts[0]] = parts.dropFirst().joined(separator: ": ") }
  }
}

/// A Python with the onnx package whose cases the table lists.
enum CasePython {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  static let found: String? = {
    let project = root.deletingLastPathComponent().deletingLastPathComponent()
    let candidates: [String?] = [
      ProcessInfo.processInfo.environment["LUTHIER_PEER_PYTHON"],
      project.appendingPathComponent(".build-peers/venv/bin/python").path,
    ]
    let version = (try? String(contentsOf: root.appendingPathComponent("Expected/version"), encoding: .utf8)) ?? ""
    return candidates.compactMap { $0 }.first { path in
      guard FileManager.default.isExecutableFile(atPath: path),
        let run = try? run(path, ["-c", "import onnx; print(onnx.__version__)"])
      else { return false }
      return run.status == 0
        && run.output.trimmingCharacters(in: .whitespacesAndNewlines)
          == version.trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }()

  /// The program that runs cases, built beside the tests.
  static func program() throws -> URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<6 {
      let program = folder.appendingPathComponent("onnx-cases")
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
      folder.deleteLastPathComponent()
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// Runs a program and gives its exit status, a signal's number negative, and what it printed.
  static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus, text)
  }
}
