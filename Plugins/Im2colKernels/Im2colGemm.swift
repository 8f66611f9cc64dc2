import LayerKernels
import MicroKernels

/// Convolution of any window as a product of matrices: patches of a block of pixels are packed into the workspace, and the
/// tiles of the pointwise convolution run over them.
///
/// Serves every stride, dilation, padding and number of groups. Configuration: `m` rows and `n` vectors of a tile;
/// `block`, the pixels that are packed at a time; `depth`, a block of k, 0 for all; `input`, the layout that is read: 0 plane list, 1 row-major, 2 channels
/// last.
public struct Im2colGemm: LayerKernel {
  /// `im2col.gemm`
  public let identifier: KernelIdentifier = "im2col.gemm"
  /// The second: tiles with four pixels after their vectors.
  public let version = 2
  private let tiles: PixelTileTable
  private let rows: RowFunctionTable

  /// The most elements of a packed block that a worker may need.
  private static let maximumBlockElements = 1 << 26

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) {
    tiles = set.pixelTiles
    rows = set.rows
  }

  /// Any convolution whose patches of one vector of pixels fit the workspace.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    let depth = problem.filterShape.elementCount / problem.outputChannels
    guard depth <= Self.maximumBlockElements / (8 * tiles.lanes) else {
      return .refused("a patch of \(depth) elements is too large to pack")
    }
    return .applies
  }

  /// What the lanes are used to, over the cost of packing a patch for few outputs and of starting a tile for few terms.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let pixels = problem.output.height * problem.output.width
    let outputs = Double(problem.outputChannels / problem.groups)
    let depth = Double(problem.filterShape.elementCount / problem.outputChannels)
    let lanes = tiles.laneEfficiency(pixelCount: pixels)
    return 0.84 * lanes * depth / (depth + 14) / (1 + 3 / outputs) * min(1, outputs / 4)
  }

  /// The tiles that should be quickest, on blocks that fill a part of the second cache; other layouts with the best.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let depth = problem.filterShape.elementCount / problem.outputChannels
    let pixels = problem.output.height * problem.output.width
    let choices = PixelProduct.Blocking.choices(
      tiles, rows: problem.outputChannels / problem.groups, depth: depth, pixelCount: pixels)
    var configurations: [KernelConfiguration] = []
    func add(_ blocking: PixelProduct.Blocking, kilobytes: Int, terms: Int = 0, input: Int = 0) {
      let configuration: KernelConfiguration = [
        "m": blocking.rows, "n": blocking.vectors, "depth": terms, "input": input,
        "block": block(problem, elements: kilobytes * 256 / depth),
      ]
      if !configurations.contains(configuration) { configurations.append(configuration) }
    }
    let isDeep = depth > 384
    for blocking in choices.prefix(2) {
      for kilobytes in [512, 256, 1024] { add(blocking, kilobytes: kilobytes, terms: isDeep ? 256 : 0) }
    }
    if let best = choices.first {
      if isDeep { add(best, kilobytes: 512) }
      for input in [1, 2] { add(best, kilobytes: 512, terms: isDeep ? 256 : 0, input: input) }
    }
    return configurations
  }

  /// The quickest eight tiles, on blocks from a sixteenth of a megabyte to two, with and without blocks of k.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let depth = problem.filterShape.elementCount / problem.outputChannels
    let choices = PixelProduct.Blocking.choices(
      tiles, rows: problem.outputChannels / problem.groups, depth: depth,
      pixelCount: problem.output.height * problem.output.width)
    let blocks = Set([64, 128, 256, 512, 1024, 2048].map { block(problem, elements: $0 * 256 / depth) }).sorted()
    return choices.prefix(8).flatMap { blocking in
      blocks.flatMap { block in
        [0, 256].filter { $0 < depth }.map { terms in
          ["m": blocking.rows, "n": blocking.vectors, "depth": terms, "input": 0, "block": block]
        }
      }
    }
  }

  /// The pixels of a block of about so many: whole vectors, whole output rows if some number of rows is both, and nearly
  /// equal blocks, so that the last is no remnant.
  private func block(_ problem: ConvolutionProblem, elements: Int) -> Int {
    let pixels = problem.output.height * problem.output.width
    let vector = AlignedMemory.elementAlignment
    if pixels <= max(elements, 4 * vector) { return max(pixels, 1) }
    var step = vector
    var rows = problem.output.width
    while rows % vector != 0 { rows += problem.output.width }
    if rows <= 2 * elements { step = rows }
    let blocks = max(pixels / max(elements, step), 1)
    return min(((pixels + blocks - 1) / blocks + step - 1) / step * step, pixels)
  }

  /// The chosen layout in, plane lists out.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["input"] ?? 0
    let input = ConvolutionInput.layouts.indices.contains(choice) ? ConvolutionInput.layouts[choice] : .planeList
    return OperandLayouts(inputs: problem.epilogue.hasResidual ? [input, .planeList] : [input], output: .planeList)
  }

  /// Packs the weights in panels.
  ///
  /// - Throws: ``KernelError`` when there is no such tile.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let vectors = try configuration.value("n", in: 1...PixelTileTable.maximumVectors, of: identifier)
    let blocking = PixelProduct.Blocking(
      rows: try configuration.value("m", in: 1...max(tiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors, depth: try configuration.value("depth", in: 0...Int(Int32.max), of: identifier))
    let input = try configuration.value("input", in: ConvolutionInput.layouts.indices, of: identifier)
    let depth = problem.filterShape.elementCount / problem.outputChannels
    let block = try configuration.value(
      "block", in: 1...max(problem.output.height * problem.output.width, 1), of: identifier)
    guard let products = try PixelProduct.groups(of: problem, parameters, tiles, blocking), let first = products.first,
      block <= Self.maximumBlockElements / depth
    else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile or block of that size here")
    }
    return PreparedIm2colGemm(
      products: products, first: first, problem: problem,
      packing: PatchPacking(problem, layout: ConvolutionInput.layouts[input], gather: rows.gather), block: block)
  }
}

