// Runs cases in ONNX's own layout and prints a line a case: `passed NAME`, `failed NAME: why` or `refused NAME: why`.
//
// `--of-largest E` allows an error of E relative to the largest element of an output, as networks have it; without it floats have to
// agree as in ONNX's own runner, to a thousandth of each. A line `began NAME` comes before each, so that a crash says of which case it is.

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
    var folders = CommandLine.arguments.dropFirst()
    var ofLargest = 0.0
    if folders.first == "--of-largest", let text = folders.dropFirst().first, let number = Double(text) {
      ofLargest = number
      folders = folders.dropFirst(2)
    }
    let relative = ofLargest > 0 ? 0 : 1e-3
    for folder in folders {
      for onnxCase in try ONNXCase.all(in: URL(fileURLWithPath: folder)) {
        say("began \(onnxCase.name)")
        switch onnxCase.run(deployment, relative: relative, absolute: ofLargest > 0 ? 0 : 1e-4, ofLargest: ofLargest) {
        case .passed: say("passed \(onnxCase.name)")
        case .failed(let reason): say("failed \(onnxCase.name): \(reason)")
        case .refused(let reason): say("refused \(onnxCase.name): \(reason)")
        }
      }
    }
  }

  private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
