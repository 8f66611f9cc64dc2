import LayerKernels

/// A transposed convolution as the phases of an ordinary one.
///
/// With stride s each output position o reads the inputs i and taps k of o + p = i·s + k, so that all positions with one remainder of
/// (o + p) / s share their taps: they are an ordinary convolution of stride 1 with every s-th tap in reverse order. The s·s phases are
/// computed by one convolution of s·s times as many channels and laid between each other, which moves planes and no arithmetic
/// (Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016). Taps that a phase lacks are zero.
extension ONNXOperatorRegistry {
  mutating func registerTransposedConvolutions() {
    register("ConvTranspose") { node, importer in
      let input = try importer.required(0, of: node)
      guard let weights = try importer.constant(1, of: node) else { throw node.error("it has no weights") }
      let rank = input.shape.rank
      guard (3...4).contains(rank), weights.shape.rank == rank else {
        throw node.unsupported("its input has \(rank) dimensions; layers have 3 or 4")
      }
      let plan = try TransposedWindow(node, input: input.shape, weights: weights.shape)
      let bias = try importer.constant(2, of: node)?.floatElements
      let image = try importer.move(.reshape, [input], to: plan.imageSizes, for: node)
      let problem = try ConvolutionProblem(
        batch: input.shape[0], inputChannels: input.shape[1],
        input: .init(height: plan.imageSizes[2], width: plan.imageSizes[3]),
        outputChannels: plan.phaseCount * plan.outputChannels,
        window: WindowGeometry(
          kernel: .init(height: plan.taps[0], width: plan.taps[1]),
          pads: .init(top: plan.taps[0] - 1, left: plan.taps[1] - 1, bottom: plan.taps[0] - 1, right: plan.taps[1] - 1)),
        groups: plan.groups, epilogue: Epilogue(bias: bias != nil))
      try importer.reserve(problem.filterShape.elementCount, for: node)
      let parameters = try ConvolutionParameters(
        filter: plan.phaseFilter(weights.asFloats, shape: problem.filterShape),
        bias: bias.map { bias in (0..<problem.outputChannels).map { bias[$0 / plan.phaseCount] } }, for: problem)
      let phases = try importer.add(problem, parameters: parameters, [image], for: node)
      return [try plan.joined(phases, node, &importer)]
    }
  }
}

/// The sizes of a transposed convolution, with one row where it has one dimension.
private struct TransposedWindow {
  let groups: Int
  let outputChannels: Int
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// The input's sizes as an image, `[N, C, H, W]`.
  let imageSizes: [Int]
  /// How many positions are cut off before each spatial axis.
  let cuts: [Int]
  /// The output's spatial sizes.
  let outputs: [Int]
  /// The taps of each phase.
  let taps: [Int]
  private let rank: Int

  var phaseCount: Int { strides[0] * strides[1] }

