import LayerKernels
import TensorOperators
import Testing

/// A tensor whose elements repeat −1.5, −1, … 1.5.
func steps(_ sizes: Int...) throws -> TypedTensor {
  let shape = try TensorShape(sizes)
  return try TypedTensor(.f32, shape: shape, doubles: (0..<shape.elementCount).map { Double($0 % 7 - 3) / 2 })
}

/// A tensor of given numbers.
func tensor(_ type: ElementType, _ sizes: [Int], _ values: [Double]) throws -> TypedTensor {
  try TypedTensor(type, shape: TensorShape(sizes), doubles: values)
}

/// Runs one operator of the standard registry and checks that its rule names the outputs' types.
func run(
  _ name: String, domain: String = "", opset: Int, _ attributes: [String: OperatorAttributes.Value] = [:],
  _ inputs: [TypedTensor?], outputs: Int = 1
) throws -> [TypedTensor] {
  let definition = try #require(TensorOperatorRegistry.standard.definition(domain: domain, name: name, opset: opset))
  let attributes = OperatorAttributes(attributes)
  let results = try definition(
    OperatorCall(
      name, opset: opset, attributes: attributes, inputs: inputs,
      wantedOutputs: [Bool](repeating: true, count: outputs)))
  let types = try definition.outputTypes(
    OperatorTypes(
      opset: opset, attributes: attributes, inputs: inputs.map { $0.map { TensorType($0) } },
      constants: inputs.map { _ in nil }, outputCount: outputs))
  #expect(types?.prefix(outputs) == results.prefix(outputs).map { TensorType($0) }[...])
  return results
}

/// Whether all numbers agree to five digits.
func expect(_ tensor: TypedTensor, _ sizes: [Int], _ values: [Double], _ location: SourceLocation = #_sourceLocation) {
  #expect(tensor.shape.dimensions == sizes, sourceLocation: location)
  let differs = zip(tensor.doubles, values).contains { !(abs($0 - $1) <= 2e-5 * max(1, abs($1))) }
  #expect(tensor.doubles.count == values.count && !differs, "\(tensor.doubles)", sourceLocation: location)
}
