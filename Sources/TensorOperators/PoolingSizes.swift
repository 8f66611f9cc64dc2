import LayerKernels

/// The sizes of one pooling of any number of spatial dimensions.
struct PoolingSizes {
  let windows: SpatialWindows
  let outputShape: TensorShape
  /// Images times channels: each is pooled alone.
  let planes: Int
  private let inputStrides: [Int]

  /// Elements of one channel of the input.
  var inputArea: Int { windows.axes.reduce(1) { $0 * $1.input } }
  /// Elements of one channel of the output.
  var outputArea: Int { windows.axes.reduce(1) { $0 * $1.output } }

  /// Checks that input and attributes fit each other.
  ///
  /// - Throws: ``OperatorError`` or `ShapeError` when they do not.
  init(_ input: TensorShape, _ attributes: OperatorAttributes) throws {
    guard input.rank >= 3 else { throw OperatorError("input \(input) has no spatial dimensions") }
    windows = try SpatialWindows(
      input: Array(input.dimensions.dropFirst(2)), attributes: attributes, isPooling: true)
    outputShape = try TensorShape([input[0], input[1]] + windows.output)
    planes = input[0] * input[1]
    inputStrides = Array(input.strides.dropFirst(2))
  }

  /// How many cells each output of a channel averages over: those of the input, and those of the padding if asked for.
  func counts(includingPadding: Bool) throws -> [Int] {
    var counts = [1]
    for axis in windows.axes {
      let along =
        includingPadding ? axis.counts(begin: axis.begin, end: axis.end) : axis.counts(begin: 0, end: 0)
      counts = counts.flatMap { count in along.map { count * $0 } }
    }
    return counts
  }

  /// The sums of windows.
  func sums<Number: ProductNumber>(_ input: TypedTensor, as _: Number.Type) -> TypedTensor {
    var output = TypedTensor(Number.elementType, shape: outputShape)
    input.withElements(as: Number.self) { input in
      output.withMutableElements(as: Number.self) { output in
        guard let from = input.baseAddress, let to = output.baseAddress, !output.isEmpty else { return }
        walk { row in
          var (target, source) = (to + row.output, from + row.input)
          for _ in 0..<planes {
            for step in 0..<row.count { target[step] += source[step * row.step] }
            (target, source) = (target + outputArea, source + inputArea)
          }
        }
      }
    }
    return output
  }

  /// The largest elements of windows, as tensors of the input's type, and their positions in the input if asked for. What is not
  /// a number is larger than nothing, as in ONNX Runtime.
  func largest<Number: ProductNumber>(
    _ input: TypedTensor, as _: Number.Type, wantsIndices: Bool, columnMajor: Bool
  ) throws -> [TypedTensor] {
    var output = TypedTensor(Number.elementType, shape: outputShape)
    var places = TypedTensor(.s64, shape: wantsIndices ? outputShape : try TensorShape([0]))
    let least = input.type.integerBounds.map { Number($0.lowerBound) } ?? -Number.infinity
    input.widened.withElements(as: Number.self) { input in
      output.withMutableElements(as: Number.self) { output in
        places.withMutableElements(as: Int64.self) { places in
          output.update(repeating: least)
          places.update(repeating: -1)
          guard let from = input.baseAddress, let to = output.baseAddress, !output.isEmpty else { return }
          walk { row in
            for plane in 0..<planes {
              let (target, source) = (to + plane * outputArea + row.output, from + plane * inputArea + row.input)
              if wantsIndices {
                for step in 0..<row.count
                where source[step * row.step] > target[step] || places[plane * outputArea + row.output + step] < 0 {
                  guard !source[step * row.step].isNaN else { continue }
                  target[step] = source[step * row.step]
                  places[plane * outputArea + row.output + step] = Int64(
                    plane * inputArea + row.input + step * row.step)
                }
              } else {
                for step in 0..<row.count {
                  let value = source[step * row.step]
                  target[step] = value > target[step] ? value : target[step]
                }
              }
            }
          }
          if columnMajor { for index in places.indices { places[index] = Int64(columnMajorPlace(Int(places[index]))) } }
        }
      }
    }
    return [output.converted(to: input.type)] + (wantsIndices ? [places] : [])
  }

  /// The position of an element when the first spatial dimension is the fastest.
  private func columnMajorPlace(_ place: Int) -> Int {
    guard place >= 0 else { return place }
    let (plane, rest) = place.quotientAndRemainder(dividingBy: inputArea)
    var (left, step, result) = (rest, 1, plane * inputArea)
    for (axis, stride) in zip(windows.axes, inputStrides) {
      result += left / stride * step
      left %= stride
      step *= axis.input
    }
    return result
  }

  /// One element of the windows of neighbouring outputs: where the outputs and what they read begin in their channel.
  private struct Row {
    let output: Int
    let input: Int
    let count: Int
    /// From what one output reads to what the next one reads.
    let step: Int
  }

  /// Visits each element of each window, in order, along the last axis.
  private func walk(_ body: (Row) -> Void) {
    visit(axis: 0, output: 0, input: 0, body)
  }

  private func visit(axis: Int, output: Int, input: Int, _ body: (Row) -> Void) {
    let here = windows.axes[axis]
    let taps = here.taps
    if axis == windows.axes.count - 1 {
      for tap in taps {
        let first = tap.outputs.lowerBound
        body(
          Row(
            output: output + first, input: input + first * here.stride + tap.offset, count: tap.outputs.count,
            step: here.stride))
      }
      return
    }
    let outputStride = windows.axes[(axis + 1)...].reduce(1) { $0 * $1.output }
    for position in 0..<here.output {
      for tap in taps where tap.outputs.contains(position) {
        visit(
          axis: axis + 1, output: output + position * outputStride,
          input: input + (position * here.stride + tap.offset) * inputStrides[axis], body)
      }
    }
  }
}
