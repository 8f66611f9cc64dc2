import LayerKernels
import MicroKernels

/// The dense layer and the product of two matrices, outputs along the lanes.
///
/// One row is a product of a matrix and a vector, as fast as memory gives the weights: eight vectors of outputs at a time, the
/// weights in the order of their use and asked for ahead. More rows are pixels of a ``PointwiseChannels``. Configuration:
/// `p` rows and `n` vectors of a tile, `block`, the rows that share a pass over a panel of weights.
public struct PointwiseDense: LayerKernel {
  /// `direct.dense`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let tiles: ChannelTileTable
  private let rows: RowFunctionTable

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.init("direct.dense", tiles: set.channelTiles, rows: set.rows) }

  /// The kernel by another name on tiles that may load weights of another type, which have to be constant then.
  package init(_ identifier: KernelIdentifier, tiles: ChannelTileTable, rows: RowFunctionTable) {
    self.identifier = identifier
    self.tiles = tiles
    self.rows = rows
  }

  /// Any product.
  public func applicability(to problem: MatrixMultiplyProblem) -> Applicability { .applies }

  /// Memory decides for one row, arithmetic for many.
  public func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double {
    0.86 * min(1, Double(problem.rows) / 8 + 0.1)
  }

  /// The tiles that should be quickest.
  public func configurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
    let block = min(problem.rows, 64)
    let choices = ChannelProduct.Blocking.choices(tiles, channels: problem.columns, pixelCount: problem.rows)
    return choices.prefix(4).map { ["p": $0.rows, "n": $0.vectors, "block": block] }
  }

  /// Every tile, with passes over several numbers of rows.
  public func furtherConfigurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
    ChannelProduct.Blocking.choices(tiles, channels: problem.columns, pixelCount: problem.rows).flatMap { blocking in
      Set([8, 32, 64, 256].map { min($0, problem.rows) }).sorted().map { block in
        ["p": blocking.rows, "n": blocking.vectors, "block": block]
      }
    }
  }

  /// Packs the weights in panels if they are constant.
  ///
  /// - Throws: ``KernelError`` when there is no such tile.
  public func prepare(
    _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
  ) throws -> any PreparedKernel {
    let vectors = try configuration.value("n", in: 1...ChannelTileTable.maximumVectors, of: identifier)
    let blocking = ChannelProduct.Blocking(
      rows: try configuration.value("p", in: 1...max(tiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors)
    let block = try configuration.value("block", in: 1...problem.rows, of: identifier)
    let product = try ChannelProduct(
      tiles, blocking: blocking, channels: problem.columns, depth: problem.depth, bias: parameters.bias)
    guard let product else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
    }
    return PreparedPointwiseRows(
      product: product, weights: try parameters.weights.map { try ChannelWeights(product, rowsOf: $0, rows) },
      rows: rows,
      batch: problem.batch, blocks: PanelPlan(rows: problem.rows, limit: block), readsRows: true, writesRows: true,
      hasResidual: problem.epilogue.hasResidual, activation: TileActivation(problem.epilogue.activation))
  }
}
