public import LayerKernels

extension Movement {
  /// The shape that the movement gives; `requested` is what ``reshape`` and ``expand`` are to give.
  ///
  /// - Throws: ``ProblemError`` when the movement does not fit the inputs.
  public func outputShape(of inputs: [TensorShape], requested: TensorShape?) throws(ProblemError) -> TensorShape {
    guard let first = inputs.first else { throw .inconsistent("a movement needs an input") }
    if case .concatenate(let axis) = self { return try Self.concatenated(inputs, axis: axis) }
    guard inputs.count == 1 else { throw .inconsistent("a movement reads one value, not \(inputs.count)") }
    switch self {
    case .concatenate: return first
    case .reshape:
      guard let requested, requested.elementCount == first.elementCount else {
        throw .inconsistent("\(first) cannot be reshaped to \(requested?.description ?? "nothing")")
      }
      return requested
    case .transpose(let permutation):
      guard permutation.sorted() == Array(0..<first.rank) else {
        throw .inconsistent("\(permutation) is no permutation of the axes of \(first)")
      }
      return try checkedShape(permutation.map { first[$0] })
    case .gather(let axis, let indices):
      try checkSize("axis", axis, in: 0...max(first.rank - 1, 0))
      guard first.rank > 0, indices.allSatisfy({ (0..<first[axis]).contains($0) }) else {
        throw .inconsistent("an index along axis \(axis) is outside \(first)")
      }
      var sizes = first.dimensions
      sizes[axis] = indices.count
      return try checkedShape(sizes)
    case .pad(let before, let after, _):
      guard before.count == first.rank, after.count == first.rank else {
        throw .inconsistent("padding names \(before.count) and \(after.count) axes of \(first)")
      }
      var sizes = first.dimensions
      for axis in sizes.indices {
        try checkSize("padding", before[axis], in: 0...TensorShape.maximumElementCount)
        try checkSize("padding", after[axis], in: 0...TensorShape.maximumElementCount)
        sizes[axis] += before[axis] + after[axis]
      }
      return try checkedShape(sizes)
    case .expand:
      guard let requested, try ElementwiseProblem.broadcast(first, requested) == requested else {
        throw .inconsistent("\(first) cannot be expanded to \(requested?.description ?? "nothing")")
      }
      return requested
    }
  }

  private static func concatenated(_ inputs: [TensorShape], axis: Int) throws(ProblemError) -> TensorShape {
    let first = inputs[0]
    try checkSize("axis", axis, in: 0...max(first.rank - 1, 0))
    guard first.rank > 0 else { throw .inconsistent("scalars cannot be concatenated") }
    var total = 0
    for input in inputs {
      guard input.rank == first.rank,
        (0..<first.rank).allSatisfy({ $0 == axis || input[$0] == first[$0] })
      else { throw .inconsistent("\(first) and \(input) cannot be concatenated along axis \(axis)") }
      total += input[axis]
    }
    var sizes = first.dimensions
    sizes[axis] = total
    return try checkedShape(sizes)
  }
}
