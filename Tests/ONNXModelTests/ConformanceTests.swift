import Foundation
import Luthier
import Testing

@Suite("ONNX's own test cases")
struct ConformanceTests {
  /// Cases whose numbers nobody's exporter means: aligned corners with scales that leave no whole size are, in ONNX Runtime,
  /// OpenVINO and here, (in − 1) / (out − 1).
  static let otherwise: Set = ["test_resize_downsample_scales_linear_align_corners"]

  @Test(
    "No case whose operators are claimed fails", arguments: ["node", "pytorch-converted", "pytorch-operator", "simple"])
  func cases(part: String) throws {
    let cases = ConformanceCase.all(part)
    guard !cases.isEmpty else {
      try Test.cancel("libonnx-testdata is not installed (apt-get install libonnx-testdata)")
    }
    let registry = try KernelRegistry.standard()
    var passed: Set<String> = []
    var notClaimed: [String: Int] = [:]
    var failures: [String] = []
    for test in cases {
      switch test.run(registry) {
      case _ where Self.otherwise.contains(test.testDescription): continue
      case .passed: passed.insert(test.testDescription)
      case .notClaimed(let reason): notClaimed[reason, default: 0] += 1
      case .failed(let reason): failures.append("\(test.testDescription): \(reason)")
      }
    }
    print(
      "\(part): \(passed.count) passed, \(failures.count) failed, \(notClaimed.values.reduce(0, +)) not claimed, of \(cases.count)"
    )
    #expect(failures == [])
    // A case that once passed and is of this release's suite does not become one that is not claimed.
    let pinned = PassingCases.names(of: part)
    #expect(pinned.intersection(cases.map(\.testDescription)).subtracting(passed).sorted() == [])
    let further = passed.subtracting(pinned).sorted()
    if !further.isEmpty { print("\(part), to be added to PassingCases: \(further.joined(separator: " "))") }
    #expect(!passed.isEmpty)
  }
}
