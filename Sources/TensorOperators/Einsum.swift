import LayerKernels

/// `Einsum`: sums of products over named axes.
extension TensorOperatorRegistry {
  mutating func registerEinsum() {
    register("Einsum", types: { [try EinsumPlan($0).type] }) { call in
      let plan = try EinsumPlan(call.known)
      return [try plan.applied(to: call.inputs.compactMap { $0 })]
    }
  }
}

/// Which axes an equation names, their sizes, and where each operand has them.
private struct EinsumPlan {
  /// An axis: a letter, or a position of the ellipsis counted from its end.
  enum Label: Hashable {
    case letter(Character)
    case ellipsis(Int)
  }

  let type: TensorType
  /// The axes of the result, then those that are summed up, with their sizes.
  private let labels: [Label]
  private let sizes: [Label: Int]
  private let operandLabels: [[Label]]
  private let shapes: [TensorShape]

  init(_ types: OperatorTypes) throws {
    guard let equation = types.attributes.text("equation") else { throw OperatorError("the equation is missing") }
    let operands = try types.inputs.indices.map { try types.required($0) }
    guard let first = operands.first else { throw OperatorError("it has no inputs") }
    for operand in operands where operand.type != first.type {
      throw OperatorError("its inputs are \(first.type) and \(operand.type)")
    }
    var text = equation.filter { !$0.isWhitespace }[...]
    var output: Substring?
    if let arrow = text.firstRange(of: "->") {
      output = text[arrow.upperBound...]
      text = text[..<arrow.lowerBound]
    }
    let terms = text.split(separator: ",", omittingEmptySubsequences: false)
    guard terms.count == operands.count else {
      throw OperatorError("equation '\(equation)' has \(terms.count) terms for \(operands.count) inputs")
    }
    var sizes: [Label: Int] = [:]
    var widest = 0
    operandLabels = try zip(terms, operands).map { term, operand in
      let labels = try Self.labels(of: term, rank: operand.shape.rank, in: equation)
      for (axis, label) in labels.enumerated() {
        let size = operand.shape[axis]
        if case .ellipsis(let place) = label { widest = max(widest, place + 1) }
        if let known = sizes[label], known != size, known != 1, size != 1 {
          throw OperatorError("equation '\(equation)' names axes of \(known) and \(size) alike")
        }
        sizes[label] = sizes[label].map { $0 == 1 ? size : $0 } ?? size
      }
      return labels
    }
    let ellipsis = (0..<widest).reversed().map { Label.ellipsis($0) }
    let results: [Label]
    if let output {
      results = try Self.labels(of: output, ellipsis: ellipsis, in: equation)
      for label in results where sizes[label] == nil {
        throw OperatorError("the result of equation '\(equation)' names an axis that no input has")
      }
      guard Set(results).count == results.count else {
        throw OperatorError("the result of equation '\(equation)' names an axis twice")
      }
    } else {
      // Without a result named: the ellipsis, then every letter that comes once, alphabetically.
      var counts: [Character: Int] = [:]
      for character in text where character != "," && character != "." { counts[character, default: 0] += 1 }
      results = ellipsis + counts.filter { $0.value == 1 }.keys.sorted().map { .letter($0) }
    }
    let summed = sizes.keys.filter { !results.contains($0) }
    labels =
      results
      + summed.sorted { String(describing: $0) < String(describing: $1) }
    self.sizes = sizes
    shapes = operands.map(\.shape)
    type = TensorType(first.type, try TensorShape(results.map { sizes[$0] ?? 1 }))
  }

  private static func labels(of term: Substring, rank: Int, in equation: String) throws -> [Label] {
    let letters = term.filter { $0 != "." }.count
    let hasEllipsis = term.contains("...")
    guard hasEllipsis ? letters <= rank : letters == rank else {
      throw OperatorError("term '\(term)' of equation '\(equation)' does not fit \(rank) dimensions")
    }
    return try labels(of: term, ellipsis: (0..<rank - letters).reversed().map { .ellipsis($0) }, in: equation)
  }

