import Luthier

extension ONNXOperatorRegistry {
  /// Registers ONNX's `PRelu`, read and written.
  mutating func registerPRelu() {
    register("PRelu") { node, importer in
      let input = try importer.required(0, of: node)
      guard let slopes = try importer.constantTensor(1, of: node) else { throw node.error("it has no slopes") }
      let problem = try PReluProblem(shape: input.shape)
      // One slope for each channel, [C, 1, 1] to ONNX, or one for all.
      let isShared = slopes.shape.elementCount == 1
      guard isShared || slopes.shape.dimensions == [problem.channels, 1, 1] else {
        throw node.unsupported("its slopes are \(slopes.shape); \(problem.channels)x1x1 or one for all are supported")
      }
      let values = isShared ? Array(repeating: slopes.elements[0], count: problem.channels) : slopes.elements
      let parameters = try PReluParameters(slopes: values, for: problem)
      return [try importer.add(problem, parameters: parameters, [input], for: node)]
    }
    registerExport(of: PReluProblem.self) { problem, parameters in
      let shape = try TensorShape([problem.channels, 1, 1])
      return ONNXOperator("PRelu", constants: [try Tensor(shape: shape, elements: parameters.slopes)])
    }
  }
}
