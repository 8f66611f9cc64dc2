import LayerKernels

/// Transposed convolutions: each input is spread over a window of the output.
extension TensorOperatorRegistry {
  mutating func registerTransposedConvolution() {
    register(
      "ConvTranspose",
      types: { types in
        let (input, weights) = (try types.required(0), try types.required(1))
        let sizes = try TransposedConvolutionSizes(input.shape, weights.shape, types.attributes)
        return [TensorType(input.type, sizes.outputShape)]
      },
      evaluate: { call in
        let (input, weights, bias) = (try call.required(0), try call.required(1), call.input(2))
        let type = try FloatOperands.commonType([input, weights, bias])
        let sizes = try TransposedConvolutionSizes(input.shape, weights.shape, call.attributes)
        func convolve<Number: ProductNumber>(_: Number.Type) throws -> TypedTensor {
          var output = TypedTensor(Number.elementType, shape: sizes.outputShape)
          try ChannelBias.add(
            bias?.numbers(as: Number.self), to: &output, channels: sizes.outputShape[1], area: sizes.outputArea)
          input.widened.withElements(as: Number.self) { input in
            weights.widened.withElements(as: Number.self) { weights in
              output.withMutableElements(as: Number.self) { sizes.add(input, weights: weights, to: $0) }
            }
          }
          return output.converted(to: type)
        }
        return [type == .f32 ? try convolve(Float.self) : try convolve(Double.self)]
      })
  }
}

/// The sizes of one transposed convolution of any number of spatial dimensions.
struct TransposedConvolutionSizes {
  /// The windows of the convolution that this one is the transpose of: it reads this one's output and writes its input.
  private let axes: [SpatialAxis]
  let outputShape: TensorShape
  private let batch: Int
  private let channels: Int
  private let groups: Int
  private let groupOutputs: Int

  /// Elements of one channel of the output.
  var outputArea: Int { axes.reduce(1) { $0 * $1.input } }
  private var inputArea: Int { axes.reduce(1) { $0 * $1.output } }

  /// Checks that input, weights and attributes fit each other.
  ///
  /// - Throws: ``OperatorError`` or `ShapeError` when they do not.
  init(_ input: TensorShape, _ weights: TensorShape, _ attributes: OperatorAttributes) throws {
    guard input.rank >= 3 else { throw OperatorError("input \(input) has no spatial dimensions") }
    groups = attributes.integer("group") ?? 1
    (batch, channels) = (input[0], input[1])
    guard weights.rank == input.rank, groups > 0, channels % groups == 0, weights[0] == channels else {
      throw OperatorError("weights \(weights) in \(groups) groups do not fit input \(input)")
    }
    groupOutputs = weights[1]
    let rank = input.rank - 2
    let lists = try WindowAttributes(rank: rank, kernel: Array(weights.dimensions.dropFirst(2)), attributes)
    var more = attributes.integers("output_padding") ?? []
    if more.isEmpty { more = [Int](repeating: 0, count: rank) }
    // Some exporters name the sizes of images and channels, too.
    let wanted = attributes.integers("output_shape").map { $0.count == rank + 2 ? Array($0.dropFirst(2)) : $0 } ?? []
    let range = 0...TensorShape.maximumElementCount
    guard more.count == rank, more.allSatisfy({ range.contains($0) }) else {
      throw OperatorError("output_padding \(more) does not fit \(rank) spatial dimensions")
    }
    guard wanted.isEmpty || wanted.count == rank, wanted.allSatisfy({ range.contains($0) }) else {
      throw OperatorError("output_shape \(wanted) does not fit \(rank) spatial dimensions")
    }
    axes = try (0..<rank).map { axis in
      let (size, stride) = (input[axis + 2], lists.strides[axis])
      let extent = (lists.kernel[axis] - 1) * lists.dilations[axis] + 1
      let full = (size - 1) * stride + more[axis] + extent
      var (begin, end) = (lists.pads[axis], lists.pads[axis + rank])
      var output = full - begin - end
      let isSame = lists.padding == .sameUpper || lists.padding == .sameLower
      if !wanted.isEmpty || isSame {
        // Windows narrower than their stride leave gaps at the end, which are no outputs.
        output = wanted.isEmpty ? min(full, size * stride) : wanted[axis]
        let total = max(0, full - output)
        begin = lists.padding == .sameUpper ? total / 2 : total - total / 2
        end = total - begin
      } else if lists.padding == .valid {
        (begin, end, output) = (0, 0, full)
      }
      guard output >= 0, size > 0 else {
        throw OperatorError("padding of \(begin) and \(end) leaves nothing of \(full) outputs")
      }
      return SpatialAxis(
        input: output, kernel: lists.kernel[axis], stride: stride, dilation: lists.dilations[axis], begin: begin,
        end: end,
        output: size)
    }
    let (outputs, overflow) = groupOutputs.multipliedReportingOverflow(by: groups)
    guard !overflow else { throw OperatorError("weights \(weights) in \(groups) groups are too large") }
    outputShape = try TensorShape([batch, outputs] + axes.map(\.input))
  }

