import LayerKernels
import MicroKernels

/// Pointwise convolution with channels along the lanes: no lane is lost on maps of 7 × 7, and rows of channels go in and
/// out.
///
/// The transposed product of ``PointwisePixels``. Configuration: `p` pixels and `n` vectors of a tile; `block`, the pixels
/// that share a pass over a panel of weights; `depth`, a block of k, 0 for all; `rowsIn` and `rowsOut`, 1 for rows of
/// channels (`channelsLast`), 0 for plane lists.
public struct PointwiseChannels: LayerKernel {
  /// `direct.pointwise.channels`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let tiles: ChannelTileTable
  private let rows: RowFunctionTable

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) {
    self.init("direct.pointwise.channels", tiles: set.channelTiles, rows: set.rows)
  }

  /// The kernel by another name on tiles that may load weights of another type.
  package init(_ identifier: KernelIdentifier, tiles: ChannelTileTable, rows: RowFunctionTable) {
    self.identifier = identifier
    self.tiles = tiles
    self.rows = rows
  }

  /// 1×1, stride 1, no padding, one group.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.isPointwise else { return .refused("needs a 1×1 window with stride 1 and no padding") }
    guard problem.groups == 1 else { return .refused("needs 1 group, not \(problem.groups)") }
    return .applies
  }

  /// Seven eighths of what the lanes are used to; less where there are few pixels a tile.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let vectors = (problem.outputChannels + tiles.lanes - 1) / tiles.lanes
    let pixels = Double(problem.output.height * problem.output.width)
    return 0.86 * Double(problem.outputChannels) / Double(vectors * tiles.lanes) * min(1, pixels / 6)
  }

  /// The largest tiles of each width between planes, then the best of them with rows on either side.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let pixels = problem.output.height * problem.output.width
    let blockings = ChannelProduct.Blocking.choices(tiles, channels: problem.outputChannels, pixelCount: pixels)
    var configurations: [KernelConfiguration] = []
    func add(_ blocking: ChannelProduct.Blocking, block: Int, depth: Int = 0, _ layouts: [(Int, Int)]) {
      for (rowsIn, rowsOut) in layouts {
        let configuration: KernelConfiguration = [
          "p": blocking.rows, "n": blocking.vectors, "block": min(block, pixels), "depth": depth, "rowsIn": rowsIn,
          "rowsOut": rowsOut,
        ]
        if !configurations.contains(configuration) { configurations.append(configuration) }
      }
    }
    for blocking in blockings.prefix(2) { add(blocking, block: 64, [(0, 0)]) }
    if let best = blockings.first {
      add(best, block: best.rows, [(0, 0)])
      if problem.inputChannels > 192 { add(best, block: 64, depth: 128, [(0, 0)]) }
      add(best, block: 64, [(1, 1), (0, 1), (1, 0)])
    }
    return configurations
  }

  /// The quickest eight tiles, with passes over several numbers of pixels, blocks of k, and either layout throughout.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let pixels = problem.output.height * problem.output.width
    let blockings = ChannelProduct.Blocking.choices(tiles, channels: problem.outputChannels, pixelCount: pixels)
    let blocks = Set([16, 64, 256].map { min($0, pixels) }).sorted()
    return blockings.prefix(8).flatMap { blocking in
      blocks.flatMap { block in
        [0, 128].filter { $0 < problem.inputChannels }.flatMap { depth in
          [0, 1].map { rows in
            [
              "p": blocking.rows, "n": blocking.vectors, "block": block, "depth": depth, "rowsIn": rows,
              "rowsOut": rows,
            ]
          }
        }
      }
    }
  }

  /// Plane lists or rows of channels, as `rowsIn` and `rowsOut` say; a residual lies as the output does.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    let output: TensorLayout = configuration["rowsOut"] == 1 ? .channelsLast : .planeList
    let input: TensorLayout = configuration["rowsIn"] == 1 ? .channelsLast : .planeList
    return OperandLayouts(inputs: problem.epilogue.hasResidual ? [input, output] : [input], output: output)
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
    let vectors = try configuration.value("n", in: 1...ChannelTileTable.maximumVectors, of: identifier)
    let blocking = ChannelProduct.Blocking(
      rows: try configuration.value("p", in: 1...max(tiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors, depth: try configuration.value("depth", in: 0...Int(Int32.max), of: identifier))
    let pixels = problem.output.height * problem.output.width
    let block = try configuration.value("block", in: 1...pixels, of: identifier)
    let readsRows = try configuration.value("rowsIn", in: 0...1, of: identifier) == 1
    let writesRows = try configuration.value("rowsOut", in: 0...1, of: identifier) == 1
    let product = try ChannelProduct(
      tiles, blocking: blocking, channels: problem.outputChannels, depth: problem.inputChannels, bias: parameters.bias)
    guard let product else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
    }
    return PreparedPointwiseRows(
      product: product, weights: try ChannelWeights(product, rowsOf: parameters.filter, rows), rows: rows,
      batch: problem.batch,
      blocks: PanelPlan(rows: pixels, limit: block), readsRows: readsRows, writesRows: writesRows,
      hasResidual: problem.epilogue.hasResidual, activation: TileActivation(problem.epilogue.activation))
  }
}
