import LayerKernels

/// The sizes of one convolution of any number of spatial dimensions.
struct ConvolutionSizes {
  let windows: SpatialWindows
  let batch: Int
  let channels: Int
  let outputChannels: Int
  let groups: Int
  let outputShape: TensorShape

  /// Input channels of one group.
  var groupChannels: Int { channels / groups }
  /// Output channels of one group.
  var groupOutputs: Int { outputChannels / groups }
  /// Elements of one channel of the input.
  var inputArea: Int { windows.axes.reduce(1) { $0 * $1.input } }
  /// Elements of one channel of the output.
  var outputArea: Int { windows.axes.reduce(1) { $0 * $1.output } }
  /// Elements of one window in one channel.
  var windowArea: Int { windows.axes.reduce(1) { $0 * $1.kernel } }

  /// Checks that input, weights and attributes fit each other.
  ///
  /// - Throws: ``OperatorError`` or `ShapeError` when they do not.
  init(input: TensorShape, weights: TensorShape, attributes: OperatorAttributes) throws {
    guard input.rank >= 3 else { throw OperatorError("input \(input) has no spatial dimensions") }
    guard weights.rank == input.rank else { throw OperatorError("weights \(weights) do not fit input \(input)") }
    groups = attributes.integer("group") ?? 1
    (batch, channels, outputChannels) = (input[0], input[1], weights[0])
    guard groups > 0, channels % groups == 0, outputChannels % groups == 0, weights[1] == channels / groups else {
      throw OperatorError(
        "weights \(weights) in \(groups) groups do not fit the \(channels) channels of input \(input)")
    }
    windows = try SpatialWindows(
      input: Array(input.dimensions.dropFirst(2)), kernel: Array(weights.dimensions.dropFirst(2)),
      attributes: attributes)
    outputShape = try TensorShape([batch, outputChannels] + windows.output)
  }

  /// Adds the convolution to the output.
  func add<Number: ProductNumber>(
    _ input: UnsafeBufferPointer<Number>, weights: UnsafeBufferPointer<Number>,
    to output: UnsafeMutableBufferPointer<Number>
  ) {
    guard outputShape.elementCount > 0, groupChannels > 0 else { return }
    let columns = ConvolutionColumns(windows: windows)
    let depth = groupChannels * windowArea
    let most = columns.isCopy ? 0 : min(outputArea, max(64, 1 << 18 / depth))
    var block = [Number](repeating: 0, count: depth * most)
    block.withUnsafeMutableBufferPointer { block in
      for image in 0..<batch {
        for group in 0..<groups {
          let start = (image * channels + group * groupChannels) * inputArea
          let target = (image * outputChannels + group * groupOutputs) * outputArea
          let left = Matrix(weights, offset: group * groupOutputs * depth, rows: groupOutputs, columns: depth)
          if columns.isCopy {
            FloatProducts.add(
              left, times: Matrix(input, offset: start, rows: depth, columns: outputArea),
              to: MutableMatrix(output, offset: target, rows: groupOutputs, columns: outputArea))
            continue
          }
          for first in stride(from: 0, to: outputArea, by: most) {
            let count = min(most, outputArea - first)
            columns.fill(block, from: input, start: start, channels: groupChannels, outputs: first..<first + count)
            FloatProducts.add(
              left, times: Matrix(block, rows: depth, columns: count),
              to: MutableMatrix(output, offset: target + first, rows: groupOutputs, columns: count, stride: outputArea))
          }
        }
      }
    }
  }
}

/// What each output of a convolution reads, as the columns of a matrix whose rows are the windows' elements, channel by channel.
struct ConvolutionColumns {
  private let axes: [SpatialAxis]
  private let inputStrides: [Int]
  private let inputArea: Int
  /// The elements of the window in the dimensions before the last one: their steps in the input.
  private let outerTaps: [[Int]]
  private let lastTaps: [(offset: Int, outputs: Range<Int>)]

  /// The columns of windows.
  init(windows: SpatialWindows) {
    axes = windows.axes
    var strides = [Int](repeating: 1, count: axes.count)
    for axis in axes.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * axes[axis + 1].input }
    inputStrides = strides
    inputArea = axes.reduce(1) { $0 * $1.input }
    var taps: [[Int]] = [[]]
    for axis in axes.dropLast() {
      taps = taps.flatMap { tap in (0..<axis.kernel).map { tap + [$0 * axis.dilation - axis.begin] } }
    }
    outerTaps = taps
    let last = axes[axes.count - 1]
    var byIndex = (0..<last.kernel).map { (offset: $0 * last.dilation - last.begin, outputs: 0..<0) }
    for tap in last.taps { byIndex[tap.index].outputs = tap.outputs }
    lastTaps = byIndex
  }

  /// Whether each output reads the one input at its position, so that the input is the matrix.
  var isCopy: Bool {
    axes.allSatisfy { $0.kernel == 1 && $0.stride == 1 && $0.begin == 0 && $0.output == $0.input }
  }

  /// Fills in the columns of some outputs of one image.
  ///
  /// - Parameters:
  ///   - start: the first element of the first channel.
  ///   - outputs: the outputs in row-major order.
  func fill<Number: ProductNumber>(
    _ columns: UnsafeMutableBufferPointer<Number>, from input: UnsafeBufferPointer<Number>, start: Int, channels: Int,
    outputs: Range<Int>
  ) {
    let last = axes[axes.count - 1]
    let rows = channels * outerTaps.count * lastTaps.count
    precondition(columns.count >= rows * outputs.count && input.count >= start + channels * inputArea)
    guard let target = columns.baseAddress else { return }
    var position = outputs.lowerBound
    while position < outputs.upperBound {
      let (row, first) = position.quotientAndRemainder(dividingBy: last.output)
      let segment = first..<min(last.output, first + outputs.upperBound - position)
      for (outer, tap) in outerTaps.enumerated() {
        let inputRow = inputRow(tap, outputRow: row)
        for channel in 0..<channels {
          for (inner, (offset, valid)) in lastTaps.enumerated() {
            let index = (channel * outerTaps.count + outer) * lastTaps.count + inner
            let cells = target + index * outputs.count + (position - outputs.lowerBound)
            guard let inputRow, let source = input.baseAddress else {
              cells.update(repeating: 0, count: segment.count)
              continue
            }
            let inside = valid.clamped(to: segment)
            let from = source + start + channel * inputArea + inputRow
            if inside.isEmpty {
              cells.update(repeating: 0, count: segment.count)
              continue
            }
            cells.update(repeating: 0, count: inside.lowerBound - segment.lowerBound)
            let (cell, read) = (
              cells + (inside.lowerBound - segment.lowerBound), inside.lowerBound * last.stride + offset
            )
            if last.stride == 1 {
              cell.update(from: from + read, count: inside.count)
            } else {
              for step in 0..<inside.count { cell[step] = from[read + step * last.stride] }
            }
            (cells + (inside.upperBound - segment.lowerBound)).update(
              repeating: 0, count: segment.upperBound - inside.upperBound)
          }
        }
      }
      position += segment.count
    }
  }

  /// Where the row of the input begins that an element of the window reads for a row of the output; nil outside the input.
  private func inputRow(_ tap: [Int], outputRow: Int) -> Int? {
    var (rest, position) = (outputRow, 0)
    for axis in tap.indices.reversed() {
      let (quotient, output) = rest.quotientAndRemainder(dividingBy: axes[axis].output)
      rest = quotient
      let read = output * axes[axis].stride + tap[axis]
      guard read >= 0, read < axes[axis].input else { return nil }
      position += read * inputStrides[axis]
    }
    return position
  }
}
