import LayerKernels

/// Attention of ONNX Runtime's own domain: with the products before it, or with biases and masks of integers.
extension TensorOperatorRegistry {
  mutating func registerFusedAttention() {
    register(
      TensorOperator("MultiHeadAttention", domain: "com.microsoft", types: FusedAttention.multiHeadTypes) { call in
        try FusedAttention.multiHead(call)
      })
    register(
      TensorOperator("Attention", domain: "com.microsoft", types: FusedAttention.projectedTypes) { call in
        try FusedAttention.projected(call)
      })
  }
}

/// `MultiHeadAttention` and `Attention` of ONNX Runtime.
enum FusedAttention {
  private static func heads(_ attributes: OperatorAttributes) throws(OperatorError) -> Int {
    guard let heads = attributes.integer("num_heads"), heads > 0 else {
      throw OperatorError("num_heads has to be a positive number")
    }
    return heads
  }

  /// The output and the keys and values of all positions.
  @Sendable static func multiHeadTypes(_ types: OperatorTypes) throws -> [TensorType]? {
    let heads = try heads(types.attributes)
    let query = try types.required(0)
    let (key, value) = (try types.required(1).shape, try types.required(2).shape)
    guard query.shape.rank == 3 else { throw OperatorError("query \(query.shape) is not of 3 dimensions") }
    let keys = try AttentionHeads.joining(types.input(6)?.shape, AttentionHeads.split(key, heads: heads))
    let values = try AttentionHeads.joining(types.input(7)?.shape, AttentionHeads.split(value, heads: heads))
    let (output, overflow) = heads.multipliedReportingOverflow(by: values[3])
    guard !overflow else { throw OperatorError("num_heads \(heads) is too large") }
    let shapes = [try TensorShape([query.shape[0], query.shape[1], output]), keys, values]
    return shapes.prefix(max(1, types.outputCount)).map { TensorType(query.type, $0) }
  }

  /// `MultiHeadAttention`.
  static func multiHead(_ call: OperatorCall) throws -> [TypedTensor] {
    let heads = try heads(call.attributes)
    var (query, key, value) = (try call.required(0), try call.required(1), try call.required(2))
    let type = try FloatOperands.commonType([
      query, key, value, call.input(3), call.input(5), call.input(6), call.input(7),
    ])
    guard query.shape.rank == 3 else { throw OperatorError("query \(query.shape) is not of 3 dimensions") }
    if let bias = call.input(3) {
      let widths = [query, key, value].map { $0.shape.rank == 3 ? $0.shape[2] : 0 }
      let numbers = bias.doubles
      guard numbers.count >= widths.reduce(0, +) else { throw OperatorError("a bias of \(numbers.count) is too short") }
      let keyStart = widths[0]
      let valueStart = keyStart + widths[1]
      query = try adding(numbers[..<keyStart], to: query)
      key = try adding(numbers[keyStart..<valueStart], to: key)
      value = try adding(numbers[valueStart..<valueStart + widths[2]], to: value)
    }
    let keys = try AttentionHeads.joining(call.input(6), AttentionHeads.split(key, heads: heads))
    let values = try AttentionHeads.joining(call.input(7), AttentionHeads.split(value, heads: heads))
    let output = try attend(
      AttentionHeads.split(query, heads: heads), keys, values, mask: call.input(4), bias: call.input(5),
      past: call.input(6)?.shape[2] ?? 0, call.attributes, type)
    return [output, keys, values]
  }

  /// The output, and the keys and values of all positions in one tensor.
  @Sendable static func projectedTypes(_ types: OperatorTypes) throws -> [TensorType]? {
    let (input, weights) = (try types.required(0), try types.required(1))
    let (heads, widths) = try widths(input.shape, weights.shape, types.attributes)
    let output = try TensorShape([input.shape[0], input.shape[1], widths[2]])
    let past = types.input(4)?.shape
    let present = try present(past, batch: input.shape[0], heads: heads, steps: input.shape[1], size: widths[1] / heads)
    return [output, present].prefix(max(1, types.outputCount)).map { TensorType(input.type, $0) }
  }

