import LayerKernels
import TensorOperators
import Testing

/// Runs one operator of the standard registry.
func run(
  _ name: String, domain: String = "", opset: Int = 19, _ attributes: [String: OperatorAttributes.Value],
  _ inputs: [TypedTensor?], outputs: Int = 1, bodies: [String: OperatorCall.Body] = [:]
) throws -> [TypedTensor] {
  let definition = try #require(TensorOperatorRegistry.standard.definition(domain: domain, name: name, opset: opset))
  return try definition(
    OperatorCall(
      name, opset: opset, attributes: OperatorAttributes(attributes), inputs: inputs,
      wantedOutputs: [Bool](repeating: true, count: outputs), bodies: bodies))
}

/// Runs one operator of the standard registry without attributes.
func run(
  _ name: String, opset: Int = 19, _ inputs: [TypedTensor?], outputs: Int = 1, bodies: [String: OperatorCall.Body] = [:]
) throws -> [TypedTensor] {
  try run(name, opset: opset, [:], inputs, outputs: outputs, bodies: bodies)
}

/// A tensor of 32-bit floats.
func floats(_ sizes: [Int], _ elements: [Float]) throws -> TypedTensor {
  try TypedTensor(shape: TensorShape(sizes), elements: elements)
}

/// A tensor of 64-bit integers.
func integers(_ sizes: [Int], _ elements: [Int64]) throws -> TypedTensor {
  try TypedTensor(shape: TensorShape(sizes), elements: elements)
}
