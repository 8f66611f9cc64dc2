import LayerKernels

/// Softmax(Q·Kᵀ)·V for every image and head, with hooks for what the operators add in between.
struct AttentionProduct<Number: ProductNumber> {
  let batch: Int
  let queryHeads: Int
  /// Heads of keys and values: each serves as many query heads in a row.
  let keyHeads: Int
  let queries: Int
  let keys: Int
  let size: Int
  let valueSize: Int

  /// The shape of scores.
  func scoreShape() throws -> TensorShape { try TensorShape([batch, queryHeads, queries, keys]) }

  /// Checks that heads and sizes fit; the operands are image by image, head by head.
  ///
  /// - Throws: ``OperatorError`` when they do not.
  init(query: TensorShape, key: TensorShape, value: TensorShape) throws {
    guard query.rank == 4, key.rank == 4, value.rank == 4 else {
      throw OperatorError("query \(query), key \(key) and value \(value) have to be of 4 dimensions")
    }
    (batch, queryHeads, queries, size) = (query[0], query[1], query[2], query[3])
    (keyHeads, keys, valueSize) = (key[1], key[2], value[3])
    guard key[0] == batch, value[0] == batch, key[3] == size, value[1] == keyHeads, value[2] == keys else {
      throw OperatorError("query \(query), key \(key) and value \(value) do not fit each other")
    }
    guard keyHeads > 0, queryHeads % keyHeads == 0 else {
      throw OperatorError("\(queryHeads) heads of queries cannot share \(keyHeads) heads of keys")
    }
  }

  /// The products of queries and keys, both times a factor.
  func scores(
    _ query: [Number], _ key: [Number], factor: Number, rounding: AttentionRounding<Number>
  ) throws -> [Number] {
    var scores = [Number](repeating: 0, count: try scoreShape().elementCount)
    var scaled = factor == 1 ? query : query.map { $0 * factor }
    rounding.round(&scaled)
    for image in 0..<batch {
      for head in 0..<queryHeads {
        let (pair, keyPair) = (image * queryHeads + head, image * keyHeads + head / (queryHeads / keyHeads))
        var turned = key.withUnsafeBufferPointer {
          [Number].transposing($0, offset: keyPair * keys * size, rows: keys, columns: size)
        }
        if factor != 1 { for index in turned.indices { turned[index] *= factor } }
        rounding.round(&turned)
        scaled.withUnsafeBufferPointer { query in
          turned.withUnsafeBufferPointer { key in
            scores.withUnsafeMutableBufferPointer {
              FloatProducts.add(
                Matrix(query, offset: pair * queries * size, rows: queries, columns: size),
                times: Matrix(key, rows: size, columns: keys),
                to: MutableMatrix($0, offset: pair * queries * keys, rows: queries, columns: keys))
            }
          }
        }
      }
    }
    rounding.round(&scores)
    return scores
  }

  /// Turns each row of scores into parts of one; a row of nothing but −∞ becomes zeros.
  func softmax(_ scores: inout [Number], rounding: AttentionRounding<Number>) {
    guard keys > 0 else { return }
    scores.withUnsafeMutableBufferPointer { scores in
      for start in stride(from: 0, to: scores.count, by: keys) {
        let row = start..<start + keys
        // Comparison as here keeps what is not a number.
        let largest = row.dropFirst().reduce(scores[start]) { scores[$1] > $0 || scores[$1].isNaN ? scores[$1] : $0 }
        guard largest != -.infinity else {
          for index in row { scores[index] = 0 }
          continue
        }
        var sum = Number(0)
        for index in row {
          scores[index] = rounding.round(Number.exp(rounding.round(scores[index] - largest)))
          sum += scores[index]
        }
        sum = rounding.round(sum)
        for index in row { scores[index] = rounding.round(scores[index] / sum) }
      }
    }
  }

