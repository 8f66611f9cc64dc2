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
      for run in Self.runs(indices) {
        var sizes = output.dimensions
        sizes[axis] = run.count
        var inputStrides = strides
        inputStrides[axis] = run.step * strides[axis]
        copies.append(
          .init(
            input: 0, inputOffset: run.first * strides[axis], outputOffset: run.position * outputStrides[axis],
            sizes: sizes, inputStrides: inputStrides, outputStrides: outputStrides))
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

  /// Indices as runs of a constant step, so that a slice is one copy.
  private static func runs(_ indices: [Int]) -> [(position: Int, first: Int, count: Int, step: Int)] {
    var runs: [(position: Int, first: Int, count: Int, step: Int)] = []
    var position = 0
    while position < indices.count {
      var end = position + 1
      let step = end < indices.count ? indices[end] - indices[position] : 1
      while end < indices.count, indices[end] - indices[end - 1] == step { end += 1 }
      runs.append((position, indices[position], end - position, step))
      position = end
    }
    return runs
  }
}
