import Foundation
import Testing

@Suite(
  "ONNX's backend test runner over luthier.backend",
  .enabled(
    if: CasePython.found != nil,
    "no Python with the onnx package of Tests/ONNXCases/Expected/version: set LUTHIER_PEER_PYTHON to one"))
struct BackendRunnerTests {
  @Test("Each case comes out as the table of node tests says, other cases pass or are refused in one line")
  func cases() throws {
    let python = try #require(CasePython.found)
    let project = CasePython.root.deletingLastPathComponent().deletingLastPathComponent()
    let library = try CasePython.program().deletingLastPathComponent().appendingPathComponent("libLuthierC.so")
    let run = try CasePython.run(
      "/usr/bin/env",
      [
        "PYTHONPATH=\(project.appendingPathComponent("Sources/LuthierC/python").path)",
        "LUTHIER_LIBRARY=\(library.path)", "PYTHONDONTWRITEBYTECODE=1", python,
        CasePython.root.appendingPathComponent("backend.py").path,
      ])
    #expect(run.status == 0)
    let found = CaseOutcomes(lines: run.output)
    let expected = try CaseOutcomes.expected()
    let others = CaseOutcomes(
      lines: try String(contentsOf: CasePython.root.appendingPathComponent("Expected/backend-runner"), encoding: .utf8))
    let known = expected.outcomes.merging(others.outcomes) { $1 }
    let differences = Set(found.outcomes.keys).union(known.keys).sorted().compactMap { name -> String? in
      let now = found.outcomes[name] ?? "missing"
      let isExpected = known[name].map { $0 == now } ?? (now == "passed" || now == "refused")
      return isExpected
        ? nil : "\(name): \(now), expected is \(known[name] ?? "passed or refused") \(found.reasons[name] ?? "")"
    }
    #expect(differences == [], "enter what has come to pass; what has ceased to is a fault")
    // Enough of them that a runner which finds none is not taken for a good one.
    #expect(found.outcomes.values.count { $0 == "passed" } > 1500)
  }
}