  /// The sums of values, each times its part.
  func values(_ parts: [Number], _ value: [Number]) throws -> [Number] {
    var output = [Number](
      repeating: 0, count: try TensorShape([batch, queryHeads, queries, valueSize]).elementCount)
    for image in 0..<batch {
      for head in 0..<queryHeads {
        let (pair, keyPair) = (image * queryHeads + head, image * keyHeads + head / (queryHeads / keyHeads))
        parts.withUnsafeBufferPointer { parts in
          value.withUnsafeBufferPointer { value in
            output.withUnsafeMutableBufferPointer {
              FloatProducts.add(
                Matrix(parts, offset: pair * queries * keys, rows: queries, columns: keys),
                times: Matrix(value, offset: keyPair * keys * valueSize, rows: keys, columns: valueSize),
                to: MutableMatrix($0, offset: pair * queries * valueSize, rows: queries, columns: valueSize))
            }
          }
        }
      }
    }
    return output
  }
}

/// Tensors of heads: side by side in the last of 3 dimensions, or the second of 4.
enum AttentionHeads {
  /// The shape with heads as the second of 4 dimensions.
  static func split(_ shape: TensorShape, heads: Int?) throws -> TensorShape {
    if shape.rank == 4 { return shape }
    guard shape.rank == 3 else { throw OperatorError("\(shape) is not of 3 or 4 dimensions") }
    guard let heads, heads > 0, shape[2] % heads == 0 else {
      throw OperatorError("\(shape) cannot be divided into \(heads.map(String.init) ?? "an unknown number of") heads")
    }
    return try TensorShape([shape[0], heads, shape[1], shape[2] / heads])
  }

  /// The tensor with heads as the second of 4 dimensions.
  static func split(_ tensor: TypedTensor, heads: Int?) throws -> TypedTensor {
    let shape = try split(tensor.shape, heads: heads)
    if tensor.shape.rank == 4 { return tensor }
    let row = tensor.shape[2]
    return try tensor.picking(
      StridedPositions.list(shape.dimensions, [shape[2] * row, shape[3], row, 1]), shape: shape)
  }

  /// The shape with heads side by side.
  static func joined(_ shape: TensorShape) throws -> TensorShape {
    try TensorShape([shape[0], shape[2], shape[1] * shape[3]])
  }

  /// The tensor with heads side by side.
  static func joined(_ tensor: TypedTensor) throws -> TypedTensor {
    let (shape, strides) = (tensor.shape, tensor.shape.strides)
    let order = [0, 2, 1, 3]
    return try tensor.picking(
      StridedPositions.list(order.map { shape[$0] }, order.map { strides[$0] }), shape: joined(shape))
  }

  /// Earlier positions before later ones.
  static func joining(_ past: TypedTensor?, _ now: TypedTensor) throws -> TypedTensor {
    guard let past else { return now }
    let shape = try joining(past.shape, now.shape)
    guard past.type == now.type else { throw OperatorError("the past is \(past.type), the present \(now.type)") }
    var result = TypedTensor(now.type, shape: shape)
    let (before, after) = (past.shape[2] * past.shape[3], now.shape[2] * now.shape[3])
    let width = now.type.byteCount
    past.withBytes { past in
      now.withBytes { now in
        result.withMutableBytes { result in
          for pair in 0..<shape[0] * shape[1] {
            let target = UnsafeMutableRawBufferPointer(
              rebasing: result[pair * (before + after) * width..<(pair + 1) * (before + after) * width])
            target.copyBytes(from: past[pair * before * width..<(pair + 1) * before * width])
            UnsafeMutableRawBufferPointer(rebasing: target[(before * width)...]).copyBytes(
              from: now[pair * after * width..<(pair + 1) * after * width])
          }
        }
      }
    }
    return result
  }

  /// The shape of earlier positions before later ones.
  static func joining(_ past: TensorShape?, _ now: TensorShape) throws -> TensorShape {
    guard let past else { return now }
    guard past.rank == 4, past[0] == now[0], past[1] == now[1], past[3] == now[3] else {
      throw OperatorError("the past \(past) does not fit the present \(now)")
    }
    return try TensorShape([now[0], now[1], past[2] + now[2], now[3]])
  }
}
