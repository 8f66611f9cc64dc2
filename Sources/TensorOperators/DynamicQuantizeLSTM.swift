import LayerKernels

/// `DynamicQuantizeLSTM` of ONNX Runtime's own domain: weights are 8-bit integers. Inputs and states stay floats here, where ONNX
/// Runtime rounds them to 8 bits before they are multiplied.
extension TensorOperatorRegistry {
  mutating func registerDynamicQuantizeLSTM() {
    register(
      TensorOperator(
        "DynamicQuantizeLSTM", domain: "com.microsoft",
        types: { types in
          let (input, weights, recurrence) = (try types.required(0), try types.required(1), try types.required(2))
          return try RecurrentSizes(
            .longShortTerm, input.shape, weights.shape, recurrence.shape, types.attributes, weightsAreTurned: true
          ).types(input.type)
        },
        evaluate: { call in
          let operands = RecurrentOperands(
            input: try call.required(0),
            weights: try weights(call.required(1), scale: call.required(8), zeroPoint: call.required(9)),
            recurrence: try weights(call.required(2), scale: call.required(10), zeroPoint: call.required(11)),
            bias: call.input(3), lengths: call.input(4), hidden: call.input(5), cell: call.input(6),
            peepholes: call.input(7))
          return try operands.evaluate(.longShortTerm, call.attributes)
        }))
  }
}

/// The numbers that 8-bit weights mean, with a row for each gate's number as LSTM has them.
///
/// - Parameter scale: one for each direction, or one for each gate's number of each direction.
private func weights(_ weights: TypedTensor, scale: TypedTensor, zeroPoint: TypedTensor) throws -> TypedTensor {
  guard weights.shape.rank == 3, weights.type == .u8 || weights.type == .s8 else {
    throw OperatorError("weights of \(TensorType(weights)) are not 8-bit integers of 3 dimensions")
  }
  let (directions, rows, columns) = (weights.shape[0], weights.shape[1], weights.shape[2])
  let (scales, points) = (scale.numbers(as: Float.self), zeroPoint.integers)
  for count in [scales.count, points.count] where count != directions && count != directions * columns {
    throw OperatorError("\(count) scales or zero points do not fit weights \(weights.shape)")
  }
  guard !scales.isEmpty || weights.shape.elementCount == 0 else { throw OperatorError("there are no scales") }
  let values = weights.integers
  var result: [Float] = []
  result.reserveCapacity(values.count)
  for direction in 0..<directions {
    for column in 0..<columns {
      let factor = scales[scales.count == directions ? direction : direction * columns + column]
      let point = points[points.count == directions ? direction : direction * columns + column]
      for row in 0..<rows {
        result.append(Float(values[(direction * rows + row) * columns + column] - point) * factor)
      }
    }
  }
  return try TypedTensor(shape: try TensorShape([directions, columns, rows]), elements: result)
}
