import LayerKernels

/// `DeformConv`: convolutions whose windows' elements are moved by offsets that are an input.
extension TensorOperatorRegistry {
  mutating func registerDeformableConvolution() {
    register("DeformConv", types: ConvolutionRules.types) { call in
      let (input, weights, offsets) = (try call.required(0), try call.required(1), try call.required(2))
      let type = try FloatOperands.commonType([input, weights, offsets, call.input(3), call.input(4)])
      let sizes = try DeformableConvolution(
        input.shape, weights.shape, offsets.shape, call.input(4)?.shape, call.attributes)
      func convolve<Number: ProductNumber>(_: Number.Type) throws -> TypedTensor {
        var output = TypedTensor(Number.elementType, shape: sizes.plain.outputShape)
        try ChannelBias.add(
          call.input(3)?.numbers(as: Number.self), to: &output, channels: weights.shape[0], area: sizes.plain.outputArea
        )
        let (numbers, moves) = (input.numbers(as: Number.self), offsets.numbers(as: Number.self))
        let (factors, mask) = (weights.numbers(as: Number.self), call.input(4)?.numbers(as: Number.self))
        output.withMutableElements(as: Number.self) { sizes.add(numbers, factors, moves, mask, to: $0) }
        return output.converted(to: type)
      }
      return [type == .f32 ? try convolve(Float.self) : try convolve(Double.self)]
    }
  }
}

/// One deformable convolution of any number of spatial dimensions.
struct DeformableConvolution {
  /// The convolution without offsets.
  let plain: ConvolutionSizes
  private let offsetGroups: Int

  /// Checks that all operands fit each other.
  ///
  /// - Throws: ``OperatorError`` or `ShapeError` when they do not.
  init(
    _ input: TensorShape, _ weights: TensorShape, _ offsets: TensorShape, _ mask: TensorShape?,
    _ attributes: OperatorAttributes
  ) throws {
    plain = try ConvolutionSizes(input: input, weights: weights, attributes: attributes)
    offsetGroups = attributes.integer("offset_group") ?? 1
    guard offsetGroups > 0, offsetGroups <= max(plain.channels, 1), plain.channels % offsetGroups == 0 else {
      throw OperatorError("\(plain.channels) channels cannot be divided into \(offsetGroups) groups of offsets")
    }
    let count = offsetGroups * plain.windowArea
    let axes = plain.windows.axes.count
    guard offsets.dimensions == [plain.batch, count * axes] + plain.windows.output else {
      throw OperatorError("offsets \(offsets) do not fit input \(input) and weights \(weights)")
    }
    guard mask == nil || mask?.dimensions == [plain.batch, count] + plain.windows.output else {
      throw OperatorError("mask \(mask?.description ?? "") does not fit input \(input) and weights \(weights)")
    }
  }

  /// Adds the convolution to the output.
  func add<Number: ProductNumber>(
    _ input: [Number], _ weights: [Number], _ offsets: [Number], _ mask: [Number]?,
    to output: UnsafeMutableBufferPointer<Number>
  ) {
    let (window, area) = (plain.windowArea, plain.outputArea)
    let depth = plain.groupChannels * window
    guard plain.outputShape.elementCount > 0, depth > 0 else { return }
    var columns = [Number](repeating: 0, count: depth * area)
    for image in 0..<plain.batch {
      for group in 0..<plain.groups {
        for channel in 0..<plain.groupChannels {
          fill(&columns, row: channel * window, input, image, group * plain.groupChannels + channel, offsets, mask)
        }
        weights.withUnsafeBufferPointer { weights in
          columns.withUnsafeBufferPointer { columns in
            FloatProducts.add(
              Matrix(weights, offset: group * plain.groupOutputs * depth, rows: plain.groupOutputs, columns: depth),
              times: Matrix(columns, rows: depth, columns: area),
              to: MutableMatrix(
                output, offset: (image * plain.outputChannels + group * plain.groupOutputs) * area,
                rows: plain.groupOutputs, columns: area))
          }
        }
      }
    }
  }

  /// What the windows read of one channel, one row for each element of the window.
  private func fill<Number: ProductNumber>(
    _ columns: inout [Number], row: Int, _ input: [Number], _ image: Int, _ channel: Int, _ offsets: [Number],
    _ mask: [Number]?
  ) {
    let (axes, window, area) = (plain.windows.axes, plain.windowArea, plain.outputArea)
    let group = channel / (plain.channels / offsetGroups)
    let start = (image * plain.channels + channel) * plain.inputArea
    var place = [Number](repeating: 0, count: axes.count)
    for tap in 0..<window {
      let tapIndex = (image * offsetGroups + group) * window + tap
      for position in 0..<area {
        var (restTap, restPosition) = (tap, position)
        for axis in axes.indices.reversed() {
          let here = axes[axis]
          let cell = restPosition % here.output * here.stride + restTap % here.kernel * here.dilation - here.begin
          place[axis] = Number(cell) + offsets[(tapIndex * axes.count + axis) * area + position]
          (restTap, restPosition) = (restTap / here.kernel, restPosition / here.output)
        }
        let value = sample(input, start: start, at: place)
        columns[(row + tap) * area + position] = value * (mask.map { $0[tapIndex * area + position] } ?? 1)
      }
    }
  }

  /// The input between its elements, linear along each axis; it is zero outside.
  private func sample<Number: ProductNumber>(_ input: [Number], start: Int, at place: [Number]) -> Number {
    let axes = plain.windows.axes
    // Also where an offset is not a number.
    for (axis, coordinate) in zip(axes, place) where !(coordinate > -1 && coordinate < Number(axis.input)) { return 0 }
    var sum = Number(0)
    for corner in 0..<1 << axes.count {
      var (weight, index, isInside) = (Number(1), 0, true)
      for (axis, coordinate) in zip(axes.indices, place) {
        let floor = coordinate.rounded(.down)
        let isUpper = corner >> axis & 1 == 1
        let cell = Int(floor) + (isUpper ? 1 : 0)
        weight *= isUpper ? coordinate - floor : 1 - (coordinate - floor)
        isInside = isInside && cell >= 0 && cell < axes[axis].input
        index = index * axes[axis].input + cell
      }
      if isInside { sum += weight * input[start + index] }
    }
    return sum
  }
}
