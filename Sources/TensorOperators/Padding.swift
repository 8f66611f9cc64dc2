import LayerKernels

/// `Pad`: elements added to and cut from the ends of axes.
extension TensorOperatorRegistry {
  mutating func registerPadding() {
    for domain in ["", "com.microsoft"] {
      // The vendor's version takes operands from its first on.
      let opset = domain.isEmpty ? nil : 13
      register(
        TensorOperator(
          "Pad", domain: domain, types: TypeRules.planned { [try Padding($0, opset: opset).type] },
          evaluate: { call in
            let padding = try Padding(call.known, opset: opset)
            return [try padding.applied(to: call.required(0), filler: Padding.filler(call, opset: opset))]
          }))
    }
  }
}

/// How many elements each axis gets at its ends, and from where.
private struct Padding {
  enum Mode: String { case constant, reflect, edge, wrap }

  let mode: Mode
  /// Elements cut from the front and the back, then added there.
  let cut: [(Int, Int)]
  let added: [(Int, Int)]
  /// The input's sizes after the cut.
  let kept: [Int]
  let type: TensorType

  init(_ types: OperatorTypes, opset givenOpset: Int?) throws {
    let opset = givenOpset ?? types.opset
    let input = try types.required(0)
    let rank = input.shape.rank
    let word = types.attributes.text("mode") ?? "constant"
    guard let mode = Mode(rawValue: word) else {
      throw OperatorError("mode '\(word)' is none of constant, reflect, edge and wrap")
    }
    let given: [Int]?
    if opset >= 11 {
      given = try types.numbers(1)
    } else {
      given = types.attributes.integers(opset < 2 ? "paddings" : "pads")
    }
    guard let pads = given else { throw OperatorError("pads are missing") }
    let axes = try Checked.axes((opset >= 18 ? try types.numbers(3) : nil) ?? Array(0..<rank), rank: rank)
    guard pads.count == 2 * axes.count else { throw OperatorError("\(pads.count) pads for \(axes.count) axes") }
    var cut = [(Int, Int)](repeating: (0, 0), count: rank)
    var added = cut
    var kept = input.shape.dimensions
    var sizes = kept
    for (index, axis) in axes.enumerated() {
      let (front, back) = (pads[index], pads[index + axes.count])
      cut[axis] = (max(0, front == .min ? .max : -front), max(0, back == .min ? .max : -back))
      added[axis] = (max(0, front), max(0, back))
      kept[axis] -= try Checked.sum(cut[axis].0, cut[axis].1)
      guard kept[axis] >= 0 else {
        throw OperatorError("pads \(front) and \(back) cut more than the \(input.shape[axis]) of axis \(axis)")
      }
      let more = try Checked.sum(added[axis].0, added[axis].1)
      sizes[axis] = try Checked.sum(kept[axis], more)
      guard mode == .constant || kept[axis] > 0 || more == 0 else {
        throw OperatorError("axis \(axis) has no element to pad with in mode \(word)")
      }
    }
    self.mode = mode
    self.cut = cut
    self.added = added
    self.kept = kept
    type = TensorType(input.type, try TensorShape(sizes))
  }

  /// What a constant padding consists of.
  static func filler(_ call: OperatorCall, opset givenOpset: Int?) throws -> TypedTensor {
    let type = try call.required(0).type
    if givenOpset ?? call.opset >= 11 {
      guard let value = call.input(2), value.shape.elementCount > 0 else { return TypedTensor(type, shape: .scalar) }
      guard value.type == type, value.shape.elementCount == 1 else {
        throw OperatorError("the value is \(TensorType(value)) instead of one \(type)")
      }
      return value
    }
    return try TypedTensor(type, shape: .scalar, doubles: [Double(call.attributes.float("value") ?? 0)])
  }

  /// For each position of an axis of the output, the position of the input; −1 for the filler.
  private func sources(_ axis: Int) -> [Int] {
    let size = kept[axis]
    return (0..<type.shape[axis]).map { index in
      var position = index - added[axis].0
      if position < 0 || position >= size {
        switch mode {
        case .constant: return -1
        case .edge: position = min(max(position, 0), size - 1)
        case .wrap: position = (position % size + size) % size
        case .reflect:
          let period = max(2 * (size - 1), 1)
          position = (position % period + period) % period
          if position >= size { position = period - position }
        }
      }
      return position + cut[axis].0
    }
  }

  func applied(to input: TypedTensor, filler: TypedTensor) throws -> TypedTensor {
    let shape = type.shape
    let strides = input.shape.strides
    if mode == .constant {
      var result = TypedTensor.filled(shape, with: filler)
      guard !kept.contains(0) else { return result }
      guard let width = kept.last else { return input }
      let lines = Array(kept.dropLast() + [1])
      let targets = shape.strides
      let from = StridedPositions.list(lines, strides, start: zip(cut, strides).map { $0.0 * $1 }.reduce(0, +))
      let to = StridedPositions.list(lines, targets, start: zip(added, targets).map { $0.0 * $1 }.reduce(0, +))
      for (source, target) in zip(from, to) { result.copyRun(width, from: input, at: source, to: target) }
      return result
    }
    var positions = [0]
    for axis in 0..<shape.rank {
      let offsets = sources(axis).map { $0 * strides[axis] }
      positions = positions.flatMap { position in offsets.map { position + $0 } }
    }
    return try input.picking(positions, shape: shape)
  }
}
