import LayerKernels

/// `Col2Im`, which puts columns of patches back together, and `TfIdfVectorizer`, which counts runs of numbers.
extension TensorOperatorRegistry {
  mutating func registerPatches() {
    register("Col2Im", types: TypeRules.planned { [try PatchPlan($0).type] }) { call in
      [try PatchPlan(call.known).applied(to: call.required(0))]
    }
    register("TfIdfVectorizer", types: { [try Grams($0).type] }) { call in
      [try Grams(call.known).counted(in: call.required(0))]
    }
  }
}

private struct PatchPlan {
  let type: TensorType
  private let image, block, dilations, pads, strides, counts: [Int]

  init(_ types: OperatorTypes) throws {
    let input = try types.required(0)
    guard let image = try types.numbers(1), let block = try types.numbers(2) else {
      throw OperatorError("image_shape or block_shape is missing")
    }
    let rank = image.count
    func list(_ name: String, _ value: Int, _ count: Int) -> [Int] {
      types.attributes.integers(name) ?? [Int](repeating: value, count: count)
    }
    dilations = list("dilations", 1, rank)
    strides = list("strides", 1, rank)
    pads = list("pads", 0, 2 * rank)
    let limit = 1...TensorShape.maximumElementCount
    guard rank > 0, block.count == rank, dilations.count == rank, strides.count == rank, pads.count == 2 * rank,
      (image + block + dilations + strides).allSatisfy(limit.contains),
      pads.allSatisfy({ (0...TensorShape.maximumElementCount).contains($0) }), input.shape.rank == 3
    else { throw OperatorError("blocks \(block) of an image \(image) do not fit \(input.shape)") }
    let (dilations, strides, pads) = (dilations, strides, pads)
    counts = try (0..<rank).map { axis in
      let room = image[axis] + pads[axis] + pads[axis + rank] - dilations[axis] * (block[axis] - 1) - 1
      guard room >= 0 else { throw OperatorError("a block of \(block[axis]) does not fit \(image[axis])") }
      return room / strides[axis] + 1
    }
    (self.image, self.block) = (image, block)
    let (elements, places) = (try TensorShape(block).elementCount, try TensorShape(counts).elementCount)
    guard input.shape[1] % elements == 0, input.shape[2] == places else {
      throw OperatorError("\(input.shape) does not hold \(places) blocks of \(elements)")
    }
    type = TensorType(input.type, try TensorShape([input.shape[0], input.shape[1] / elements] + image))
  }

  func applied(to input: TypedTensor) throws -> TypedTensor {
    let rank = image.count
    let (elements, places, plane) = (block.product, counts.product, image.product)
    // For each element of a block and each position, the element of the image.
    var targets = [Int](repeating: -1, count: elements * places)
    for element in 0..<elements {
      for place in 0..<places {
        var (a, b, step, target) = (element, place, 1, 0)
        for axis in (0..<rank).reversed() {
          let position = b % counts[axis] * strides[axis] + a % block[axis] * dilations[axis] - pads[axis]
          guard target >= 0, (0..<image[axis]).contains(position) else {
            target = -1
            break
          }
          target += position * step
          step *= image[axis]
          a /= block[axis]
          b /= counts[axis]
        }
        targets[element * places + place] = target
      }
    }
    func summed<Number>(_ values: [Number], _ zero: Number, _ add: (inout Number, Number) -> Void) -> [Number] {
      var result = [Number](repeating: zero, count: type.shape.elementCount)
      for image in 0..<type.shape[0] * type.shape[1] {
        for (index, target) in targets.enumerated() where target >= 0 {
          add(&result[image * plane + target], values[image * targets.count + index])
        }
      }
      return result
    }
    if type.type.isFloat {
      return try TypedTensor(type.type, shape: type.shape, doubles: summed(input.doubles, 0) { $0 += $1 })
    }
    return try TypedTensor(type.type, shape: type.shape, integers: summed(input.integers, 0) { $0 &+= $1 })
  }
}

private struct Grams {
  let type: TensorType
  private let mode: String
  private let least, longest, skips: Int
  private let weights: [Float]?
  /// Runs of numbers and the positions where they are counted.
  private var places: [[Int]: Int] = [:]

  init(_ types: OperatorTypes) throws {
    let (input, attributes) = (try types.required(0), types.attributes)
    guard (1...2).contains(input.shape.rank) || input.shape.rank == 0 else {
      throw OperatorError("\(input.shape) has more than two dimensions")
    }
    guard let pool = attributes.integers("pool_int64s") else {
      throw OperatorError("pool_int64s is missing: only numbers can be counted")
    }
    guard let starts = attributes.integers("ngram_counts"), let indices = attributes.integers("ngram_indexes"),
      let least = attributes.integer("min_gram_length"), let longest = attributes.integer("max_gram_length"),
      let mode = attributes.text("mode"), ["TF", "IDF", "TFIDF"].contains(mode)
    else { throw OperatorError("an attribute is missing, or mode is none of TF, IDF and TFIDF") }
    (self.mode, self.least, self.longest) = (mode, least, longest)
    skips = attributes.integer("max_skip_count") ?? 0
    weights = attributes.floats("weights")
    guard least > 0, longest >= least, longest <= starts.count, skips >= 0,
      indices.allSatisfy({ (0..<TensorShape.maximumElementCount).contains($0) }),
      weights.map({ $0.count == indices.count }) ?? true
    else { throw OperatorError("its lengths, counts, indices and weights do not fit together") }
    var gram = 0
    for (order, start) in starts.enumerated() {
      let end = order + 1 < starts.count ? starts[order + 1] : pool.count
      guard start >= 0, start <= end, end <= pool.count, (end - start) % (order + 1) == 0 else {
        throw OperatorError("ngram_counts \(starts) do not fit \(pool.count) numbers")
      }
      for position in stride(from: start, to: end, by: order + 1) {
        guard gram < indices.count else { throw OperatorError("ngram_indexes are too few") }
        if (least...longest).contains(order + 1) { places[Array(pool[position...position + order])] = gram }
        gram += 1
      }
    }
    self.indices = indices
    let width = (indices.max() ?? -1) + 1
    type = TensorType(
      .f32, try TensorShape(input.shape.rank == 2 ? [input.shape[0], width] : [width]))
  }

  private let indices: [Int]

  func counted(in input: TypedTensor) throws -> TypedTensor {
    guard input.type.isInteger else { throw OperatorError("its input is \(input.type) instead of whole numbers") }
    let numbers = input.integers
    let size = input.shape.dimensions.last ?? 1
    let rows = input.shape.rank == 2 ? input.shape[0] : 1
    let width = type.shape[type.shape.rank - 1]
    var result = [Float](repeating: 0, count: type.shape.elementCount)
    for row in 0..<rows {
      var counts = [Int](repeating: 0, count: indices.count)
      // A run of one has no gaps to vary.
      for length in least...longest {
        for gap in 1...(length == 1 ? 1 : min(skips, size) + 1) {
          let (reach, overflow) = (length - 1).multipliedReportingOverflow(by: gap)
          guard !overflow, reach < size else { continue }
          for start in 0..<size - reach {
            let run = (0..<length).map { numbers[row * size + start + $0 * gap] }
            if let place = places[run] { counts[place] += 1 }
          }
        }
      }
      for (place, count) in counts.enumerated() where count > 0 {
        let weight = weights?[place] ?? 1
        let share = mode == "IDF" ? weight : mode == "TF" ? Float(count) : Float(count) * weight
        result[row * width + indices[place]] += share
      }
    }
    return try TypedTensor(shape: type.shape, elements: result)
  }
}
