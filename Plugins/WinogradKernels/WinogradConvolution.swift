import LayerKernels
import MicroKernels

/// Dense 3×3 convolution of stride 1 by Winograd's minimal filtering F(m×m, 3×3): (m + 2)² products of matrices instead of 9·m²
/// multiplications a tile (Lavin and Gray 2016).
///
/// Rows of tiles are transformed into the workspace, multiplied with the transformed filters by the tiles of the pointwise
/// convolution, and transformed back; a block of rows at a time, so that it stays in the second cache. Errors, measured
/// against 64-bit arithmetic relative to the largest output: F(2×2) below 2e-6, F(4×4) below 1e-5 for up to 512 channels.
/// Configuration: `m` rows and `n` vectors of a tile, `rows` of tiles in a block.
public struct WinogradConvolution: LayerKernel {
  /// `winograd.f2x2` or `winograd.f4x4`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let size: Int
  private let tiles: PixelTileTable
  private let transforms: WinogradTable

  /// The most elements of the workspace of one worker.
  private static let maximumWorkspaceElements = 1 << 27

  /// The kernel with output tiles of `size` · `size`, 2 or 4, on an instruction set.
  public init(_ set: MicroKernelSet, size: Int) {
    self.size = size == 2 ? 2 : 4
    identifier = size == 2 ? "winograd.f2x2" : "winograd.f4x4"
    tiles = set.pixelTiles
    transforms = set.winograd
  }

  /// 3×3, stride 1, no dilation, no groups.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    if let reason = problem.winogradRefusal { return .refused(reason) }
    guard problem.groups == 1 else { return .refused("needs a dense convolution, not \(problem.groups) groups") }
    let extent = size + 2
    let layout = TileRows(problem, size: size, lanes: transforms.lanes)
    let planes = extent * extent * (problem.inputChannels + problem.outputChannels)
    guard planes <= Self.maximumWorkspaceElements / AlignedMemory.paddedCount(layout.columns + transforms.lanes) else {
      return .refused("one row of transformed tiles is too large for the workspace")
    }
    return .applies
  }

  /// Above one where many channels share a transform and the tiles fill their lanes.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let channels = Double(min(problem.inputChannels, problem.outputChannels))
    let layout = TileRows(problem, size: size, lanes: transforms.lanes)
    let used = Double(problem.output.height * problem.output.width) / Double(layout.rows * layout.columns * size * size)
    let filled = min(1, Double(layout.rows * layout.columns) / Double(2 * transforms.lanes))
    let gain = 9 * Double(size * size) / Double((size + 2) * (size + 2))
    return 0.6 * gain * used * filled * channels / (channels + 40)
  }

  /// The best tiles on blocks of different sizes.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    configurations(for: problem, kilobytes: [768, 384, 1536, 3072], tileCount: 2)
  }

  /// More tiles on more sizes.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    configurations(for: problem, kilobytes: [96, 192, 384, 768, 1536, 3072, 6144], tileCount: 8)
  }

  private func configurations(
    for problem: ConvolutionProblem, kilobytes: [Int], tileCount: Int
  ) -> [KernelConfiguration] {
    let layout = TileRows(problem, size: size, lanes: transforms.lanes)
    let extent = size + 2
    let rowBytes = extent * extent * (problem.inputChannels + problem.outputChannels) * layout.columns * 4
    var configurations: [KernelConfiguration] = []
    for kilobytes in kilobytes {
      let rows = min(max(kilobytes * 1024 / rowBytes, 1), layout.rows)
      // Blocks of nearly equal size.
      let blocks = (layout.rows + rows - 1) / rows
      let even = (layout.rows + blocks - 1) / blocks
      let choices = PixelProduct.Blocking.choices(
        tiles, rows: problem.outputChannels, depth: problem.inputChannels, pixelCount: even * layout.columns)
      for blocking in choices.prefix(tileCount) {
        let configuration: KernelConfiguration = ["m": blocking.rows, "n": blocking.vectors, "rows": even]
        if !configurations.contains(configuration) { configurations.append(configuration) }
      }
    }
    return configurations
  }

  /// Plane lists throughout.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// Rounding grows with the size of the transforms' numbers.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    .exact(tolerance: size == 2 ? 1e-5 : 2e-5)
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
    let layout = TileRows(problem, size: size, lanes: transforms.lanes)
    let vectors = try configuration.value("n", in: 1...PixelTileTable.maximumVectors, of: identifier)
    let blocking = PixelProduct.Blocking(
      rows: try configuration.value("m", in: 1...max(tiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors)
    let rows = try configuration.value("rows", in: 1...layout.rows, of: identifier)
    let (outputs, inputs) = (problem.outputChannels, problem.inputChannels)
    let filter = WinogradFilter(size: size)
    let transformed = parameters.filter.withElements { filter.transformed($0) }
    var products: [PixelProduct] = []
    for element in 0..<(filter.extent * filter.extent) {
      let start = element * outputs * inputs
      let product = PixelProduct(
        tiles, blocking: blocking, rows: outputs, depth: inputs, bias: nil, activation: .none,
        weight: { transformed[start + $0 * inputs + $1] })
      guard let product else {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
      }
      products.append(product)
    }
    let planeSize = AlignedMemory.paddedCount(rows * layout.columns + transforms.lanes)
    guard planeSize <= Self.maximumWorkspaceElements / (products.count * (inputs + outputs)) else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "a block of \(rows) rows is too large")
    }
    return PreparedWinograd(
      problem: problem, layout: layout, products: products, bias: parameters.bias, blockRows: rows,
      planeSize: planeSize,
      transforms: transforms)
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
    return nil
  }
}
