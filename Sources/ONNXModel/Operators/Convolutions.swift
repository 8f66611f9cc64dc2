import LayerKernels

extension ONNXOperatorRegistry {
  mutating func registerConvolutions() {
    register("Conv") { node, importer in [try Self.convolve(node, &importer)] }

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

  /// A convolution of images, or of lines, which are images of one row.
  private static func convolve(_ node: ONNXNode, _ importer: inout GraphImporter) throws -> ImportedValue {
    let input = try importer.required(0, of: node)
    guard let weights = try importer.constant(1, of: node) else { throw node.error("it has no weights") }
    guard (3...4).contains(weights.shape.rank), input.shape.rank == weights.shape.rank else {
      throw node.unsupported("its weights have \(weights.shape.rank) dimensions; layers have 3 or 4")
    }
    let kernel = Array(weights.shape.dimensions[2...])
    if let given = node.integers("kernel_shape"), given != kernel {
      throw node.error("kernel_shape \(given) is not that of the weights, \(weights.shape)")
    }
    let image = try NodeWindow.image(input, node, &importer)
    let window = try NodeWindow(node, input: input.shape, kernel: kernel)
    let bias = try importer.constant(2, of: node)
    let problem = try ConvolutionProblem(
      batch: image.shape[0], inputChannels: image.shape[1],
      input: .init(height: image.shape[2], width: image.shape[3]), outputChannels: weights.shape[0],
      window: window.geometry, groups: node.integer("group") ?? 1, epilogue: Epilogue(bias: bias != nil))
    let filter = try weights.asFloats.reshaped(to: problem.filterShape)
    let parameters = try ConvolutionParameters(filter: filter, bias: bias?.floatElements, for: problem)
    let result = try importer.add(problem, parameters: parameters, [image], for: node)
    return try NodeWindow.lines(result, rank: input.shape.rank, node, &importer)
  }
}
