import LayerKernels
import Network

extension Movement {
  /// The movement done at once on constants.
  ///
  /// - Throws: ``ProblemError`` when it does not fit.
  func evaluated(_ inputs: [Tensor], requested: TensorShape?) throws -> Tensor {
    guard let first = inputs.first else { throw ProblemError.inconsistent("a movement needs an input") }
    let shape = try outputShape(of: inputs.map(\.shape), requested: requested)
    switch self {
    case .reshape: return try first.reshaped(to: shape)
    case .transpose([1, 0]):
      return first.transposed()
    case .transpose(let permutation):
      let strides = first.shape.strides
      return try first.picking(Self.positions(shape.dimensions, permutation.map { strides[$0] }), shape: shape)
    case .gather(let axis, let indices):
      var sizes = shape.dimensions
      let strides = first.shape.strides
      sizes[axis] = indices.count
      return try first.picking(Self.positions(sizes, strides, axis: axis, indices: indices), shape: shape)
    case .expand:
      let strides = first.shape.strides
      let lead = shape.rank - first.shape.rank
      let steps = (0..<shape.rank).map { $0 < lead || first.shape[$0 - lead] == 1 ? 0 : strides[$0 - lead] }
      return try first.picking(Self.positions(shape.dimensions, steps), shape: shape)
    case .concatenate(let axis):
      // Along the outer axes the pieces alternate: outer positions first, then each input's own run.
      let outer = shape.dimensions[..<axis].reduce(1, *)
      var result = Tensor(shape: shape)
      result.withMutableElements { target in
        var start = 0
        for position in 0..<outer {
          for input in inputs {
            let run = input.shape.elementCount / outer
            input.withElements { source in
              for index in 0..<run { target[start + index] = source[position * run + index] }
            }
            start += run
          }
        }
      }
      return result
    case .pad(let before, _, let value):
      var tensor = Tensor(shape: shape, repeating: value)
      let strides = shape.strides
      let start = zip(before, strides).reduce(0) { $0 + $1.0 * $1.1 }
      first.withElements { source in
        tensor.withMutableElements { elements in
          for (index, offset) in Self.positions(first.shape.dimensions, strides).enumerated() {
            elements[start + offset] = source[index]
          }
        }
      }
      return tensor
    }
  }

  /// The offset of every position of a box in row-major order; along `axis` the positions are `indices`.
  private static func positions(_ sizes: [Int], _ strides: [Int], axis: Int? = nil, indices: [Int] = []) -> [Int] {
    var offsets = [0]
    for current in sizes.indices {
      let steps = current == axis ? indices : Array(0..<sizes[current])
      offsets = offsets.flatMap { offset in steps.map { offset + $0 * strides[current] } }
    }
    return offsets
  }
}

extension Tensor {
  /// The elements at the given positions of the row-major order, under a new shape with as many.
  fileprivate func picking(_ positions: [Int], shape: TensorShape) throws -> Tensor {
    try withElements { values in try Tensor(shape: shape, elements: positions.lazy.map { values[$0] }) }
  }
}
