import LayerKernels
import MicroKernels

/// Dense 3×3 convolution of stride 1 by Winograd's minimal filtering F(m×m, 3×3): (m + 2)² products of matrices instead of 9·m²
/// multiplications a tile (Lavin and Gray 2016).
///
/// The tiles of a block of rows are transformed into the workspace, channel by channel, multiplied with the transformed filters
/// by the tiles of the pointwise convolution, and transformed back, some output channels at a time, so that their products
/// are still in a near cache. Errors, measured against 64-bit arithmetic relative to the largest output for up to 512
/// channels: F(2×2) below 2e-6, F(4×4) below 1e-5, F(6×6) below 5e-5, which is why the last competes only where an error is
/// allowed. Configuration: `m` rows and `n` vectors of a tile; `rows` of tiles in a block; `chunk`, the panels of output
/// channels that are multiplied and transformed back at a time, 0 for all; `split`, what threads share: 0 blocks, 1 the
/// channels of a block that is the whole image.
public struct WinogradConvolution: LayerKernel {
  /// `winograd.f2x2`, `winograd.f4x4` or `winograd.f6x6`
  public let identifier: KernelIdentifier
  /// The fifth: activations that are no clamps by the instruction set, too.
  public let version = 5
  private let size: Int
  private let microKernels: MicroKernelSet
  private var tiles: PixelTileTable { microKernels.pixelTiles }
  private var transforms: WinogradTable { microKernels.winograd }

  /// The most elements of the workspace of one worker.
  private static let maximumWorkspaceElements = 1 << 27

  /// The kernel with output tiles of `size` · `size`, 2, 4 or 6, on an instruction set.
  public init(_ set: MicroKernelSet, size: Int) {
    self.size = size
    identifier = size == 2 ? "winograd.f2x2" : size == 4 ? "winograd.f4x4" : "winograd.f6x6"
    microKernels = set
  }

