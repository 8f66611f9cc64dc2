import LayerKernels

/// Averages of 8-bit integers, of ONNX Runtime's own domain.
extension TensorOperatorRegistry {
  mutating func registerQuantizedPooling() {
    for isGlobal in [true, false] {
      register(
        TensorOperator(
          isGlobal ? "QLinearGlobalAveragePool" : "QLinearAveragePool", domain: "com.microsoft",
          types: { types in
            let input = try types.required(0)
            let last = types.attributes.flag("channels_last")
            let shape = last ? try ChannelsLast.channelsFirst(input.shape) : input.shape
            let pooled =
              isGlobal
              ? try TensorShape(shape.dimensions.enumerated().map { $0 < 2 ? $1 : 1 })
              : try PoolingSizes(shape, types.attributes).outputShape
            return [TensorType(input.type, last ? try ChannelsLast.channelsLast(pooled) : pooled)]
          },
          evaluate: { call in
            let last = call.attributes.flag("channels_last")
            let given = try call.required(0)
            let input = last ? try ChannelsLast.channelsFirst(given) : given
            let centred = try QuantizedConvolution.centred(input, call.input(2), axis: nil)
            // Windows are averaged as floats; whole channels as integers: ties are rounded as ONNX Runtime rounds them.
            let inputScale = try call.required(1).numbers(as: Float.self).first ?? 1
            let numbers = try TypedTensor(
              shape: input.shape, elements: centred.map { isGlobal ? Float($0) : Float($0) * inputScale })
            let average =
              isGlobal ? try GlobalPooling.average(numbers) : try PoolingRules.average(numbers, call.attributes)
            let zeroPoint = call.input(4) ?? TypedTensor(input.type, shape: .scalar)
            let scale = try Requantization(
              input: isGlobal ? call.required(1) : TypedTensor(scalar: Float(1)),
              weights: TypedTensor(scalar: Float(1)), output: call.required(3),
              zeroPoint: zeroPoint, channels: 1)
            let result = try scale.tensor(average.shape, average.doubles, roundsLast: !isGlobal) { _ in 0 }
            return [last ? try ChannelsLast.channelsLast(result) : result]
          }))
    }
  }
}
