import LayerKernels
import MicroKernels

/// Convolution as a product of matrices whose patches are never written: the tiles read shifted rows of a staged band.
///
/// The input rows under a few output rows are staged once (``RowStaging``); each k of the product is then a row at an offset.
/// For the first layer, where a patch is packed for few outputs, and for dense 3×3. Lanes lie along an output row, which has
/// to be as long as a vector. Configuration: `m` rows and `n` vectors of a tile; `band`, the output rows that are staged for
/// at a time; `input`, the layout that is read: 0 plane list, 1 row-major, 2 channels last.
public struct ImplicitGemm: LayerKernel {
  /// `im2col.implicit`
  public let identifier: KernelIdentifier = "im2col.implicit"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The most elements that a worker may stage.
  private static let maximumStagedElements = 0x1p25

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  private var tiles: PixelTileTable { self.set.pixelTiles }

  /// Windows larger than 1×1 over rows of at least a vector of outputs.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.window.kernel != WindowGeometry.Extent(1) else { return .refused("needs a window larger than 1×1") }
    guard problem.output.width >= tiles.lanes else {
      return .refused("needs rows of at least \(tiles.lanes) outputs, not \(problem.output.width)")
    }
    guard problem.output.height > 0, stagedElements(problem, band: 1) <= Self.maximumStagedElements else {
      return .refused("the input rows under one output row are too large to stage")
    }
    return .applies
  }

  /// What the lanes are used to along a row, over the cost of staging for few outputs and of starting a tile for few terms.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let width = problem.output.width
    let lanes = Double(width) / Double((width + tiles.lanes - 1) / tiles.lanes * tiles.lanes)
    let outputs = Double(problem.outputChannels / problem.groups)
    let window = problem.window
    let staging = Double(4 * window.stride.height * window.stride.width)
    let reuse = Double(window.kernel.height * window.kernel.width) * outputs
    // Tiles of a single vector load a weight for each product.
    let tile = width >= 2 * tiles.lanes ? 0.92 : 0.8
    let depth = Double(problem.filterShape.elementCount / problem.outputChannels)
    return tile * lanes * depth / (depth + 14) / (1 + staging / reuse) * min(1, outputs / 4)
  }

  /// The tiles that should be quickest for a row, with bands of several heights; other layouts with the best.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let depth = problem.filterShape.elementCount / problem.outputChannels
    let largest = problem.output.width / tiles.lanes
    let choices = PixelProduct.Blocking.choices(
      tiles, rows: problem.outputChannels / problem.groups, depth: depth, pixelCount: problem.output.width
    ).filter { $0.vectors <= largest }
    var configurations: [KernelConfiguration] = []
    func add(_ blocking: PixelProduct.Blocking, band: Int, input: Int = 0) {
      let band = min(band, problem.output.height)
      guard stagedElements(problem, band: band) <= Self.maximumStagedElements else { return }
      let configuration: KernelConfiguration = [
        "m": blocking.rows, "n": blocking.vectors, "band": band, "input": input,
      ]
      if !configurations.contains(configuration) { configurations.append(configuration) }
    }
    // A band whose staged rows fit so much of a cache, of eight or more, so that threads can share them.
    func band(kilobytes: Int) -> Int {
      var band = 1
      while band < (problem.output.height + 7) / 8, stagedElements(problem, band: band + 1) <= Double(kilobytes * 256) {
        band += 1
      }
      return band
    }
    for blocking in choices.prefix(3) {
      for kilobytes in [256, 32] { add(blocking, band: band(kilobytes: kilobytes)) }
    }
    if let best = choices.first {
      for input in [1, 2] { add(best, band: band(kilobytes: 256), input: input) }
      add(best, band: 1)
    }
    return configurations
  }

  /// The quickest eight tiles for a row, with bands from one row to all, from every layout.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let largest = problem.output.width / tiles.lanes
    let choices = PixelProduct.Blocking.choices(
      tiles, rows: problem.outputChannels / problem.groups,
      depth: problem.filterShape.elementCount / problem.outputChannels, pixelCount: problem.output.width
    ).filter { $0.vectors <= largest }
    let height = problem.output.height
    let bands = Set([1, 2, 4, 7, 14, 28, height].map { min($0, height) }).sorted().filter {
      stagedElements(problem, band: $0) <= Self.maximumStagedElements
    }
    return choices.prefix(8).flatMap { blocking in
      bands.flatMap { band in
        ConvolutionInput.layouts.indices.map { input in
          ["m": blocking.rows, "n": blocking.vectors, "band": band, "input": input]
        }
      }
    }
  }

  /// In floating point: sizes from a file may be too large to multiply.
  private func stagedElements(_ problem: ConvolutionProblem, band: Int) -> Double {
    let staging = RowStaging(problem, layout: .planeList, bandRows: band, rows: set.rows)
    return Double(staging.residues) * Double(staging.stagedRows) * Double(staging.pitch)
      * Double(problem.inputChannels / problem.groups)
  }

  /// The chosen layout in, plane lists out.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["input"] ?? 0
    let input = ConvolutionInput.layouts.indices.contains(choice) ? ConvolutionInput.layouts[choice] : .planeList
    return OperandLayouts(inputs: problem.epilogue.hasResidual ? [input, .planeList] : [input], output: .planeList)
  }

  /// Packs the weights in panels.
  ///
  /// - Throws: ``KernelError`` when there is no such tile or the band is too large.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let vectors = try configuration.value("n", in: 1...PixelTileTable.maximumVectors, of: identifier)
    let blocking = PixelProduct.Blocking(
      rows: try configuration.value("m", in: 1...max(tiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors)
    let input = try configuration.value("input", in: ConvolutionInput.layouts.indices, of: identifier)
    let band = try configuration.value("band", in: 1...problem.output.height, of: identifier)
    guard stagedElements(problem, band: band) <= Self.maximumStagedElements,
      let convolution = try BandConvolution(
        problem, parameters, set, blocking, layout: ConvolutionInput.layouts[input], bandRows: band,
        outputPitch: problem.output.width)
    else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile or band of that size here")
    }
    return PreparedImplicitGemm(convolution: convolution)
  }
}

/// The kernel bound to its weights.
private struct PreparedImplicitGemm: PreparedKernel {
  let convolution: BandConvolution

  func workspaceSize(workers: Int) -> Int { workers * convolution.stagedCount * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let problem = convolution.problem
    let staged = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * convolution.stagedCount
    let bands = (problem.output.height + convolution.bandRows - 1) / convolution.bandRows
    let residual = problem.epilogue.hasResidual ? operands.inputs[1] : nil
    for item in worker.share(of: problem.batch * convolution.groupCount * bands) {
      let group = item / bands % convolution.groupCount
      let picture = item / bands / convolution.groupCount
      let first = item % bands * convolution.bandRows
      let plane = picture * problem.outputChannels
      convolution.run(
        operands.input, picture: picture, group: group,
        rows: first..<min(first + convolution.bandRows, problem.output.height), staged: staged,
        residual: residual.map { TensorOperand(base: $0.base, planes: $0.planes + plane) },
        TensorOperand(base: operands.output.base, planes: operands.output.planes + plane))
    }
  }
}
