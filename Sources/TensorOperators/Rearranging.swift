import LayerKernels

/// Operators that put elements in another order or repeat them.
extension TensorOperatorRegistry {
  mutating func registerRearranging() {
    registerStrided("Transpose", Rearranging.transpose)
    registerStrided("DepthToSpace", Rearranging.depthToSpace)
    registerStrided("SpaceToDepth", Rearranging.spaceToDepth)
    registerStrided("Tile", Rearranging.tile)
    registerStrided("Slice", Rearranging.slice)
    register(
      "CenterCropPad", types: TypeRules.planned { [try Rearranging.cropped($0).type] }, evaluate: Rearranging.crop)
    register("ReverseSequence", types: TypeRules.sameAsInput, evaluate: Rearranging.reverseSequence)
  }

  private mutating func registerStrided(
    _ name: String, _ plan: @escaping @Sendable (OperatorTypes) throws -> StridedView
  ) {
    register(
      name, types: TypeRules.planned { [TensorType(try $0.required(0).type, try plan($0).shape)] }
    ) { call in
      let (input, view) = (try call.required(0), try plan(call.known))
      return [input.strided(box: view.box, view.steps, start: view.start, shape: view.shape)]
    }
  }
}

/// A box of a tensor's elements and the shape that they get.
private struct StridedView {
  var box: [Int]
  var steps: [Int]
  var start = 0
  var shape: TensorShape
}

private enum Rearranging {
  @Sendable static func transpose(_ types: OperatorTypes) throws -> StridedView {
    let shape = try types.required(0).shape
    let order = try Checked.axes(
      types.attributes.integers("perm") ?? Array((0..<shape.rank).reversed()), rank: shape.rank)
    guard order.count == shape.rank else { throw OperatorError("perm \(order) does not fit \(shape)") }
    let sizes = order.map { shape[$0] }
    return StridedView(box: sizes, steps: order.map { shape.strides[$0] }, shape: try TensorShape(sizes))
  }

  /// An image's sizes and the side of its blocks.
  private static func blocks(_ types: OperatorTypes) throws -> (sizes: [Int], side: Int) {
    let shape = try types.required(0).shape
    guard shape.rank == 4 else { throw OperatorError("\(shape) has not four dimensions") }
    guard let side = types.attributes.integer("blocksize"), side > 0, side < 1 << 15 else {
      throw OperatorError("blocksize \(types.attributes.integer("blocksize") ?? 0) is not within 1...32767")
    }
    return (shape.dimensions, side)
  }

  @Sendable static func depthToSpace(_ types: OperatorTypes) throws -> StridedView {
    let (sizes, side) = try blocks(types)
    guard sizes[1] % (side * side) == 0 else {
      throw OperatorError("\(sizes[1]) channels are no multiple of \(side * side)")
    }
    let channels = sizes[1] / (side * side)
    let (height, width) = (sizes[2], sizes[3])
    let plane = height * width
    let mode = types.attributes.text("mode") ?? "DCR"
    guard mode == "DCR" || mode == "CRD" else { throw OperatorError("mode '\(mode)' is neither DCR nor CRD") }
    let channelStep = mode == "DCR" ? plane : side * side * plane
    let blockStep = mode == "DCR" ? channels * plane : plane
    return StridedView(
      box: [sizes[0], channels, height, side, width, side],
      steps: [sizes[1] * plane, channelStep, width, side * blockStep, 1, blockStep],
      shape: try TensorShape([sizes[0], channels, Checked.product(height, side), Checked.product(width, side)]))
  }

  @Sendable static func spaceToDepth(_ types: OperatorTypes) throws -> StridedView {
    let (sizes, side) = try blocks(types)
    let (height, width) = (sizes[2], sizes[3])
    guard height % side == 0, width % side == 0 else {
      throw OperatorError("sides \(height) and \(width) are no multiples of \(side)")
    }
    let plane = height * width
    let mode = types.attributes.text("mode") ?? "DCR"
    guard mode == "DCR" || mode == "CRD" else { throw OperatorError("mode '\(mode)' is neither DCR nor CRD") }
    let depth = mode == "DCR" ? [side, side, sizes[1]] : [sizes[1], side, side]
    let depthSteps = mode == "DCR" ? [width, 1, plane] : [plane, width, 1]
    return StridedView(
      box: [sizes[0]] + depth + [height / side, width / side],
      steps: [sizes[1] * plane] + depthSteps + [side * width, side],
      shape: try TensorShape([sizes[0], Checked.product(side * side, sizes[1]), height / side, width / side]))
  }

  @Sendable static func tile(_ types: OperatorTypes) throws -> StridedView {
    let shape = try types.required(0).shape
    var repeats: [Int]
    if types.opset < 6 {
      guard let tiles = try types.number(1), let axis = try types.number(2) else {
        throw OperatorError("tiles or axis is missing")
      }
      repeats = [Int](repeating: 1, count: shape.rank)
      repeats[try axis.axis(rank: shape.rank)] = tiles
    } else {
      guard let given = try types.numbers(1) else { throw OperatorError("the repeats are missing") }
      repeats = given
    }
    guard repeats.count == shape.rank else { throw OperatorError("repeats \(repeats) do not fit \(shape)") }
    guard !repeats.contains(where: { $0 < 0 }) else { throw OperatorError("repeats \(repeats) are negative") }
    let sizes = try zip(shape.dimensions, repeats).map { try Checked.product($0, $1) }
    let strides = shape.strides
    var box: [Int] = []
    var steps: [Int] = []
    for axis in 0..<shape.rank {
      if repeats[axis] != 1 { box.append(repeats[axis]); steps.append(0) }
      if shape[axis] != 1 { box.append(shape[axis]); steps.append(strides[axis]) }
    }
    return StridedView(box: box, steps: steps, shape: try TensorShape(sizes))
  }

