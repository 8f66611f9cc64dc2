import Foundation
import Logging
import Luthier
import ONNXCaseComparison
import Testing

@Suite("Models that showed a fault, here or elsewhere")
struct SharedCaseTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("shared/cases")
  static let names = ((try? ONNXCase.all(in: folder)) ?? []).map(\.name)
  /// Cases whose expected output ONNX Runtime does not give either, but what is given here: one softmax runs along the last axis
  /// instead of all from 1 on, one local normalisation is right only in the first channel.
  static let wrong: Set<String> = ["a09_softmax_opset11_default_4d", "a23_lrn"]

  @Test(
    "Each gives what is expected, and what has no expected output is refused in one line",
    .enabled(if: !names.isEmpty, "the cases are not here (shared/cases beside the checkout)"), arguments: names)
  func cases(name: String) throws {
    var deployment = Deployment()
    deployment.logger = Logger(label: "cases") { _ in SwiftLogNoOpLogHandler() }
    let folder = Self.folder.appendingPathComponent(name)
    let isExpected = FileManager.default.fileExists(atPath: folder.appendingPathComponent("output_0.pb").path)
    let tolerance = name.hasPrefix("c18") ? 2e-3 : name.hasPrefix("e13") ? 1e-2 : 1e-4
    switch ONNXCase(folder).run(deployment, relative: 0, absolute: 0, ofLargest: tolerance) {
    case .passed: #expect(isExpected && !Self.wrong.contains(name))
    case .failed(let reason): #expect(Self.wrong.contains(name), "\(reason)")
    case .refused(let reason): #expect(!isExpected && !reason.contains("\n"), "\(reason)")
    }
  }
}
