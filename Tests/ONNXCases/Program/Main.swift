// Runs cases in ONNX's own layout and prints a line a case: `passed NAME`, `failed NAME: why` or `refused NAME: why`.
//
// A line `began NAME` comes before each, so that a crash says of which case it is.

import Foundation
import Logging
import Luthier
import ONNXCaseComparison

@main
enum Main {
  static func main() throws {
    var deployment = Deployment()
    deployment.logger = Logger(label: "cases") { _ in SwiftLogNoOpLogHandler() }
    deployment.registry = try KernelRegistry.standard()
    for folder in CommandLine.arguments.dropFirst() {
      for onnxCase in try ONNXCase.all(in: URL(fileURLWithPath: folder)) {
        say("began \(onnxCase.name)")
        switch onnxCase.run(deployment, relative: 1e-3, absolute: 1e-4) {
        case .passed: say("passed \(onnxCase.name)")
        case .failed(let reason): say("failed \(onnxCase.name): \(reason)")
        case .refused(let reason): say("refused \(onnxCase.name): \(reason)")
        }
      }
    }
  }

  private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