  private static func present(_ past: TensorShape?, batch: Int, heads: Int, steps: Int, size: Int) throws -> TensorShape
  {
    guard past == nil || past?.rank == 5 && past?[0] == 2 else {
      throw OperatorError("past \(past?.description ?? "") is not keys and values")
    }
    return try TensorShape([2, batch, heads, (past?[3] ?? 0) + steps, size])
  }

  /// The heads, and the widths of queries, keys and values.
  private static func widths(
    _ input: TensorShape, _ weights: TensorShape, _ attributes: OperatorAttributes
  ) throws -> (Int, [Int]) {
    let heads = try heads(attributes)
    guard input.rank == 3, weights.rank == 2, weights[0] == input[2] else {
      throw OperatorError("weights \(weights) do not fit input \(input)")
    }
    let widths = attributes.integers("qkv_hidden_sizes") ?? [Int](repeating: weights[1] / 3, count: 3)
    let range = 0...TensorShape.maximumElementCount
    guard widths.count == 3, widths.allSatisfy({ range.contains($0) && $0 % heads == 0 }),
      widths.reduce(0, +) == weights[1], widths[0] == widths[1]
    else {
      throw OperatorError("weights \(weights) cannot be divided into queries, keys and values of \(heads) heads")
    }
    return (heads, widths)
  }

  /// `Attention` of ONNX Runtime: queries, keys and values are products of the input.
  static func projected(_ call: OperatorCall) throws -> [TypedTensor] {
    let (input, weights, bias, past) = (try call.required(0), try call.required(1), call.input(2), call.input(4))
    let type = try FloatOperands.commonType([input, weights, bias, past, call.input(5)])
    guard call.input(6) == nil, !call.attributes.flag("do_rotary") else {
      throw OperatorError("past_sequence_length and do_rotary are not supported")
    }
    let (heads, widths) = try widths(input.shape, weights.shape, call.attributes)
    let (batch, steps, total) = (input.shape[0], input.shape[1], weights.shape[1])
    func project<Number: ProductNumber>(_: Number.Type) throws -> [TypedTensor] {
      let shape = try TensorShape([batch, steps, total])
      var all = TypedTensor(Number.elementType, shape: shape)
      input.widened.withElements(as: Number.self) { input in
        weights.widened.withElements(as: Number.self) { weights in
          all.withMutableElements(as: Number.self) {
            FloatProducts.add(
              Matrix(input, rows: batch * steps, columns: call.inputs[0]?.shape[2] ?? 0),
              times: Matrix(weights, rows: call.inputs[0]?.shape[2] ?? 0, columns: total),
              to: MutableMatrix($0, rows: batch * steps, columns: total))
          }
        }
      }
      if let bias { all = try adding(bias.doubles[...], to: all) }
      return try (0..<3).map { part in
        let start = widths[..<part].reduce(0, +)
        let shape = try TensorShape([batch, steps, widths[part]])
        return try all.picking(
          StridedPositions.list(shape.dimensions, [steps * total, total, 1], start: start), shape: shape
        ).converted(to: type)
      }
    }
    let parts = type == .f32 ? try project(Float.self) : try project(Double.self)
    _ = try present(past?.shape, batch: batch, heads: heads, steps: steps, size: widths[1] / heads)
    func half(_ index: Int) throws -> TypedTensor? {
      guard let past else { return nil }
      let shape = try TensorShape(Array(past.shape.dimensions.dropFirst()))
      return try past.picking(Array(index * shape.elementCount..<(index + 1) * shape.elementCount), shape: shape)
    }
    let keys = try AttentionHeads.joining(half(0), AttentionHeads.split(parts[1], heads: heads))
    let values = try AttentionHeads.joining(half(1), AttentionHeads.split(parts[2], heads: heads))
    let output = try attend(
      AttentionHeads.split(parts[0], heads: heads), keys, values, mask: call.input(3), bias: call.input(5),
      past: past?.shape[3] ?? 0, call.attributes, type)
    guard call.wants(1) else { return [output] }
    guard keys.shape == values.shape else {
      throw OperatorError("keys and values of different sizes cannot be one tensor")
    }
    let presentShape = try TensorShape([2] + keys.shape.dimensions)
    return [output, try TypedTensor(type, shape: presentShape, doubles: keys.doubles + values.doubles)]
  }

