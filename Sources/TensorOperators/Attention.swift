import LayerKernels

/// Attention of the standard.
extension TensorOperatorRegistry {
  mutating func registerAttention() {
    register("Attention", since: 23, types: StandardAttention.types, evaluate: StandardAttention.evaluate)
    register(
      TensorOperator(
        "FlexAttention", domain: "ai.onnx.preview",
        types: { types in
          let (query, value) = (try types.required(0), try types.required(2))
          _ = try AttentionProduct<Float>(query: query.shape, key: types.required(1).shape, value: value.shape)
          return [TensorType(query.type, try TensorShape(query.shape.dimensions.dropLast() + [value.shape[3]]))]
        }, evaluate: FlexibleAttention.evaluate))
  }
}

/// `Attention`.
enum StandardAttention {
  /// The output, the keys and values of all positions, and the scores.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let (heads, keyHeads) = (types.attributes.integer("q_num_heads"), types.attributes.integer("kv_num_heads"))
    let given = try types.required(0)
    let query = try AttentionHeads.split(given.shape, heads: heads)
    let key = try AttentionHeads.joining(
      types.input(4)?.shape, AttentionHeads.split(types.required(1).shape, heads: keyHeads))
    let value = try AttentionHeads.joining(
      types.input(5)?.shape, AttentionHeads.split(types.required(2).shape, heads: keyHeads))
    let product = try AttentionProduct<Float>(query: query, key: key, value: value)
    let output = try TensorShape(query.dimensions.dropLast() + [value[3]])
    let shapes = [
      given.shape.rank == 3 ? try AttentionHeads.joined(output) : output, key, value, try product.scoreShape(),
    ]
    let all = zip(shapes, [given.type, given.type, try types.required(2).type, given.type]).map { TensorType($1, $0) }
    return Array(all.prefix(max(types.outputCount, 1)))
  }

  /// Computes the attention.
  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let (heads, keyHeads) = (call.attributes.integer("q_num_heads"), call.attributes.integer("kv_num_heads"))
    let given = try call.required(0)
    let type = try FloatOperands.commonType([given, call.input(1)])
    guard (call.input(4) == nil) == (call.input(5) == nil) else {
      throw OperatorError("past_key and past_value have to be given together")
    }
    let query = try AttentionHeads.split(given, heads: heads)
    let key = try AttentionHeads.joining(call.input(4), AttentionHeads.split(call.required(1), heads: keyHeads))
    let value = try AttentionHeads.joining(call.input(5), AttentionHeads.split(call.required(2), heads: keyHeads))
    func attend<Number: ProductNumber>(_: Number.Type) throws -> [TypedTensor] {
      let product = try AttentionProduct<Number>(query: query.shape, key: key.shape, value: value.shape)
      let shape = try product.scoreShape()
      let rounding = AttentionRounding<Number>(type: type)
      let scale = call.attributes.float("scale").map { Number($0) } ?? 1 / Number(max(product.size, 1)).squareRoot()
      var scores: [Number]
      if scale >= 0 {
        scores = try product.scores(
          query.numbers(as: Number.self), key.numbers(as: Number.self), factor: rounding.round(scale.squareRoot()),
          rounding: rounding)
      } else {
        scores = try product.scores(
          query.numbers(as: Number.self), key.numbers(as: Number.self), factor: 1, rounding: rounding
        ).map { $0 * scale }
      }
      let mode = call.attributes.integer("qk_matmul_output_mode") ?? 0
      var shown = mode == 0 && call.wants(3) ? scores : []
      let cap = Number(call.attributes.float("softcap") ?? 0)
      if cap > 0 { scores = scores.map { Number.tanh($0 / cap) * cap } }
      rounding.round(&scores)
      if mode == 1, call.wants(3) { shown = scores }
      let bias: [Number]? = try AttentionBias(call, product.scoreShape(), past: call.input(4)?.shape[2]).numbers()
      if let bias { for index in scores.indices { scores[index] += bias[index] } }
      rounding.round(&scores)
      if mode == 2, call.wants(3) { shown = scores }
      let precision = try AttentionRounding<Number>(code: call.attributes.integer("softmax_precision"), else: type)
      precision.round(&scores)
      product.softmax(&scores, rounding: precision)
      // Rows that may attend nothing are zero, even where their scores are not numbers.
      if let bias, product.keys > 0 {
        for start in stride(from: 0, to: scores.count, by: product.keys)
        where bias[start..<start + product.keys].allSatisfy({ $0 == -.infinity }) {
          for index in start..<start + product.keys { scores[index] = 0 }
        }
      }
      precision.round(&scores)
      if mode == 3, call.wants(3) { shown = scores }
      rounding.round(&scores)
      let output = try TypedTensor(
        shape: try TensorShape(query.shape.dimensions.dropLast() + [product.valueSize]),
        elements: product.values(scores, value.numbers(as: Number.self))
      ).converted(to: type)
      var outputs = [given.shape.rank == 3 ? try AttentionHeads.joined(output) : output, key, value]
      if call.wants(3) { outputs.append(try TypedTensor(shape: shape, elements: shown).converted(to: type)) }
      return outputs
    }
    return type == .f32 ? try attend(Float.self) : try attend(Double.self)
  }
}

