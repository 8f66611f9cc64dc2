import LayerKernels

extension ONNXOperatorRegistry {
  mutating func registerConvolutions() {
    register("Conv") { node, importer in
      let input = try importer.required(0, of: node)
      guard let weights = try importer.constant(1, of: node) else { throw node.error("it has no weights") }
      let shape = weights.shape
      guard shape.rank == 4, input.shape.rank == 4 else {
        throw node.unsupported("its weights have \(shape.rank) dimensions; 4 are supported")
      }
      if let kernel = node.integers("kernel_shape"), kernel != Array(shape.dimensions[2...]) {
        throw node.error("kernel_shape \(kernel) is not that of the weights, \(shape)")
      }
      let window = try NodeWindow(node, input: input.shape, kernel: Array(shape.dimensions[2...]))
      let bias = try importer.constant(2, of: node)
      let groups = node.integer("group") ?? 1
      let problem = try ConvolutionProblem(
        batch: input.shape[0], inputChannels: input.shape[1],
        input: .init(height: input.shape[2], width: input.shape[3]), outputChannels: shape[0], window: window.geometry,
        groups: groups, epilogue: Epilogue(bias: bias != nil))
      let parameters = try ConvolutionParameters(filter: weights.asFloats, bias: bias?.floatElements, for: problem)
      return [try importer.add(problem, parameters: parameters, [input], for: node)]
    }

    register("BatchNormalization") { node, importer in
      guard node.integer("training_mode") ?? 0 == 0 else { throw node.unsupported("it is in training mode") }
      let input = try importer.required(0, of: node)
      guard input.shape.rank >= 2 else { throw node.error("its input \(input.shape) has no channels") }
      let channels = input.shape[1]
      var numbers: [[Float]] = []
      for index in 1...4 {
        guard let constant = try importer.constant(index, of: node), constant.shape.elementCount == channels else {
          throw node.error("input \(index) has not one number for each of \(channels) channels")
        }
        numbers.append(constant.floatElements)
      }
      let epsilon = Double(node.float("epsilon") ?? 1e-5)
      var scale: [Float] = []
      var shift: [Float] = []
      for channel in 0..<channels {
        let factor = Double(numbers[0][channel]) / (Double(numbers[3][channel]) + epsilon).squareRoot()
        scale.append(Float(factor))
        shift.append(Float(Double(numbers[1][channel]) - Double(numbers[2][channel]) * factor))
      }
      let sizes = try TensorShape([channels] + Array(repeating: 1, count: input.shape.rank - 2))
      func constant(_ values: [Float]) throws -> ImportedValue {
        ImportedValue(constant: TypedTensor(try Tensor(shape: sizes, elements: values)))
      }
      let scaled = try importer.add(
        ElementwiseProblem(.multiply, input.shape, sizes), [input, constant(scale)], for: node)
      return [try importer.add(ElementwiseProblem(.add, input.shape, sizes), [scaled, constant(shift)], for: node)]
    }
  }
}
