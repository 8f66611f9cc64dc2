import Foundation
import Logging
import Luthier
import ONNXCaseComparison
import Testing

@Suite("ONNX's own test cases")
struct ConformanceTests {
  /// Cases whose numbers nobody's exporter means: aligned corners with scales that leave no whole size are, in ONNX Runtime,
  /// OpenVINO and here, (in − 1) / (out − 1).
  static let otherwise: Set = ["test_resize_downsample_scales_linear_align_corners"]

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
    var passed: Set<String> = []
    var refused: [String] = []
    var failures: [String] = []
    for onnxCase in cases where !Self.otherwise.contains(onnxCase.name) {
      switch onnxCase.run(deployment, relative: 1e-3, absolute: 1e-4) {
      case .passed: passed.insert(onnxCase.name)
      case .refused(let reason): refused.append("\(onnxCase.name): \(reason)")
      case .failed(let reason): failures.append("\(onnxCase.name): \(reason)")
      }
    }
    print("\(part): \(passed.count) passed, \(failures.count) failed, \(refused.count) refused, of \(cases.count)")
    for line in refused { print("  refused \(line)") }
    #expect(failures == [])
    // A case that once passed and is of this release's suite does not become one that is not claimed.
    let pinned = PassingCases.names(of: part)
    #expect(pinned.intersection(cases.map(\.name)).subtracting(passed).sorted() == [])
    let further = passed.subtracting(pinned).sorted()
    if !further.isEmpty { print("\(part), to be added to PassingCases: \(further.joined(separator: " "))") }
    #expect(!passed.isEmpty)
  }
}