  /// Adds the convolution to the output.
  func add<Number: ProductNumber>(
    _ input: UnsafeBufferPointer<Number>, weights: UnsafeBufferPointer<Number>,
    to output: UnsafeMutableBufferPointer<Number>
  ) {
    let window = axes.reduce(1) { $0 * $1.kernel }
    let (depth, rows) = (channels / groups, groupOutputs * window)
    guard outputShape.elementCount > 0, depth > 0 else { return }
    let rowLength = axes[axes.count - 1].output
    // Whole rows of the input at a time.
    let most = max(1, (1 << 18) / max(rows * rowLength, 1)) * rowLength
    var block = [Number](repeating: 0, count: rows * min(most, inputArea))
    for group in 0..<groups {
      let turned = [Number].transposing(weights, offset: group * depth * rows, rows: depth, columns: rows)
      for image in 0..<batch {
        for first in stride(from: 0, to: inputArea, by: most) {
          let count = min(most, inputArea - first)
          turned.withUnsafeBufferPointer { turned in
            block.withUnsafeMutableBufferPointer { block in
              block.update(repeating: 0)
              FloatProducts.add(
                Matrix(turned, rows: rows, columns: depth),
                times: Matrix(
                  input, offset: (image * channels + group * depth) * inputArea + first, rows: depth, columns: count,
                  stride: inputArea),
                to: MutableMatrix(block, rows: rows, columns: count))
              scatter(
                block, inputs: first..<first + count, to: output,
                start: (image * groups + group) * groupOutputs * outputArea)
            }
          }
        }
      }
    }
  }

  /// Adds what rows of inputs spread to the outputs of one image and group.
  private func scatter<Number: ProductNumber>(
    _ block: UnsafeMutableBufferPointer<Number>, inputs: Range<Int>, to output: UnsafeMutableBufferPointer<Number>,
    start: Int
  ) {
    let last = axes[axes.count - 1]
    var outer: [(tap: Int, offsets: [Int])] = [(0, [])]
    for axis in axes.dropLast() {
      outer = outer.flatMap { outer in
        (0..<axis.kernel).map { (outer.tap * axis.kernel + $0, outer.offsets + [$0 * axis.dilation - axis.begin]) }
      }
    }
    let taps = last.taps
    let window = outer.count * last.kernel
    precondition(
      block.count >= groupOutputs * window * inputs.count && output.count >= start + groupOutputs * outputArea,
      "spread inputs reach beyond their memory")
    guard let source = block.baseAddress, let target = output.baseAddress else { return }
    for row in inputs.lowerBound / last.output..<inputs.upperBound / last.output {
      for (outerTap, offsets) in outer {
        guard let outputRow = outputRow(row, offsets) else { continue }
        for channel in 0..<groupOutputs {
          for tap in taps {
            let from =
              source + (channel * window + outerTap * last.kernel + tap.index) * inputs.count
              + (row * last.output - inputs.lowerBound)
            let to = target + start + channel * outputArea + outputRow + tap.offset
            for position in tap.outputs { to[position * last.stride] += from[position] }
          }
        }
      }
    }
  }

  /// Where the row of the output begins that a row of the input is spread to; nil outside the output.
  private func outputRow(_ row: Int, _ offsets: [Int]) -> Int? {
    var (rest, position, step) = (row, 0, axes[axes.count - 1].input)
    for axis in offsets.indices.reversed() {
      let (quotient, index) = rest.quotientAndRemainder(dividingBy: axes[axis].output)
      rest = quotient
      let written = index * axes[axis].stride + offsets[axis]
      guard written >= 0, written < axes[axis].input else { return nil }
      position += written * step
      step *= axes[axis].input
    }
    return position
  }
}
