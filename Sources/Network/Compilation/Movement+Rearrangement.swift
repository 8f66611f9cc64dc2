import LayerKernels

extension Movement {
  /// The movement as strided copies between dense row-major tensors.
  ///
  /// - Throws: ``ProblemError`` when the movement does not fit the shapes.
  func rearrangement(of inputs: [TensorShape], to output: TensorShape) throws(ProblemError) -> RearrangementProblem {
    guard let first = inputs.first else { throw .inconsistent("a movement needs an input") }
    let outputStrides = output.strides
    var copies: [RearrangementProblem.Copy] = []
    var fill: Float?
    switch self {
    case .reshape:
      copies = [
        .init(
          input: 0, inputOffset: 0, outputOffset: 0, sizes: [first.elementCount], inputStrides: [1], outputStrides: [1])
      ]
    case .transpose(let permutation):
      let strides = first.strides
      copies = [
        .init(
          input: 0, inputOffset: 0, outputOffset: 0, sizes: output.dimensions,
          inputStrides: permutation.map { strides[$0] }, outputStrides: outputStrides)
      ]
    case .gather(let axis, let indices):
      let strides = first.strides
      for box in IndexBox.boxes(of: indices) {
        let (input, output) = (strides[axis], outputStrides[axis])
        copies.append(
          .init(
            input: 0, inputOffset: box.first * input, outputOffset: box.position * output,
            sizes: first.dimensions[..<axis] + box.axes.map(\.count) + first.dimensions[(axis + 1)...],
            inputStrides: strides[..<axis] + box.axes.map { $0.step * input } + strides[(axis + 1)...],
            outputStrides: outputStrides[..<axis] + box.axes.map { $0.distance * output }
              + outputStrides[(axis + 1)...]))
      }
    case .concatenate(let axis):
      var position = 0
      for (index, input) in inputs.enumerated() {
        copies.append(
          .init(
            input: index, inputOffset: 0, outputOffset: input.elementCount == 0 ? 0 : position * outputStrides[axis],
            sizes: input.dimensions, inputStrides: input.strides, outputStrides: outputStrides))
        position += input[axis]
      }
    case .pad(let before, _, let value):
      fill = value
      let offset = zip(before, outputStrides).reduce(0) { $0 + $1.0 * $1.1 }
      copies = [
        .init(
          input: 0, inputOffset: 0, outputOffset: first.elementCount == 0 ? 0 : offset, sizes: first.dimensions,
          inputStrides: first.strides, outputStrides: outputStrides)
      ]
    case .expand:
      let strides = first.strides
      let lead = output.rank - first.rank
      let inputStrides = (0..<output.rank).map { $0 < lead || first[$0 - lead] == 1 ? 0 : strides[$0 - lead] }
      copies = [
        .init(
          input: 0, inputOffset: 0, outputOffset: 0, sizes: output.dimensions, inputStrides: inputStrides,
          outputStrides: outputStrides)
      ]
    }
    return try RearrangementProblem(
      inputShapes: inputs, outputShape: output, fill: fill, copies: copies.filter { !$0.sizes.contains(0) })
  }
}

/// Indices of a gather that lie in a grid: neighbours along each axis a constant step apart.
private struct IndexBox {
  /// Where its first index stands in the list.
  let position: Int
  /// The first index.
  let first: Int
  /// Outermost first.
  let axes: [Axis]

  struct Axis: Equatable {
    let count: Int
    /// From an index to the next one.
    let step: Int
    /// From an index's place in the list to the next one's.
    let distance: Int
  }

  /// A list as few boxes: runs of a constant step, then runs of such runs, and so on. A slice is one box, and so is a
  /// feature map in the order of windows.
  static func boxes(of indices: [Int]) -> [IndexBox] {
    let (long, even) = (boxes(of: indices, evenly: false), boxes(of: indices, evenly: true))
    return even.count < long.count ? even : long
  }

  /// - Parameter evenly: whether no run is longer than the first one: the last row of a window may by chance go on in the next
  ///   window, and a longer run there would fit in no grid.
  private static func boxes(of indices: [Int], evenly: Bool) -> [IndexBox] {
    var boxes = indices.enumerated().map { IndexBox(position: $0, first: $1, axes: []) }
    while true {
      let joined = joined(boxes, evenly: evenly)
      if joined.count == boxes.count { return joined }
      boxes = joined
    }
  }

  private static func joined(_ boxes: [IndexBox], evenly: Bool) -> [IndexBox] {
    var joined: [IndexBox] = []
    var start = 0
    var longest = Int.max
    while start < boxes.count {
      let first = boxes[start]
      var end = start + 1
      if end < boxes.count {
        let (step, distance) = (boxes[end].first - first.first, boxes[end].position - first.position)
        while end < boxes.count, end - start < longest, boxes[end].axes == first.axes,
          boxes[end].first - boxes[end - 1].first == step, boxes[end].position - boxes[end - 1].position == distance
        {
          end += 1
        }
        let outer = Axis(count: end - start, step: step, distance: distance)
        joined.append(
          end == start + 1
            ? first : IndexBox(position: first.position, first: first.first, axes: [outer] + first.axes))
      } else {
        joined.append(first)
      }
      if evenly, start == 0 { longest = max(end, 2) }
      start = end
    }
    return joined
  }
}
