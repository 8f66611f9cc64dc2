import Foundation
import Luthier
import Testing

@Suite("ONNX's own test cases")
struct ConformanceTests {
  @Test(
    "No case whose operators are claimed fails", arguments: ["node", "pytorch-converted", "pytorch-operator", "simple"])
  func cases(part: String) throws {
    let cases = ConformanceCase.all(part)
    guard !cases.isEmpty else {
      print("skipped: libonnx-testdata is not installed (apt-get install libonnx-testdata)")
      return
    }
    let registry = try KernelRegistry.standard()
    var passed = 0
    var notClaimed: [String: Int] = [:]
    var failures: [String] = []
    for test in cases {
      switch test.run(registry) {
      case .passed: passed += 1
      case .notClaimed(let reason): notClaimed[reason, default: 0] += 1
      case .failed(let reason): failures.append("\(test.testDescription): \(reason)")
      }
    }
    print(
      "\(part): \(passed) passed, \(failures.count) failed, \(notClaimed.values.reduce(0, +)) not claimed, of \(cases.count)"
    )
    #expect(failures == [])
    // The suite's size differs from release to release, but it never shrank below this.
    #expect(passed >= (part == "node" ? 100 : part == "pytorch-converted" ? 30 : 5))
  }
}