  /// The tensor with a number added to each position of its last dimension.
  private static func adding(_ bias: ArraySlice<Double>, to tensor: TypedTensor) throws -> TypedTensor {
    guard tensor.shape.rank == 3, !bias.isEmpty else { return tensor }
    guard bias.count == tensor.shape[2] else {
      throw OperatorError("a bias of \(bias.count) does not fit \(tensor.shape)")
    }
    return try TypedTensor(
      tensor.type, shape: tensor.shape,
      doubles: tensor.doubles.enumerated().map { $1 + bias[bias.startIndex + $0 % bias.count] })
  }

  private static func attend(
    _ query: TypedTensor, _ keys: TypedTensor, _ values: TypedTensor, mask: TypedTensor?, bias: TypedTensor?, past: Int,
    _ attributes: OperatorAttributes, _ type: ElementType
  ) throws -> TypedTensor {
    func attend<Number: ProductNumber>(_: Number.Type) throws -> TypedTensor {
      let product = try AttentionProduct<Number>(query: query.shape, key: keys.shape, value: values.shape)
      let shape = try product.scoreShape()
      let exact = AttentionRounding<Number>(type: .f64)
      let given = Number(attributes.float("scale") ?? 0)
      let scale = given == 0 ? 1 / Number(max(product.size, 1)).squareRoot() : given
      var scores = try product.scores(
        query.numbers(as: Number.self), keys.numbers(as: Number.self), factor: 1, rounding: exact)
      let hidden = Number(attributes.float("mask_filter_value") ?? -10000)
      let visible = try mask.map { try visibility($0, batch: shape[0], queries: shape[2], keys: shape[3], past: past) }
      let added = try bias?.broadcast(to: shape).numbers(as: Number.self)
      let isCausal = attributes.flag("unidirectional")
      for index in scores.indices {
        let (row, key) = index.quotientAndRemainder(dividingBy: shape[3])
        let (image, position) = (row / (shape[1] * shape[2]), row % shape[2])
        var score = scores[index] * scale
        if let added { score += added[index] }
        if let visible, !visible[(image * shape[2] + position) * shape[3] + key] { score += hidden }
        // The last query sees all keys, however many there are: as in ONNX Runtime.
        scores[index] = isCausal && key > past + position && position < shape[2] - 1 ? -.infinity : score
      }
      product.softmax(&scores, rounding: exact)
      let output = try TypedTensor(
        shape: try TensorShape(query.shape.dimensions.dropLast() + [product.valueSize]),
        elements: product.values(scores, values.numbers(as: Number.self)))
      return try AttentionHeads.joined(output).converted(to: type)
    }
    return type == .f32 ? try attend(Float.self) : try attend(Double.self)
  }

  /// For each image, query and key, whether the key may be seen.
  private static func visibility(_ mask: TypedTensor, batch: Int, queries: Int, keys: Int, past: Int) throws -> [Bool] {
    let numbers = mask.integers
    let isSeen: (Int, Int, Int) -> Bool
    switch mask.shape.dimensions {
    case [batch]: isSeen = { image, _, key in key < numbers[image] }
    case [2 * batch]: isSeen = { image, _, key in key < numbers[image] && key >= numbers[batch + image] }
    // Lengths of keys, then starts of queries and keys.
    case [3 * batch + 2]: isSeen = { image, _, key in key < numbers[image] }
    case [batch, keys]: isSeen = { image, _, key in numbers[image * keys + key] != 0 }
    case [batch, queries, keys]: isSeen = { image, query, key in numbers[(image * queries + query) * keys + key] != 0 }
    case let sizes
    where sizes.count == 4 && sizes[0] == batch && sizes[1] == 1 && sizes[2] == sizes[3] && sizes[2] >= keys:
      isSeen = { image, query, key in numbers[(image * sizes[2] + past + query) * sizes[2] + key] != 0 }
      guard past + queries <= sizes[2] else { throw OperatorError("mask \(mask.shape) is too small") }
    default: throw OperatorError("mask \(mask.shape) does not fit \(batch) images, \(queries) queries and \(keys) keys")
    }
    var result: [Bool] = []
    for image in 0..<batch {
      for query in 0..<queries { for key in 0..<keys { result.append(isSeen(image, query, key)) } }
    }
    return result
  }
}