/// Numbers between the steps of an attention have the precision of a type.
struct AttentionRounding<Number: ProductNumber> {
  let type: ElementType

  init(type: ElementType) { self.type = type }

  /// The type that a number of the standard's list names.
  ///
  /// - Throws: ``OperatorError`` when it is not a floating-point type.
  init(code: Int?, else type: ElementType) throws(OperatorError) {
    switch code {
    case nil: self.init(type: type)
    case 1: self.init(type: .f32)
    case 10: self.init(type: .f16)
    case 11: self.init(type: .f64)
    case 16: self.init(type: .bf16)
    case .some(let code): throw OperatorError("softmax_precision \(code) is none of 1, 10, 11 and 16")
    }
  }

  /// The nearest numbers that are of the type.
  func round(_ numbers: inout [Number]) {
    guard type == .f16 || type == .bf16 else { return }
    for index in numbers.indices { numbers[index] = round(numbers[index]) }
  }

  /// The nearest number that is of the type.
  func round(_ number: Number) -> Number {
    switch type {
    case .f16: Number(Float16(number))
    case .bf16: Number(Float(BFloat16(Float(number))))
    default: number
    }
  }
}

/// What is added to the scores of an attention: 0 where a query may see a key, −∞ where not, or a mask's own numbers.
struct AttentionBias {
  private let shape: TensorShape
  private let mask: TypedTensor?
  private let isCausal: Bool
  private let window: (left: Int, right: Int)
  /// For each image, how many keys precede the first query.
  private let offsets: [Int]
  private let lengths: [Int]?

  init(_ call: OperatorCall, _ shape: TensorShape, past: Int?) throws {
    self.shape = shape
    mask = call.input(3)
    isCausal = call.attributes.flag("is_causal")
    window = (
      call.attributes.integer("left_window_size") ?? -1, call.attributes.integer("right_window_size") ?? -1
    )
    lengths = call.input(6)?.integers
    guard lengths == nil || lengths?.count == shape[0] else {
      throw OperatorError("nonpad_kv_seqlen has \(lengths?.count ?? 0) numbers for \(shape[0]) images")
    }
    let limit = TensorShape.maximumElementCount
    guard lengths?.allSatisfy({ (-limit...limit).contains($0) }) ?? true, window.left <= limit, window.right <= limit
    else {
      throw OperatorError("nonpad_kv_seqlen or a window is out of range")
    }
    let queries = shape[2]
    offsets =
      past.map { [Int](repeating: $0, count: shape[0]) } ?? lengths?.map { $0 - queries }
      ?? [Int](repeating: 0, count: shape[0])
  }

