import LayerKernels

/// Convolutions of floating-point tensors.
extension TensorOperatorRegistry {
  mutating func registerConvolution() {
    register("Conv", types: ConvolutionRules.types) { call in [try ConvolutionRules.convolution(call)] }
    register(
      TensorOperator("FusedConv", domain: "com.microsoft", types: ConvolutionRules.types) { call in
        var result = try ConvolutionRules.convolution(call, summand: call.input(3))
        if let activation = call.attributes.text("activation") {
          let parameters = call.attributes.floats("activation_params") ?? []
          let function = try ScalarActivation(named: activation, parameters: parameters.map(Double.init))
          result = try TypedTensor(result.type, shape: result.shape, doubles: result.doubles.map { function($0) })
        }
        return [result]
      })
  }
}

/// What the convolutions share.
enum ConvolutionRules {
  /// The output's type follows from the input's and the weights' shapes.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let (input, weights) = (try types.required(0), try types.required(1))
    let sizes = try ConvolutionSizes(input: input.shape, weights: weights.shape, attributes: types.attributes)
    return [TensorType(input.type, sizes.outputShape)]
  }

  /// The convolution of inputs 0 (image), 1 (weights) and 2 (bias).
  static func convolution(_ call: OperatorCall, summand: TypedTensor? = nil) throws -> TypedTensor {
    let (input, weights, bias) = (try call.required(0), try call.required(1), call.input(2))
    let type = try FloatOperands.commonType([input, weights, bias, summand])
    let sizes = try ConvolutionSizes(input: input.shape, weights: weights.shape, attributes: call.attributes)
    guard summand == nil || summand?.shape == sizes.outputShape else {
      throw OperatorError("\(summand?.shape.description ?? "") cannot be added to the output \(sizes.outputShape)")
    }
    func convolve<Number: ProductNumber>(_: Number.Type) throws -> TypedTensor {
      var output = summand?.widened ?? TypedTensor(Number.elementType, shape: sizes.outputShape)
      try ChannelBias.add(
        bias?.numbers(as: Number.self), to: &output, channels: sizes.outputChannels, area: sizes.outputArea)
      input.widened.withElements(as: Number.self) { input in
        weights.widened.withElements(as: Number.self) { weights in
          output.withMutableElements(as: Number.self) { sizes.add(input, weights: weights, to: $0) }
        }
      }
      return output.converted(to: type)
    }
    return type == .f32 ? try convolve(Float.self) : try convolve(Double.self)
  }
}

/// A number for each channel.
enum ChannelBias {
  /// Adds the numbers to all elements of their channels.
  ///
  /// - Throws: ``OperatorError`` when there are not as many as channels.
  static func add<Number: ProductNumber>(_ bias: [Number]?, to output: inout TypedTensor, channels: Int, area: Int)
    throws
  {
    guard let bias else { return }
    guard bias.count == channels else { throw OperatorError("a bias of \(bias.count) for \(channels) channels") }
    output.withMutableElements(as: Number.self) { elements in
      guard area > 0, channels > 0 else { return }
      for start in stride(from: 0, to: elements.count, by: area) {
        let number = bias[start / area % channels]
        for index in start..<start + area { elements[index] += number }
      }
    }
  }
}
