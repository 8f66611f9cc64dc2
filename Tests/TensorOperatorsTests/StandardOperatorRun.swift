import LayerKernels
import TensorOperators
import Testing

/// One run of an operator of the standard registry.
enum StandardOperatorRun {
  /// The outputs, after a check that the type rule foretells them.
  static func outputs(
    _ name: String, opset: Int, domain: String = "", _ inputs: [TypedTensor?],
    _ attributes: [String: OperatorAttributes.Value] = [:], outputCount: Int = 1
  ) throws -> [TypedTensor] {
    let definition = try #require(
      TensorOperatorRegistry.standard.definition(domain: domain, name: name, opset: opset), "\(name) is not known")
    let attributes = OperatorAttributes(attributes)
    let outputs = try definition(
      OperatorCall(
        name, opset: opset, attributes: attributes, inputs: inputs,
        wantedOutputs: [Bool](repeating: true, count: outputCount)))
    let types = try definition.outputTypes(
      OperatorTypes(
        opset: opset, attributes: attributes, inputs: inputs.map { $0.map { TensorType($0) } }, constants: inputs,
        outputCount: outputCount))
    if let types { #expect(types.prefix(outputCount) == outputs.prefix(outputCount).map { TensorType($0) }[...]) }
    return outputs
  }

  /// The first output.
  static func output(
    _ name: String, opset: Int, domain: String = "", _ inputs: [TypedTensor?],
    _ attributes: [String: OperatorAttributes.Value] = [:]
  ) throws -> TypedTensor {
    try #require(outputs(name, opset: opset, domain: domain, inputs, attributes).first)
  }
}

extension TypedTensor {
  /// A tensor of 32-bit floats.
  static func floats(_ sizes: [Int], _ values: [Float]) throws -> TypedTensor {
    try TypedTensor(shape: TensorShape(sizes), elements: values)
  }

  /// A tensor of whole numbers.
  static func integers(_ type: ElementType, _ sizes: [Int], _ values: [Int]) throws -> TypedTensor {
    try TypedTensor(type, shape: TensorShape(sizes), integers: values)
  }
}

/// Whether all numbers are near those that are right.
func areNear(_ tensor: TypedTensor, _ right: [Double], within tolerance: Double = 2e-5) -> Bool {
  tensor.shape.elementCount == right.count
    && zip(tensor.doubles, right).allSatisfy { $0 == $1 || ($0 - $1).magnitude <= tolerance * max(1, $1.magnitude) }
}
