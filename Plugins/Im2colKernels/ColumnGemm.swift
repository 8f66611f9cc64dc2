import LayerKernels
import MicroKernels

/// Convolution as a product of matrices whose patches are written once for each column of the filter, not for each element:
/// the rows of the filter are shifts by staged rows (``ColumnStaging``).
///
/// Lanes lie along whole planes, so that no lane is lost on narrow maps and a window of one column is copied once however
/// high it is. For windows with several rows, and for groups of few channels, where im2col writes more than it computes.
/// Serves every stride, dilation, padding and number of groups. Configuration: `m` rows and `n` vectors of a tile; `band`,
/// the output rows that are staged for at a time; `depth`, a block of k, 0 for all; `input`, the layout that is read: 0
/// plane list, 1 row-major, 2 channels last.
public struct ColumnGemm: LayerKernel {
  /// `im2col.columns`
  public let identifier: KernelIdentifier = "im2col.columns"
  /// The first.
  public let version = 1
  private let tiles: PixelTileTable
  private let rows: RowFunctionTable

  /// The most elements that a worker may stage.
  private static let maximumStagedElements = 0x1p26

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) {
    tiles = set.pixelTiles
    rows = set.rows
  }

  /// Windows larger than 1×1 of several channels a group.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.window.kernel != WindowGeometry.Extent(1) else { return .refused("needs a window larger than 1×1") }
    guard problem.groups == 1 || problem.outputChannels / problem.groups > 1 else {
      return .refused("needs several output channels a group")
    }
    guard fits(problem, band: smallestBand(problem)) else {
      return .refused("the input rows under a vector of outputs are too large to stage")
    }
    return .applies
  }

  /// What the lanes are used to, over the cost of staging for few outputs.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let band = bands(problem, kilobytes: [512])[0]
    let isWhole = band == problem.output.height
    let pixels = band * problem.output.width
    let lanes =
      isWhole
      ? tiles.laneEfficiency(pixelCount: pixels)
      : Double(pixels) / Double((pixels + tiles.lanes - 1) / tiles.lanes * tiles.lanes)
    let window = problem.window
    let outputs = Double(problem.outputChannels / problem.groups)
    // A copy for each column, of every row that the band's windows see, over the products that it serves.
    let staged = Double(band * window.stride.height + (window.kernel.height - 1) * window.dilation.height)
    let served = Double(band * window.kernel.height) * outputs
    let gather = window.stride.width == 1 ? 3.0 : 8.0
    return 0.86 * lanes / (1 + gather * staged / served) * min(1, outputs / 4)
  }

  /// The tiles that should be quickest, with bands that fill a part of the second cache; other layouts with the best.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let depth = problem.filterShape.elementCount / problem.outputChannels
    var configurations: [KernelConfiguration] = []
    func add(_ blocking: PixelProduct.Blocking, band: Int, terms: Int = 0, input: Int = 0) {
      guard fits(problem, band: band) else { return }
      let configuration: KernelConfiguration = [
        "m": blocking.rows, "n": blocking.vectors, "band": band, "depth": terms, "input": input,
      ]
      if !configurations.contains(configuration) { configurations.append(configuration) }
    }
    let terms = depth > 384 ? 256 : 0
    for band in bands(problem, kilobytes: [512, 128, 2048]) {
      for blocking in choices(problem, band: band).prefix(2) { add(blocking, band: band, terms: terms) }
    }
    let band = bands(problem, kilobytes: [512])[0]
    if let best = choices(problem, band: band).first {
      if terms > 0 { add(best, band: band) }
      for input in [1, 2] { add(best, band: band, terms: terms, input: input) }
    }
    return configurations
  }

  /// The quickest eight tiles, with bands from a few rows to all, with and without blocks of k.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let depth = problem.filterShape.elementCount / problem.outputChannels
    return bands(problem, kilobytes: [32, 64, 128, 256, 512, 1024, 2048, 4096]).flatMap { band in
      choices(problem, band: band).prefix(8).flatMap { blocking in
        [0, 256].filter { $0 < depth }.map { terms in
          ["m": blocking.rows, "n": blocking.vectors, "band": band, "depth": terms, "input": 0]
        }
      }
    }
  }

  /// Tiles by estimate; those of a band that is followed by others are no wider than the band.
  private func choices(_ problem: ConvolutionProblem, band: Int) -> [PixelProduct.Blocking] {
    let pixels = band * problem.output.width
    let largest = band == problem.output.height ? Int.max : pixels / tiles.lanes
    return PixelProduct.Blocking.choices(
      tiles, rows: problem.outputChannels / problem.groups,
      depth: problem.filterShape.elementCount / problem.outputChannels, pixelCount: pixels
    ).filter { $0.vectors <= largest }
  }

  /// The output rows that make at least a vector; all where there are fewer.
  private func smallestBand(_ problem: ConvolutionProblem) -> Int {
    min((tiles.lanes + problem.output.width - 1) / problem.output.width, problem.output.height)
  }

  /// Nearly equal bands whose staged planes take about so much memory each, without repetition.
  private func bands(_ problem: ConvolutionProblem, kilobytes: [Int]) -> [Int] {
    let height = problem.output.height
    let smallest = smallestBand(problem)
    var bands: [Int] = []
    for kilobytes in kilobytes {
      let limit = Double(kilobytes * 256)
      // The staged elements grow evenly with the rows.
      let one = ColumnStaging.elementCount(problem, bandRows: 1)
      let step = max(ColumnStaging.elementCount(problem, bandRows: 2) - one, 1)
      let most = Int(min(max((limit - one) / step + 1, Double(smallest)), Double(height)))
      let count = (height + most - 1) / most
      let band = max((height + count - 1) / count, smallest)
      if !bands.contains(band) { bands.append(band) }
    }
    return bands
  }

  private func fits(_ problem: ConvolutionProblem, band: Int) -> Bool {
    ColumnStaging.elementCount(problem, bandRows: band) <= Self.maximumStagedElements
  }

  /// The chosen layout in, plane lists out.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["input"] ?? 0
    let input = ConvolutionInput.layouts.indices.contains(choice) ? ConvolutionInput.layouts[choice] : .planeList
    return OperandLayouts(inputs: problem.epilogue.hasResidual ? [input, .planeList] : [input], output: .planeList)
  }

  /// Packs the weights in panels.
  ///
  /// - Throws: ``KernelError`` when there is no such tile or band.
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
    let band = try configuration.value(
      "band", in: smallestBand(problem)...problem.output.height, of: identifier)
    guard fits(problem, band: band),
      let products = try PixelProduct.groups(of: problem, parameters, tiles, blocking), let first = products.first
    else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile or band of that size here")
    }
    return PreparedColumnGemm(
      products: products, first: first, problem: problem,
      staging: ColumnStaging(
        problem, layout: ConvolutionInput.layouts[input], bandRows: band, gather: rows.gather),
      lanes: tiles.lanes)
  }
}

