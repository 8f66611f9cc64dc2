// Runs cases in ONNX's own layout and prints a line a case: `passed NAME`, `failed NAME: why` or `refused NAME: why`.
//
// A line `began NAME` comes before each, so that a crash says of which case it is.

import Foundation
import Logging
import Luthier
import ONNXCaseComparison

var deployment = Deployment()
deployment.logger = Logger(label: "cases") { _ in SwiftLogNoOpLogHandler() }
deployment.registry = try KernelRegistry.standard()
setvbuf(stdout, nil, _IOLBF, 0)
for folder in CommandLine.arguments.dropFirst() {
  for onnxCase in try ONNXCase.all(in: URL(fileURLWithPath: folder)) {
    print("began \(onnxCase.name)")
    switch onnxCase.run(deployment, relative: 1e-3, absolute: 1e-4) {
    case .passed: print("passed \(onnxCase.name)")
    case .failed(let reason): print("failed \(onnxCase.name): \(reason)")
    case .refused(let reason): print("refused \(onnxCase.name): \(reason)")
    }
  }
}
