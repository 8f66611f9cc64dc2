import LayerKernels
import Network

extension Movement {
  /// The movement done at once on constants.
  ///
  /// - Throws: ``ProblemError`` when it does not fit.
  func evaluated(_ inputs: [ConstantTensor], requested: TensorShape?) throws -> ConstantTensor {
    guard let first = inputs.first else { throw ProblemError.inconsistent("a movement needs an input") }
    let shape = try outputShape(of: inputs.map(\.shape), requested: requested)
    switch self {
    case .reshape: return first.reshaped(shape)
    case .transpose([1, 0]):
      if let matrix = first.transposed(to: shape) { return matrix }
      return first.picking(Self.positions(shape.dimensions, [1, first.shape.strides[0]]), shape: shape)
    case .transpose(let permutation):
      let strides = first.shape.strides
      return first.picking(Self.positions(shape.dimensions, permutation.map { strides[$0] }), shape: shape)
    case .gather(let axis, let indices):
      var sizes = shape.dimensions
      let strides = first.shape.strides
      sizes[axis] = indices.count
      return first.picking(Self.positions(sizes, strides, axis: axis, indices: indices), shape: shape)
    case .expand:
      let strides = first.shape.strides
      let lead = shape.rank - first.shape.rank
      let steps = (0..<shape.rank).map { $0 < lead || first.shape[$0 - lead] == 1 ? 0 : strides[$0 - lead] }
      return first.picking(Self.positions(shape.dimensions, steps), shape: shape)
    case .concatenate(let axis):
      // Along the outer axes the pieces alternate: outer positions first, then each input's own run.
      let outer = shape.dimensions[..<axis].reduce(1, *)
      func alternating<Element>(_ parts: [[Element]]) -> [Element] {
        var joined: [Element] = []
        joined.reserveCapacity(shape.elementCount)
        for position in 0..<outer {
          for part in parts {
            let run = part.count / outer
            joined += part[(position * run)..<((position + 1) * run)]
          }
        }
        return joined
      }
      return inputs.allSatisfy(\.isInteger)
        ? ConstantTensor(shape: shape, integers: alternating(inputs.map(\.integers)))
        : ConstantTensor(try Tensor(shape: shape, elements: alternating(inputs.map(\.floats))))
    case .pad(let before, _, let value):
      var tensor = Tensor(shape: shape, repeating: value)
      let strides = shape.strides
      let start = zip(before, strides).reduce(0) { $0 + $1.0 * $1.1 }
      let source = first.floats
      tensor.withMutableElements { elements in
        for (index, offset) in Self.positions(first.shape.dimensions, strides).enumerated() {
          elements[start + offset] = source[index]
        }
      }
      return ConstantTensor(tensor)
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