/// The kernel bound to its weights.
private struct PreparedColumnGemm: PreparedKernel {
  private let products: [PixelProduct]
  private let staging: ColumnStaging
  private let batch: Int
  private let height: Int
  private let width: Int
  private let hasResidual: Bool
  /// How a band and the last band are cut.
  private let plans: [PixelPlan]
  private let bandCount: Int
  private let inputOffsets: [Int32]
  private let workerSize: Int

  init(
    products: [PixelProduct], first: PixelProduct, problem: ConvolutionProblem, staging: ColumnStaging, lanes: Int
  ) {
    self.products = products
    self.staging = staging
    batch = problem.batch
    height = problem.output.height
    width = problem.output.width
    hasResidual = problem.epilogue.hasResidual
    bandCount = (height + staging.bandRows - 1) / staging.bandRows
    let last = height - (bandCount - 1) * staging.bandRows
    // After the last band there is slack, after the others there are other workers' rows.
    let whole = staging.bandRows * width
    plans = [
      bandCount == 1
        ? first.plan(pixelCount: whole)
        : PixelPlan(rowWidth: whole, lanes: lanes, limit: first.blocking.vectors),
      first.plan(pixelCount: last * width),
    ]
    inputOffsets = staging.offsets()
    workerSize = staging.elementCount + AlignedMemory.elementAlignment
  }

  func workspaceSize(workers: Int) -> Int { workers * workerSize * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let panels = products[0].panels.count
    let staged = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * workerSize
    let items = batch * products.count * bandCount
    // With few bands workers share the panels, and each stages for itself.
    let sharesBands = items >= 4 * worker.count || panels < worker.count || items % worker.count == 0
    inputOffsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      for item in sharesBands ? worker.share(of: items) : 0..<items {
        let band = item % bandCount
        let group = item / bandCount % products.count
        let image = item / bandCount / products.count
        let plan = plans[band == bandCount - 1 ? 1 : 0]
        let first = band * staging.bandRows
        staging.stage(
          operands.input, image: image, group: group, rows: first..<min(first + staging.bandRows, height),
          into: staged)
        let plane = (image * products.count + group) * products[group].panels.rows
        var place = PixelProduct.Operands(
          inputs: staged, inputOffsets: offsets, outputs: operands.output.base + first * width,
          outputOffsets: operands.output.planes + plane)
        if hasResidual {
          place.addends = UnsafePointer(operands.inputs[1].base + first * width)
          place.addendOffsets = operands.inputs[1].planes + plane
        }
        products[group].run(
          place, plan, groups: 0..<plan.groups.count, panels: sharesBands ? 0..<panels : worker.share(of: panels))
      }
    }
  }
}