  /// The numbers for all scores; nil where they are all 0.
  func numbers<Number: ProductNumber>() throws -> [Number]? {
    guard mask != nil || isCausal || lengths != nil || window.left >= 0 || window.right >= 0 else { return nil }
    var result = [Number](repeating: 0, count: shape.elementCount)
    let keys = shape[3]
    if let mask {
      let width = mask.shape.dimensions.last ?? 1
      guard width <= keys else { throw OperatorError("mask \(mask.shape) does not fit scores \(shape)") }
      let part = try TensorShape(shape.dimensions.dropLast() + [width])
      guard mask.shape.rank <= 4, try Broadcasting.shape(of: [mask.shape, part]) == part else {
        throw OperatorError("mask \(mask.shape) does not fit scores \(shape)")
      }
      let values: [Number] =
        mask.type == .bool ? mask.truths.map { $0 ? 0 : -.infinity } : mask.numbers(as: Number.self)
      if width < keys { for index in result.indices where index % keys >= width { result[index] = -.infinity } }
      if width > 0 {
        for (index, position) in Broadcasting.positions(of: mask.shape, in: part).enumerated() {
          result[index / width * keys + index % width] = values[position]
        }
      }
    }
    guard keys > 0 else { return result }
    for row in 0..<result.count / keys {
      let image = row / (shape[1] * shape[2])
      let position = offsets[image] + row % shape[2]
      var seen = 0..<keys
      func keep(from lower: Int, through upper: Int) {
        let bound = min(max(upper, -1), keys - 1) + 1
        seen = seen.clamped(to: min(max(lower, 0), bound)..<bound)
      }
      if isCausal { keep(from: 0, through: position) }
      if window.left >= 0 { keep(from: position - window.left, through: keys) }
      if window.right >= 0 { keep(from: 0, through: position + window.right) }
      if let lengths { keep(from: 0, through: lengths[image] - 1) }
      for key in 0..<keys where !seen.contains(key) { result[row * keys + key] = -.infinity }
    }
    return result
  }
}

/// `FlexAttention`: graphs of the node change scores and parts.
enum FlexibleAttention {
  /// Computes the attention.
  @Sendable static func evaluate(_ call: OperatorCall) throws -> [TypedTensor] {
    let (query, key, value) = (try call.required(0), try call.required(1), try call.required(2))
    let type = try FloatOperands.commonType([query, key, value])
    let precision = try AttentionRounding<Double>(
      code: call.attributes.integer("softmax_precision"), else: type == .f64 ? .f64 : .f32
    ).type
    func attend<Number: ProductNumber>(_: Number.Type) throws -> TypedTensor {
      let product = try AttentionProduct<Number>(query: query.shape, key: key.shape, value: value.shape)
      let shape = try product.scoreShape()
      let scale = call.attributes.float("scale").map { Number($0) } ?? 1 / Number(max(product.size, 1)).squareRoot()
      let raw = try product.scores(
        query.numbers(as: Number.self), key.numbers(as: Number.self), factor: 1,
        rounding: AttentionRounding(type: type))
      var scores = try modified(
        try TypedTensor(shape: shape, elements: raw.map { $0 * scale }).converted(to: precision), by: "score_mod", call
      ).numbers(as: Number.self)
      product.softmax(&scores, rounding: AttentionRounding(type: precision))
      let parts = try modified(
        try TypedTensor(shape: shape, elements: scores).converted(to: precision), by: "prob_mod", call)
      let output = try product.values(parts.numbers(as: Number.self), value.numbers(as: Number.self))
      return try TypedTensor(
        shape: try TensorShape(query.shape.dimensions.dropLast() + [product.valueSize]), elements: output
      ).converted(to: type)
    }
    return [type == .f32 && precision == .f32 ? try attend(Float.self) : try attend(Double.self)]
  }

  private static func modified(_ tensor: TypedTensor, by name: String, _ call: OperatorCall) throws -> TypedTensor {
    guard let body = call.bodies[name] else { return tensor }
    guard let result = try body([tensor]).first, result.shape == tensor.shape, result.type == tensor.type else {
      throw OperatorError("its graph '\(name)' does not keep the shape \(tensor.shape) and type \(tensor.type)")
    }
    return result
  }
}
