import LayerKernels

/// Copies of elements whatever their type is, in runs as long as they lie together.
extension TypedTensor {
  /// The elements of a box: element `i` of the box lies at `start` plus the sum of `i` times the steps.
  ///
  /// The caller vouches that every position of the box is one of the tensor's.
  func strided(_ shape: TensorShape, _ steps: [Int], start: Int = 0) -> TypedTensor {
    strided(box: shape.dimensions, steps, start: start, shape: shape)
  }

  /// As ``strided(_:_:start:)``, under a shape with as many elements as the box.
  func strided(box sizes: [Int], _ steps: [Int], start: Int, shape: TensorShape) -> TypedTensor {
    var result = TypedTensor(type, shape: shape)
    guard shape.elementCount > 0 else { return result }
    // Axes that follow each other without a gap are one.
    var box: [(size: Int, step: Int)] = []
    for (size, step) in zip(sizes, steps) where size != 1 {
      if let last = box.last, last.step == step * size {
        box[box.count - 1] = (last.size * size, step)
      } else {
        box.append((size, step))
      }
    }
    let inner = box.popLast() ?? (1, 1)
    func copy<Word: BitwiseCopyable>(_ word: Word.Type) {
      withBytes { source in
        let from = source.assumingMemoryBound(to: word)
        result.withMutableBytes { target in
          let to = target.assumingMemoryBound(to: word)
          var index = [Int](repeating: 0, count: box.count)
          var offset = start
          var position = 0
          while true {
            if inner.step == 1 {
              _ = UnsafeMutableBufferPointer(rebasing: to[position..<position + inner.size]).update(
                fromContentsOf: from[offset..<offset + inner.size])
            } else {
              for step in 0..<inner.size { to[position + step] = from[offset + step * inner.step] }
            }
            position += inner.size
            var axis = box.count - 1
            while axis >= 0 {
              index[axis] += 1
              offset += box[axis].step
              if index[axis] < box[axis].size { break }
              offset -= index[axis] * box[axis].step
              index[axis] = 0
              axis -= 1
            }
            if axis < 0 { return }
          }
        }
      }
    }
    switch type.byteCount {
    case 1: copy(UInt8.self)
    case 2: copy(UInt16.self)
    case 4: copy(UInt32.self)
    default: copy(UInt64.self)
    }
    return result
  }

  /// Runs of `length` elements that start at the given positions, one after the other.
  ///
  /// The caller vouches that every run lies in the tensor and that the runs have as many elements as the shape.
  func runs(at starts: [Int], length: Int, shape: TensorShape) throws -> TypedTensor {
    if length == 1 { return try picking(starts, shape: shape) }
    var result = TypedTensor(type, shape: shape)
    guard shape.elementCount > 0 else { return result }
    let bytes = length * type.byteCount
    withBytes { source in
      result.withMutableBytes { target in
        for (index, start) in starts.enumerated() {
          let from = start * type.byteCount
          UnsafeMutableRawBufferPointer(rebasing: target[index * bytes..<(index + 1) * bytes]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[from..<from + bytes]))
        }
      }
    }
    return result
  }

  /// Replaces the run of `length` elements at `position` by that of another tensor of the same type.
  mutating func copyRun(_ length: Int, from source: TypedTensor, at start: Int, to position: Int) {
    guard length > 0 else { return }
    let width = type.byteCount
    source.withBytes { from in
      withMutableBytes { to in
        UnsafeMutableRawBufferPointer(rebasing: to[position * width..<(position + length) * width]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: from[start * width..<(start + length) * width]))
      }
    }
  }

  /// A tensor of one element's copies.
  static func filled(_ shape: TensorShape, with scalar: TypedTensor) -> TypedTensor {
    scalar.strided(shape, [Int](repeating: 0, count: shape.rank))
  }

  /// The elements at the given positions, and `filler` where a position is negative.
  func picking(_ positions: [Int], orElse filler: TypedTensor, shape: TensorShape) throws -> TypedTensor {
    guard positions.count == shape.elementCount else {
      throw TensorError.elementCount(shape: shape, found: positions.count)
    }
    var result = TypedTensor(type, shape: shape)
    func pick<Word: BitwiseCopyable>(_ word: Word.Type) {
      withBytes { source in
        let from = source.assumingMemoryBound(to: word)
        filler.withBytes { fillerBytes in
          let fill = fillerBytes.assumingMemoryBound(to: word)[0]
          result.withMutableBytes { target in
            let to = target.assumingMemoryBound(to: word)
            for (index, position) in positions.enumerated() { to[index] = position < 0 ? fill : from[position] }
          }
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
}