  private static func labels(of term: Substring, ellipsis: [Label], in equation: String) throws -> [Label] {
    var labels: [Label] = []
    var rest = term
    var hasEllipsis = false
    while let character = rest.first {
      if rest.hasPrefix("..."), !hasEllipsis {
        hasEllipsis = true
        labels += ellipsis
        rest = rest.dropFirst(3)
      } else {
        guard character.isLetter, character.isASCII else {
          throw OperatorError("equation '\(equation)' cannot be read at '\(rest)'")
        }
        labels.append(.letter(character))
        rest = rest.dropFirst()
      }
    }
    return labels
  }

  func applied(to operands: [TypedTensor]) throws -> TypedTensor {
    if type.type.isFloat {
      let result = try reduced(operands.map(\.doubles), one: 1, zero: 0, { $0 * $1 }, { $0 + $1 })
      return try TypedTensor(type.type, shape: type.shape, doubles: result)
    }
    let result = try reduced(operands.map(\.integers), one: 1, zero: 0, { $0 &* $1 }, { $0 &+ $1 })
    return try TypedTensor(type.type, shape: type.shape, integers: result)
  }

  /// Joins the operands one after the other, and sums an axis up as soon as no later operand and no result has it.
  private func reduced<Number>(
    _ operands: [[Number]], one: Number, zero: Number, _ times: (Number, Number) -> Number,
    _ plus: (Number, Number) -> Number
  ) throws -> [Number] {
    let resultLabels = Array(labels.prefix(type.shape.rank))
    var heldLabels: [Label] = []
    var held = [one]
    for (place, operand) in operands.enumerated() {
      let later = Set(operandLabels[(place + 1)...].joined()).union(resultLabels)
      let known = Set(heldLabels).union(operandLabels[place])
      let kept =
        place == operands.count - 1 ? resultLabels : labels.filter { known.contains($0) && later.contains($0) }
      let dropped = labels.filter { known.contains($0) && !kept.contains($0) }
      let heldSizes = heldLabels.map { sizes[$0] ?? 1 }
      // What is in between may have more axes than a tensor may, but not more elements.
      let count = try kept.reduce(1) { try Checked.product($0, sizes[$1] ?? 1) }
      guard count <= TensorShape.maximumElementCount else { throw OperatorError("its products are too many") }
      let heldSteps = Self.steps(kept + dropped, heldLabels, sizes: heldSizes)
      let steps = Self.steps(kept + dropped, operandLabels[place], sizes: shapes[place].dimensions)
      func positions(_ chosen: Range<Int>, _ steps: [Int]) -> [Int] {
        StridedPositions.list(chosen.map { sizes[(kept + dropped)[$0]] ?? 1 }, Array(steps[chosen]))
      }
      let (outer, inner) = (0..<kept.count, kept.count..<kept.count + dropped.count)
      let (outerA, outerB) = (positions(outer, heldSteps), positions(outer, steps))
      let (innerA, innerB) = (positions(inner, heldSteps), positions(inner, steps))
      var next: [Number] = []
      next.reserveCapacity(count)
      for (a, b) in zip(outerA, outerB) {
        var sum = zero
        for index in innerA.indices { sum = plus(sum, times(held[a + innerA[index]], operand[b + innerB[index]])) }
        next.append(sum)
      }
      (held, heldLabels) = (next, kept)
    }
    return held
  }

  /// How far a step along each of the labels leads in an array with its own labels: repeated ones follow a diagonal, sizes of 1
  /// are repeated.
  private static func steps(_ labels: [Label], _ own: [Label], sizes: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: sizes.count)
    for axis in sizes.indices.reversed().dropFirst() { strides[axis] = strides[axis + 1] * max(sizes[axis + 1], 1) }
    return labels.map { label in
      own.indices.filter { own[$0] == label && sizes[$0] != 1 }.map { strides[$0] }.reduce(0, +)
    }
  }
}