  init(_ node: ONNXNode, input: TensorShape, weights: TensorShape) throws {
    let spatial = input.rank - 2
    rank = input.rank
    groups = node.integer("group") ?? 1
    guard groups > 0, weights[0] == input[1], input[1] % groups == 0 else {
      throw node.error("weights \(weights) do not fit an input \(input) in \(groups) groups")
    }
    outputChannels = weights[1] * groups
    func list(_ name: String, _ fallback: Int) throws -> [Int] {
      let given = node.integers(name) ?? [Int](repeating: fallback, count: spatial)
      guard given.count == spatial, given.allSatisfy({ (0..<65_536).contains($0) }) else {
        throw node.error("its \(name) are \(given)")
      }
      return spatial == 1 ? [fallback] + given : given
    }
    strides = try list("strides", 1)
    dilations = try list("dilations", 1)
    let extra = try list("output_padding", 0)
    kernel = spatial == 1 ? [1, weights[2]] : [weights[2], weights[3]]
    imageSizes = spatial == 1 ? [input[0], input[1], 1, input[2]] : input.dimensions
    guard strides.allSatisfy({ $0 > 0 }), dilations.allSatisfy({ $0 == 1 }), kernel.allSatisfy({ $0 > 0 }) else {
      throw node.unsupported("layers have no dilated transposed windows")
    }
    let given = node.integers("pads") ?? [Int](repeating: 0, count: 2 * spatial)
    guard given.count == 2 * spatial, given.allSatisfy({ (0..<65_536).contains($0) }) else {
      throw node.error("its pads are \(given)")
    }
    let pads = spatial == 1 ? [0, given[0], 0, given[1]] : given
    guard node.integers("output_shape") == nil, ["NOTSET", "VALID"].contains(node.text("auto_pad") ?? "NOTSET") else {
      throw node.unsupported("layers take pads, not the output's shape")
    }
    cuts = Array(pads[..<2])
    outputs = try (0..<2).map { [imageSizes, strides, kernel] axis in
      let size = (imageSizes[2 + axis] - 1) * strides[axis] + kernel[axis] + extra[axis] - pads[axis] - pads[2 + axis]
      guard size > 0 else { throw node.error("its pads leave no output") }
      return size
    }
    taps = (0..<2).map { [kernel, strides] axis in (kernel[axis] + strides[axis] - 1) / strides[axis] }
  }

  /// The filter of the convolution that computes all phases: output channel m's phase (a, b) is channel (m·s + a)·s + b.
  func phaseFilter(_ weights: Tensor, shape: TensorShape) throws -> Tensor {
    var filter = Tensor(shape: shape)
    let perGroup = outputChannels / groups
    let inputs = weights.shape[0] / groups
    weights.withElements { source in
      filter.withMutableElements { target in
        for channel in 0..<outputChannels {
          let group = channel / perGroup
          for (row, column) in product(kernel[0], kernel[1]) {
            let phase = row % strides[0] * strides[1] + column % strides[1]
            // The convolution reads inputs in rising order, the transposed one taps: the last tap meets the first input.
            let place = (taps[0] - 1 - row / strides[0]) * taps[1] + taps[1] - 1 - column / strides[1]
            for depth in 0..<inputs {
              let from = ((group * inputs + depth) * perGroup + channel % perGroup) * kernel[0] * kernel[1]
              let to = ((channel * phaseCount + phase) * inputs + depth) * taps[0] * taps[1]
              target[to + place] = source[from + row * kernel[1] + column]
            }
          }
        }
      }
    }
    return filter
  }

  private func product(_ rows: Int, _ columns: Int) -> [(Int, Int)] {
    (0..<rows).flatMap { row in (0..<columns).map { (row, $0) } }
  }

  /// The phases laid between each other, cut to the output's sizes.
  func joined(_ phases: ImportedValue, _ node: ONNXNode, _ importer: inout GraphImporter) throws -> ImportedValue {
    let (rows, columns) = (phases.shape[2], phases.shape[3])
    var value = phases
    if phaseCount > 1 {
      value = try importer.move(
        .reshape, [value], to: [imageSizes[0], outputChannels, strides[0], strides[1], rows, columns], for: node)
      value = try importer.move(.transpose(permutation: [0, 1, 4, 2, 5, 3]), [value], for: node)
      value = try importer.move(
        .reshape, [value], to: [imageSizes[0], outputChannels, rows * strides[0], columns * strides[1]], for: node)
    }
    for axis in 0..<2 {
      let range = cuts[axis]..<cuts[axis] + outputs[axis]
      if range == 0..<value.shape[2 + axis] { continue }
      let short = range.upperBound - value.shape[2 + axis]
      if short > 0 {
        // Output padding beyond the last tap is what the bias says, which no phase computes.
        throw node.unsupported("its output padding is longer than the window's last phase")
      }
      try importer.reserve(range.count, for: node)
      value = try importer.move(.gather(axis: 2 + axis, indices: Array(range)), [value], for: node)
    }
    return rank == 3
      ? try importer.move(.reshape, [value], to: [imageSizes[0], outputChannels, outputs[1]], for: node) : value
  }
}