  /// 3×3, stride 1, no dilation, no groups.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    if let reason = problem.winogradRefusal { return .refused(reason) }
    guard problem.groups == 1 else { return .refused("needs a dense convolution, not \(problem.groups) groups") }
    guard workspaceElements(problem, rows: 1) <= Double(Self.maximumWorkspaceElements) else {
      return .refused("one row of transformed tiles is too large for the workspace")
    }
    return .applies
  }

  /// Above one where many channels share a transform and the tiles fill their lanes.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let channels = Double(min(problem.inputChannels, problem.outputChannels))
    let tiling = WinogradTiling(problem, size: size, lanes: transforms.lanes)
    let used = Double(problem.output.height * problem.output.width) / Double(tiling.rows * tiling.columns * size * size)
    let filled = tiles.laneEfficiency(pixelCount: tiling.rows * tiling.columns)
    let gain = 9 * Double(size * size) / Double((size + 2) * (size + 2))
    return 0.7 * gain * used * filled * channels / (channels + 20)
  }

  /// The best tiles on blocks of different sizes, all output channels at a time or a few.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    configurations(for: problem, blockCount: 3, chunks: [0, 4], tileCount: 2)
  }

  /// More tiles on more sizes.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    configurations(for: problem, blockCount: 6, chunks: [0, 1, 2, 4, 8], tileCount: 6)
  }

  private func configurations(
    for problem: ConvolutionProblem, blockCount: Int, chunks: [Int], tileCount: Int
  ) -> [KernelConfiguration] {
    let tiling = WinogradTiling(problem, size: size, lanes: transforms.lanes)
    var configurations: [KernelConfiguration] = []
    func add(rows: Int, chunks: [Int], split: Int, tileCount: Int) {
      guard workspaceElements(problem, rows: rows) <= Double(Self.maximumWorkspaceElements) else { return }
      let choices = PixelProduct.Blocking.choices(
        tiles, rows: problem.outputChannels, depth: problem.inputChannels, pixelCount: rows * tiling.columns)
      for blocking in choices.prefix(tileCount) {
        for chunk in chunks {
          let configuration: KernelConfiguration = [
            "m": blocking.rows, "n": blocking.vectors, "rows": rows, "chunk": chunk, "split": split,
          ]
          if !configurations.contains(configuration) { configurations.append(configuration) }
        }
      }
    }
    for rows in blockRows(problem, tiling).prefix(blockCount) {
      add(rows: rows, chunks: chunks, split: 0, tileCount: tileCount)
    }
    add(rows: tiling.rows, chunks: [4], split: 1, tileCount: 1)
    // A kernel that applies has a configuration, whatever the estimates say.
    if configurations.isEmpty { add(rows: 1, chunks: [0], split: 0, tileCount: 1) }
    return configurations
  }

  /// Rows of tiles of a block, the best first: those that waste the fewest lanes and whose transformed tiles fill a part of
  /// the second cache.
  private func blockRows(_ problem: ConvolutionProblem, _ tiling: WinogradTiling) -> [Int] {
    func cost(_ rows: Int) -> Double {
      func vectors(_ rows: Int) -> Double {
        let count = rows * tiling.columns
        return Double(count) / tiles.laneEfficiency(pixelCount: count) / Double(tiles.lanes)
      }
      let rest = tiling.rows % rows
      let whole = Double(tiling.rows / rows)
      let all = whole * vectors(rows) + (rest > 0 ? vectors(rest) : 0)
      let channels = problem.inputChannels + problem.outputChannels
      let bytes = 4.0 * Double(tiling.extent * tiling.extent * channels) * Double(tiling.planeSize(rows: rows))
      // Beyond a part of the second cache tiles come from the third; with few tiles the filters are read too often.
      return all * (1 + max(0, bytes / 1.5e6 - 1) * 0.2) + 0.3 * (whole + (rest > 0 ? 1 : 0))
    }
    return (1...min(tiling.rows, 64)).map { (rows: $0, cost: cost($0)) }.sorted {
      ($0.cost, $1.rows) < ($1.cost, $0.rows)
    }.map(\.rows)
  }

  /// Elements of the workspace of one worker, at most.
  private func workspaceElements(_ problem: ConvolutionProblem, rows: Int) -> Double {
    let tiling = WinogradTiling(problem, size: size, lanes: transforms.lanes)
    let planes = Double(tiling.extent * tiling.extent) * Double(problem.inputChannels + problem.outputChannels)
    return planes * Double(tiling.planeSize(rows: rows)) + Double(tiling.scratchSize)
  }

  /// One thread that has all rows in one block shares nothing.
  public func canonicalConfiguration(
    _ configuration: KernelConfiguration, for problem: ConvolutionProblem, threads: Int
  ) -> KernelConfiguration {
    guard threads == 1, problem.batch == 1 else { return configuration }
    return KernelConfiguration(configuration.values.merging(["split": 0]) { $1 })
  }

  /// Plane lists throughout.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// Rounding grows with the size of the transforms' numbers, and as the root of the channels that are summed; that of the largest tile
  /// as their number, where all inputs have one sign and their sum cancels: measured 2.7e-5 at 512 channels, 1.15e-4 at 2048.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    let growth = max(Float(problem.inputChannels) / 512, 1)
    return switch size {
    case 2: .exact(tolerance: 1e-5 * growth.squareRoot())
    case 4: .exact(tolerance: 2e-5 * growth.squareRoot())
    default: .approximate(relativeError: 5e-5 * growth)
    }
  }

  /// Transforms and packs the filters.
  ///
  /// - Throws: ``KernelError`` when there is no such tile or block.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let tiling = WinogradTiling(problem, size: size, lanes: transforms.lanes)
    let vectors = try configuration.value("n", in: 1...PixelTileTable.maximumVectors, of: identifier)
    let blocking = PixelProduct.Blocking(
      rows: try configuration.value("m", in: 1...max(tiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors)
    let sharesChannels = try configuration.value("split", in: 0...1, of: identifier) == 1
    let rows = try configuration.value(
      "rows", in: sharesChannels ? tiling.rows...tiling.rows : 1...tiling.rows, of: identifier)
    let chunk = try configuration.value("chunk", in: 0...Int(Int32.max), of: identifier)
    guard workspaceElements(problem, rows: rows) <= Double(Self.maximumWorkspaceElements) else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "a block of \(rows) rows is too large")
    }
    let product = try PixelProduct(
      tiles, blocking: blocking, rows: problem.outputChannels, depth: problem.inputChannels)
    guard let product else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
    }
    let filters = try WinogradFilters(
      parameters.filter, panels: product.panels, depth: problem.inputChannels, tiling: tiling, lanes: transforms.lanes,
      transform: transforms[size: size].filter)
    return PreparedWinograd(
      problem: problem, tiling: tiling, product: product, filters: filters, bias: parameters.bias, blockRows: rows,
      chunk: chunk == 0 ? product.panels.count : chunk, sharesChannels: sharesChannels,
      transforms: transforms[size: size], activation: WinogradActivation(problem.epilogue.activation, microKernels))
  }
}

extension ConvolutionProblem {
  /// Why Winograd's F(m×m, 3×3) cannot do the problem, whatever its groups; nil when it can.
  var winogradRefusal: String? {
    let window = window
    guard window.kernel == .init(3) else {
      return "needs a 3×3 filter, not \(window.kernel.height)×\(window.kernel.width)"
    }
    guard window.stride == .init(1) else { return "needs stride 1, not \(window.stride.height)×\(window.stride.width)" }
    guard window.dilation == .init(1) else { return "needs no dilation" }
    guard output.width <= 1 << 20 else { return "rows of \(output.width) are too long" }
    return nil
  }
}

extension WinogradTiling {
  /// The tiles of a convolution's output.
  init(_ problem: ConvolutionProblem, size: Int, lanes: Int) {
    self.init(
      size: size, height: problem.output.height, width: problem.output.width, inputWidth: problem.input.width,
      paddingLeft: problem.window.pads.left, lanes: lanes)
  }
}
