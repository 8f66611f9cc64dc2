import LayerKernels

/// Rotations of pairs of numbers by angles that depend on the position.
extension TensorOperatorRegistry {
  mutating func registerRotaryEmbedding() {
    register("RotaryEmbedding", since: 23, types: TypeRules.sameAsInput) { call in
      [try RotaryEmbedding.rotate(call, cosines: call.required(1), sines: call.required(2), positions: call.input(3))]
    }
    register(
      TensorOperator("RotaryEmbedding", domain: "com.microsoft", types: TypeRules.sameAsInput) { call in
        [
          try RotaryEmbedding.rotate(
            call, cosines: call.required(2), sines: call.required(3), positions: call.required(1))
        ]
      })
  }
}

/// `RotaryEmbedding` of the standard and of ONNX Runtime.
enum RotaryEmbedding {
  /// The rotated input.
  ///
  /// - Parameter positions: the row of the tables for each image and position, or the first one's; nil where the tables have a
  ///   row for each image and position.
  static func rotate(
    _ call: OperatorCall, cosines: TypedTensor, sines: TypedTensor, positions: TypedTensor?
  ) throws -> TypedTensor {
    let input = try call.required(0)
    let type = try FloatOperands.commonType([input, cosines, sines])
    let heads = call.attributes.integer("num_heads") ?? 0
    let given = call.attributes.integer("rotary_embedding_dim") ?? 0
    var count = heads
    if input.shape.rank == 3, count == 0 {
      // Without a number of heads, one head is as wide as the tables say.
      let width = 2 * (cosines.shape.dimensions.last ?? 0)
      guard width > 0, input.shape[2] % width == 0 else { throw OperatorError("num_heads is missing") }
      count = input.shape[2] / width
    }
    let split = try AttentionHeads.split(input, heads: count)
    let (batch, headCount, steps, size) = (split.shape[0], split.shape[1], split.shape[2], split.shape[3])
    let rotated = given == 0 ? size : given
    guard rotated > 0 || split.shape.elementCount == 0, rotated <= size, rotated % 2 == 0 else {
      throw OperatorError("rotary_embedding_dim \(rotated) has to be even and at most the head's size \(size)")
    }
    let half = rotated / 2
    guard cosines.shape == sines.shape, cosines.shape.dimensions.last == half else {
      throw OperatorError("tables \(cosines.shape) and \(sines.shape) do not fit \(half) pairs of numbers")
    }
    let rows = try rows(positions, batch: batch, steps: steps, limit: half == 0 ? 0 : cosines.shape.elementCount / half)
    let (cosines, sines, isInterleaved) = (cosines.doubles, sines.doubles, call.attributes.flag("interleaved"))
    var values = split.doubles
    for image in 0..<batch {
      for head in 0..<headCount {
        for step in 0..<steps {
          let start = ((image * headCount + head) * steps + step) * size
          let row = rows[image * steps + step] * half
          for pair in 0..<half {
            let first = start + (isInterleaved ? 2 * pair : pair)
            let second = first + (isInterleaved ? 1 : half)
            let (x, y, cosine, sine) = (values[first], values[second], cosines[row + pair], sines[row + pair])
            values[first] = cosine * x - sine * y
            values[second] = sine * x + cosine * y
          }
        }
      }
    }
    let result = try TypedTensor(type, shape: split.shape, doubles: values)
    return input.shape.rank == 3 ? try AttentionHeads.joined(result) : result
  }

  /// The row of the tables for each image and position.
  private static func rows(_ positions: TypedTensor?, batch: Int, steps: Int, limit: Int) throws -> [Int] {
    let count = batch * steps
    var rows = Array(0..<count)
    if let given = positions?.integers {
      guard given.count == count || given.count == 1 else {
        throw OperatorError("\(given.count) positions do not fit \(batch) sequences of \(steps)")
      }
      // A single position is that of the first step.
      rows = given.count == count && positions?.shape.rank == 2 ? given : rows.map { given[0] &+ $0 % max(steps, 1) }
    }
    guard rows.allSatisfy({ (0..<limit).contains($0) }) else {
      throw OperatorError("a position is not within the \(limit) rows of the tables")
    }
    return rows
  }
}
