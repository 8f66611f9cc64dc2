import LayerKernels
import ModelExecution
import Network
import TensorOperators

extension ONNXOperatorRegistry {
  /// Roundings to whole numbers of 8 or 16 bits and back.
  ///
  /// Layers compute on the real numbers that the whole ones stand for: rounding to steps is an activation, which rides in the
  /// epilogue of the layer before, and what reads the whole numbers back costs nothing.
  mutating func registerQuantization() {
    for domain in ["", "com.microsoft"] {
      register("QuantizeLinear", domain: domain) { node, importer in
        let input = try importer.required(0, of: node)
        guard input.type == .f32, node.integer("precision") ?? 0 <= 1 else {
          throw node.unsupported("layers round 32-bit floats only")
        }
        let zero = try importer.constant(2, of: node)
        let named = node.integer("output_dtype").flatMap { $0 == 0 ? nil : ElementType(number: Int32(clamping: $0)) }
        let type = zero?.type ?? named ?? .u8
        let quantization = try importer.quantization(of: node, zeroPoint: zero, type: type)
        guard let bounds = type.integerBounds else { throw node.unsupported("layers do not round to \(type)") }
        let value = try importer.add(
          ElementwiseProblem(quantization.rounding(to: bounds), shape: input.shape), [input], for: node)
        return [value.quantized(quantization, as: type)]
      }
      register("DequantizeLinear", domain: domain) { node, importer in
        let input = try importer.required(0, of: node)
        let zero = try importer.constant(2, of: node)
        let quantization = try importer.quantization(of: node, zeroPoint: zero, type: input.type)
        guard try importer.constant(1, of: node)?.type == .f32, node.integer("output_dtype") ?? 0 <= 1 else {
          throw node.unsupported("layers give back 32-bit floats only")
        }
        if let known = input.quantization {
          guard known == quantization else {
            throw node.unsupported("it reads whole numbers of one scale as those of another")
          }
          return [ImportedValue(activation: try importer.activation(input, of: node), in: importer.graph)]
        }
        let shift = ImportedValue(Tensor(shape: .scalar, repeating: Float(quantization.zeroPoint)))
        let scale = ImportedValue(Tensor(shape: .scalar, repeating: quantization.scale))
        let shifted = try importer.add(ElementwiseProblem(.subtract, input.shape, .scalar), [input, shift], for: node)
        return [try importer.add(ElementwiseProblem(.multiply, input.shape, .scalar), [shifted, scale], for: node)]
      }
    }
  }

  /// Operators that hand on elements as they are, or select among them: what they do to whole numbers they do to the real ones
  /// that these stand for.
  static let selectingOperators: Set<String> = [
    "Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice", "SpaceToDepth",
    "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze",
  ]
}

extension GraphImporter {
  /// The scale and the zero point of a node, one for the whole tensor.
  ///
  /// - Throws: ``ONNXError`` where there are more, or numbers that 32-bit arithmetic does not round to.
  fileprivate func quantization(
    of node: ONNXNode, zeroPoint: TypedTensor?, type: ElementType
  ) throws -> Quantization {
    guard let scales = try constant(1, of: node), scales.shape.elementCount == 1, scales.type == .f32,
      node.integer("block_size") ?? 0 == 0, zeroPoint?.shape.elementCount ?? 1 == 1
    else { throw node.unsupported("layers round to one 32-bit scale for the whole tensor only") }
    let scale = scales.floatElements[0]
    guard scale >= .leastNormalMagnitude, scale.isFinite else {
      throw node.unsupported("no layer rounds to steps of \(scale)")
    }
    guard type.isInteger, type.fileBitCount <= 16, zeroPoint.map({ $0.type == type }) ?? true else {
      throw node.unsupported("no layer rounds to \(type)")
    }
    return Quantization(scale: scale, zeroPoint: zeroPoint?.integers.first ?? 0)
  }
}

extension Quantization {
  /// Real numbers as those that whole numbers within bounds stand for.
  fileprivate func rounding(to bounds: ClosedRange<Int>) -> Activation {
    .quantized(
      step: scale, lower: Float(bounds.lowerBound - zeroPoint), upper: Float(bounds.upperBound - zeroPoint))
  }
}