  @Sendable static func slice(_ types: OperatorTypes) throws -> StridedView {
    let shape = try types.required(0).shape
    let asInputs = types.opset >= 10
    guard let starts = try types.numbers("starts", before: 10, input: 1),
      let ends = try types.numbers("ends", before: 10, input: 2)
    else { throw OperatorError("starts or ends are missing") }
    let axes = try Checked.axes(
      try types.numbers("axes", before: 10, input: 3) ?? Array(0..<starts.count), rank: shape.rank)
    let steps = (asInputs ? try types.numbers(4) : nil) ?? [Int](repeating: 1, count: starts.count)
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw OperatorError(
        "\(starts.count) starts, \(ends.count) ends, \(axes.count) axes and \(steps.count) steps do not fit together")
    }
    var (sizes, strides, start) = (shape.dimensions, shape.strides, 0)
    for index in axes.indices {
      let (axis, size) = (axes[index], shape[axes[index]])
      guard steps[index] != 0 else { throw OperatorError("the step of axis \(axis) is 0") }
      guard size > 0 else { continue }
      // A step as long as the axis takes one element, as any longer one does.
      let step = min(max(steps[index], -size), size)
      let first = min(
        max(starts[index] < 0 ? max(starts[index], -size) + size : starts[index], 0), step < 0 ? size - 1 : size)
      let end: Int
      if asInputs, ends[index] == Int.max || ends[index] == Int(Int32.max) {
        end = step < 0 ? -1 : size
      } else {
        let counted = ends[index] < 0 ? max(ends[index], -size - 1) + size : ends[index]
        end = min(max(counted, step < 0 ? -1 : 0), size)
      }
      let span = step > 0 ? end - first : first - end
      sizes[axis] = span <= 0 ? 0 : (span - 1) / abs(step) + 1
      if sizes[axis] > 0 { start += first * strides[axis] }
      strides[axis] *= step
    }
    return StridedView(box: sizes, steps: strides, start: start, shape: try TensorShape(sizes))
  }

  /// What a `CenterCropPad` takes from the input and where it puts it.
  struct Crop {
    var type: TensorType
    /// The first element of the input and of the output on each axis, and how many are copied.
    var from: [Int]
    var to: [Int]
    var sizes: [Int]
  }

  static func cropped(_ types: OperatorTypes) throws -> Crop {
    let input = try types.required(0)
    guard let target = try types.numbers(1) else { throw OperatorError("the new shape is missing") }
    let rank = input.shape.rank
    let axes = try Checked.axes(types.attributes.integers("axes") ?? Array(0..<rank), rank: rank)
    guard target.count == axes.count else { throw OperatorError("shape \(target) does not fit \(axes.count) axes") }
    var sizes = input.shape.dimensions
    for (axis, size) in zip(axes, target) { sizes[axis] = size }
    let shape = try TensorShape(sizes)
    let differences = zip(input.shape.dimensions, sizes).map { $0 - $1 }
    return Crop(
      type: TensorType(input.type, shape), from: differences.map { max($0, 0) / 2 },
      to: differences.map { max(-$0, 0) / 2 }, sizes: zip(input.shape.dimensions, sizes).map { min($0, $1) })
  }

  @Sendable static func crop(_ call: OperatorCall) throws -> [TypedTensor] {
    let (input, crop) = (try call.required(0), try cropped(call.known))
    var result = TypedTensor(crop.type.type, shape: crop.type.shape)
    let (from, to) = (input.shape.strides, crop.type.shape.strides)
    let width = crop.sizes.last ?? 1
    let lines = crop.sizes.dropLast() + [1]
    guard !crop.sizes.contains(0) else { return [result] }
    func start(_ positions: [Int], _ strides: [Int]) -> Int { zip(positions, strides).map { $0 * $1 }.reduce(0, +) }
    let sources = StridedPositions.list(Array(lines), from, start: start(crop.from, from))
    let targets = StridedPositions.list(Array(lines), to, start: start(crop.to, to))
    for (source, target) in zip(sources, targets) { result.copyRun(width, from: input, at: source, to: target) }
    return [result]
  }

  @Sendable static func reverseSequence(_ call: OperatorCall) throws -> [TypedTensor] {
    let (input, lengths) = (try call.required(0), try call.known.numbers(1))
    let shape = input.shape
    let batchAxis = try (call.attributes.integer("batch_axis") ?? 1).axis(rank: shape.rank)
    let timeAxis = try (call.attributes.integer("time_axis") ?? 0).axis(rank: shape.rank)
    guard batchAxis != timeAxis, batchAxis < 2, timeAxis < 2 else {
      throw OperatorError("batch_axis \(batchAxis) and time_axis \(timeAxis) are not 0 and 1")
    }
    guard let lengths, lengths.count == shape[batchAxis] else {
      throw OperatorError("\(lengths?.count ?? 0) lengths for \(shape[batchAxis]) sequences")
    }
    let strides = shape.strides
    var starts: [Int] = []
    for first in 0..<shape[0] {
      for second in 0..<shape[1] {
        let (batch, time) = batchAxis == 0 ? (first, second) : (second, first)
        let length = lengths[batch]
        guard (0...shape[timeAxis]).contains(length) else {
          throw OperatorError("a sequence of \(length) in \(shape[timeAxis]) steps")
        }
        starts.append(batch * strides[batchAxis] + (time < length ? length - 1 - time : time) * strides[timeAxis])
      }
    }
    return [try input.runs(at: starts, length: shape.dimensions.dropFirst(2).product, shape: shape)]
  }
}