/// The kernel bound to its weights.
struct PreparedIm2colGemm: PreparedKernel {
  private let products: [PixelProduct]
  private let packing: PatchPacking
  private let batch: Int
  private let hasResidual: Bool
  private let blocks: PanelPlan
  /// How a large and a small block are cut.
  private let plans: [PixelPlan]
  private let pitch: Int
  private let inputOffsets: [Int32]

  init(
    products: [PixelProduct], first: PixelProduct, problem: ConvolutionProblem, packing: PatchPacking, block: Int
  ) {
    self.products = products
    self.packing = packing
    batch = problem.batch
    hasResidual = problem.epilogue.hasResidual
    // Blocks are whole vectors, so that none writes into the next one's pixels.
    let vector = AlignedMemory.elementAlignment
    let pixels = problem.output.height * problem.output.width
    blocks = PanelPlan(rows: (pixels + vector - 1) / vector, limit: (block + vector - 1) / vector)
    let last = pixels - blocks.firstRow(of: blocks.count - 1) * vector
    plans = [
      first.plan(pixelCount: blocks.largeRows * vector), first.plan(pixelCount: max(blocks.largeRows - 1, 1) * vector),
      first.plan(pixelCount: last),
    ]
    // One vector more, because rows that lie a multiple of 4 KiB apart share the sets of the first cache.
    let pitch = (blocks.largeRows + 1) * vector
    self.pitch = pitch
    inputOffsets = (0..<first.depth).map { Int32($0 * pitch) }
  }

  func workspaceSize(workers: Int) -> Int { workers * pitch * inputOffsets.count * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let panels = products[0].panels.count
    let packed =
      operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * pitch * inputOffsets.count
    let items = batch * products.count * blocks.count
    // With few blocks workers share the panels, and each packs for itself.
    let sharesBlocks = items >= 4 * worker.count || panels < worker.count || items % worker.count == 0
    inputOffsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      for item in sharesBlocks ? worker.share(of: items) : 0..<items {
        let block = item % blocks.count
        let group = item / blocks.count % products.count
        let image = item / blocks.count / products.count
        let channels = packing.input.channels / products.count
        let plan = plans[block == blocks.count - 1 ? 2 : (block < blocks.largeCount ? 0 : 1)]
        let start = blocks.firstRow(of: block) * AlignedMemory.elementAlignment
        packing.pack(
          operands.input, image: image, channels: group * channels..<(group + 1) * channels,
          pixels: start..<start + plan.pixelCount, into: packed, pitch: pitch)
        let plane = (image * products.count + group) * products[group].panels.rows
        var place = PixelProduct.Operands(
          inputs: packed, inputOffsets: offsets, outputs: operands.output.base + start,
          outputOffsets: operands.output.planes + plane)
        if hasResidual {
          place.addends = UnsafePointer(operands.inputs[1].base + start)
          place.addendOffsets = operands.inputs[1].planes + plane
        }
        products[group].run(
          place, plan, groups: 0..<plan.groups.count, panels: sharesBlocks ? 0..<panels : worker.share(of: panels))
      }
    }
  }
}
