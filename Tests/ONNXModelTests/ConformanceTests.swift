import Foundation
import Logging
import Luthier
import ONNXCaseComparison
import Testing

@Suite("ONNX's own test cases")
struct ConformanceTests {
  /// The cases of one part of the suite as Debian packages it, alphabetically; empty where it is not installed.
  private static func suite(_ part: String) -> [ONNXCase] {
    (try? ONNXCase.all(in: URL(fileURLWithPath: "/usr/share/libonnx-testdata/data/\(part)"))) ?? []
  }

  @Test(
    "No case that is loaded fails", .enabled(if: !suite("node").isEmpty, "libonnx-testdata is not installed"),
    arguments: ["node", "pytorch-converted", "pytorch-operator", "simple"])
  func loadedCases(part: String) throws {
    let cases = Self.suite(part)
    var deployment = Deployment()
    deployment.logger = Logger(label: "cases") { _ in SwiftLogNoOpLogHandler() }
    deployment.registry = try KernelRegistry.standard()
    var passed = 0
    var refused: [String] = []
    var failures: [String] = []
    for onnxCase in cases {
      switch onnxCase.run(deployment, relative: 1e-3, absolute: 1e-4) {
      case .passed: passed += 1
      case .refused(let reason): refused.append("\(onnxCase.name): \(reason)")
      case .failed(let reason): failures.append("\(onnxCase.name): \(reason)")
      }
    }
    print("\(part): \(passed) passed, \(failures.count) failed, \(refused.count) refused, of \(cases.count)")
    for line in refused { print("  refused \(line)") }
    #expect(failures == [])
    // The suite's size differs from release to release, but it never shrank below this.
    #expect(passed >= (part == "node" ? 100 : part == "pytorch-converted" ? 30 : 5))
  }
}
