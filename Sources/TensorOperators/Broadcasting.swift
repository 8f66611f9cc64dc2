import LayerKernels

/// Shapes joined as NumPy does: aligned at the last axis, sizes of 1 repeated.
enum Broadcasting {
  /// The shape that all shapes are repeated to.
  ///
  /// - Throws: ``OperatorError`` when two sizes differ and neither is 1.
  static func shape(of shapes: [TensorShape]) throws -> TensorShape {
    var sizes: [Int] = []
    for shape in shapes {
      for position in 0..<shape.rank {
        let size = shape[shape.rank - 1 - position]
        if position == sizes.count {
          sizes.append(size)
        } else if sizes[position] == 1 {
          sizes[position] = size
        } else if size != 1, size != sizes[position] {
          throw OperatorError(
            "shapes \(shapes.map(\.description).joined(separator: " and ")) cannot be broadcast together")
        }
      }
    }
    return try TensorShape(sizes.reversed())
  }

  /// For each element of `shape`, in order, the position of the element of `source` that stands there.
  static func positions(of source: TensorShape, in shape: TensorShape) -> [Int] {
    if source == shape { return Array(0..<shape.elementCount) }
    if source.elementCount == 1 { return [Int](repeating: 0, count: shape.elementCount) }
    let lead = shape.rank - source.rank
    let strides = source.strides
    let steps = (0..<shape.rank).map { $0 < lead || source[$0 - lead] == 1 ? 0 : strides[$0 - lead] }
    return StridedPositions.list(shape.dimensions, steps)
  }
}

/// Walks a box of positions in row-major order.
enum StridedPositions {
  /// The offset of every position of a box whose axes have the given steps.
  static func list(_ sizes: [Int], _ steps: [Int], start: Int = 0) -> [Int] {
    var offsets: [Int] = []
    offsets.reserveCapacity(sizes.reduce(1, *))
    guard !sizes.contains(0) else { return [] }
    guard let last = sizes.last, let lastStep = steps.last else { return [start] }
    var index = [Int](repeating: 0, count: sizes.count - 1)
    var offset = start
    while true {
      for position in 0..<last { offsets.append(offset + position * lastStep) }
      var axis = sizes.count - 2
      while axis >= 0 {
        index[axis] += 1
        offset += steps[axis]
        if index[axis] < sizes[axis] { break }
        offset -= index[axis] * steps[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return offsets }
    }
  }
}

extension TypedTensor {
  /// The elements at the given positions of the row-major order, under a new shape with as many.
  ///
  /// - Throws: ``TensorError`` when there are more or fewer.
  func picking(_ positions: [Int], shape: TensorShape) throws -> TypedTensor {
    guard positions.count == shape.elementCount else {
      throw TensorError.elementCount(shape: shape, found: positions.count)
    }
    var result = TypedTensor(type, shape: shape)
    func pick<Word: BitwiseCopyable>(_ word: Word.Type) {
      withBytes { source in
        let from = source.assumingMemoryBound(to: word)
        result.withMutableBytes { target in
          let to = target.assumingMemoryBound(to: word)
          for (index, position) in positions.enumerated() { to[index] = from[position] }
        }
      }
    }
    switch type.byteCount {
    case 1: pick(UInt8.self)
    case 2: pick(UInt16.self)
    case 4: pick(UInt32.self)
    default: pick(UInt64.self)
    }
    return result
  }

  /// The tensor repeated to a shape, as NumPy broadcasts.
  ///
  /// - Throws: ``OperatorError`` or ``ShapeError`` when it cannot be.
  func broadcast(to shape: TensorShape) throws -> TypedTensor {
    if shape == self.shape { return self }
    guard try Broadcasting.shape(of: [self.shape, shape]) == shape else {
      throw OperatorError("\(self.shape) cannot be broadcast to \(shape)")
    }
    return try picking(Broadcasting.positions(of: self.shape, in: shape), shape: shape)
  }
}
