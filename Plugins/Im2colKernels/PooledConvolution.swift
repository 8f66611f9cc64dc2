import LayerKernels
import MicroKernels

/// A convolution and the pooling after it, a band of rows at a time, so that the activation between them stays in a near cache.
///
/// The convolution is ``ImplicitGemm``'s. Rows that two bands of windows see are kept and not computed again; a thread computes
/// those at its first band itself. Configuration: `m` rows and `n` vectors of a tile; `band`, the output rows that are pooled
/// at a time; `input`, the layout that is read: 0 plane list, 1 row-major, 2 channels last.
public struct PooledConvolution: LayerKernel {
  /// `im2col.pooled`
  public let identifier: KernelIdentifier = "im2col.pooled"
  /// The third: rows and planes between the two lie where the first cache likes them.
  public let version = 3
  private let set: MicroKernelSet

  /// The most elements that a worker may stage, or have between the two.
  private static let maximumElements = 0x1p25

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Where the convolution is one for implicit products, and rows are not absurdly long.
  public func applicability(to problem: ConvolutionPoolingProblem) -> Applicability {
    if case .refused(let reason) = ImplicitGemm(set).applicability(to: problem.first) {
      return .refused("its convolution \(reason)")
    }
    if let reason = PlanePooling.refusal(of: problem.second, set) { return .refused("its pooling's \(reason)") }
    guard problem.outputShape.elementCount > 0, elements(problem, band: 1) <= Self.maximumElements else {
      return .refused("the rows under one row of windows are too large for the workspace")
    }
    return .applies
  }

  /// The convolution's: most of the work is its.
  public func expectedEfficiency(for problem: ConvolutionPoolingProblem) -> Double {
    ImplicitGemm(set).expectedEfficiency(for: problem.first)
  }

  /// The best tiles for a row, with bands whose rows between the two take parts of the second cache.
  public func configurations(for problem: ConvolutionPoolingProblem) -> [KernelConfiguration] {
    let choices = choices(problem)
    var configurations: [KernelConfiguration] = []
    func add(_ blocking: PixelProduct.Blocking, kilobytes: Int, input: Int = 0) {
      var band = 1
      while band < problem.second.output.height, elements(problem, band: band + 1) <= Double(kilobytes * 256) {
        band += 1
      }
      let configuration: KernelConfiguration = [
        "m": blocking.rows, "n": blocking.vectors, "band": band, "input": input,
      ]
      if !configurations.contains(configuration) { configurations.append(configuration) }
    }
    for blocking in choices.prefix(3) { add(blocking, kilobytes: 256) }
    if let best = choices.first {
      for kilobytes in [128, 512] { add(best, kilobytes: kilobytes) }
      for input in [1, 2] { add(best, kilobytes: 256, input: input) }
    }
    return configurations
  }

  /// The quickest tiles for a row, with bands from one row to all, from every layout.
  public func furtherConfigurations(for problem: ConvolutionPoolingProblem) -> [KernelConfiguration] {
    let height = problem.second.output.height
    let bands = Set([1, 2, 4, 7, 14, 28, height].map { min($0, height) }).sorted().filter {
      elements(problem, band: $0) <= Self.maximumElements
    }
    return choices(problem).prefix(6).flatMap { blocking in
      bands.flatMap { band in
        ConvolutionInput.layouts.indices.map { input in
          ["m": blocking.rows, "n": blocking.vectors, "band": band, "input": input]
        }
      }
    }
  }

  private func choices(_ problem: ConvolutionPoolingProblem) -> [PixelProduct.Blocking] {
    let convolution = problem.first
    return PixelProduct.Blocking.choices(
      set.pixelTiles, rows: convolution.outputChannels / convolution.groups,
      depth: convolution.filterShape.elementCount / convolution.outputChannels, pixelCount: convolution.output.width
    ).filter { $0.vectors <= convolution.output.width / set.pixelTiles.lanes }
  }

  /// The larger of what is staged and what lies between the two, in floating point: sizes from a file may be too large to
  /// multiply.
  private func elements(_ problem: ConvolutionPoolingProblem, band: Int) -> Double {
    let convolution = problem.first
    let rows = Self.convolutionRows(problem, band: band)
    let staging = RowStaging(convolution, layout: .planeList, bandRows: rows, rows: set.rows)
    let staged =
      Double(staging.residues) * Double(staging.stagedRows) * Double(staging.pitch)
      * Double(convolution.inputChannels / convolution.groups)
    return max(staged, Double(convolution.outputChannels) * Double(rows) * Double(Self.pitch(problem)))
  }

  /// Elements from a row between the two to the next: whole lines.
  private static func pitch(_ problem: ConvolutionPoolingProblem) -> Int {
    AlignedMemory.paddedCount(problem.first.output.width)
  }

  /// The most rows of the convolution that so many rows of windows see.
  static func convolutionRows(_ problem: ConvolutionPoolingProblem, band: Int) -> Int {
    min(problem.second.window.rows(under: band), problem.first.output.height)
  }

  /// The chosen layout in, plane lists out.
  public func layouts(
    for problem: ConvolutionPoolingProblem, configuration: KernelConfiguration
  ) -> OperandLayouts {
    let choice = configuration["input"] ?? 0
    let input = ConvolutionInput.layouts.indices.contains(choice) ? ConvolutionInput.layouts[choice] : .planeList
    return OperandLayouts(inputs: [input], output: .planeList)
  }

  /// Packs the weights in panels.
  ///
  /// - Throws: ``KernelError`` when there is no such tile or the band is too large.
  public func prepare(
    _ problem: ConvolutionPoolingProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let vectors = try configuration.value("n", in: 1...PixelTileTable.maximumVectors, of: identifier)
    let blocking = PixelProduct.Blocking(
      rows: try configuration.value("m", in: 1...max(set.pixelTiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors)
    let input = try configuration.value("input", in: ConvolutionInput.layouts.indices, of: identifier)
    let band = try configuration.value("band", in: 1...problem.second.output.height, of: identifier)
    let pitch = Self.pitch(problem)
    guard elements(problem, band: band) <= Self.maximumElements,
      let convolution = try BandConvolution(
        problem.first, parameters, set, blocking, layout: ConvolutionInput.layouts[input],
        bandRows: Self.convolutionRows(problem, band: band), outputPitch: pitch)
    else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile or band of that size here")
    }
    return PreparedPooledConvolution(
      convolution: convolution, pooling: PlanePooling(problem.second, set, inputPitch: pitch), band: band, pitch: pitch)
  }
}

/// The kernel bound to its weights.
private struct PreparedPooledConvolution: PreparedKernel {
  private let convolution: BandConvolution
  private let pooling: PlanePooling
  /// Output rows at a time.
  private let band: Int
  /// Elements from a row between the two to the next.
  private let pitch: Int
  /// Where the planes between the two lie, and their elements: as many rows as a band sees.
  private let offsets: [Int32]
  private let planeSize: Int

  init(convolution: BandConvolution, pooling: PlanePooling, band: Int, pitch: Int) {
    self.convolution = convolution
    self.pooling = pooling
    self.band = band
    self.pitch = pitch
    // An odd number of lines: the same row of all planes does not fall on one set of the first cache.
    let lines = convolution.bandRows * pitch / AlignedMemory.elementAlignment | 1
    let planeSize = lines * AlignedMemory.elementAlignment
    self.planeSize = planeSize
    offsets = (0..<pooling.problem.channels).map { Int32($0 * planeSize) }
  }

  private var betweenCount: Int { offsets.count * planeSize }

  private var workerCount: Int {
    convolution.stagedCount + betweenCount + AlignedMemory.paddedCount(pooling.scratchCount)
  }

  func workspaceSize(workers: Int) -> Int { workers * workerCount * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let staged = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * workerCount
    let between = staged + convolution.stagedCount
    let problem = pooling.problem
    offsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      worker.forEachPicture(batch: problem.batch, height: problem.output.height) { picture, rows in
        let planes = picture * problem.channels..<(picture + 1) * problem.channels
        // The rows of the convolution that are there.
        var present = 0..<0
        var row = rows.lowerBound
        while row < rows.upperBound {
          let part = row..<min(row + band, rows.upperBound)
          let seen = pooling.inputRows(of: part)
          let kept = seen.clamped(to: present)
          if !kept.isEmpty, kept.lowerBound > present.lowerBound { keep(kept, of: present, between) }
          let first = kept.isEmpty ? seen.lowerBound : kept.upperBound
          let fresh = first..<max(seen.upperBound, first)
          for group in 0..<convolution.groupCount where !fresh.isEmpty {
            convolution.run(
              operands.input, picture: picture, group: group, rows: fresh, staged: staged, residual: nil,
              TensorOperand(base: between - seen.lowerBound * pitch, planes: offsets))
          }
          present = seen
          pooling.run(
            inputs: between, inputPlanes: offsets - planes.lowerBound, firstInputRow: seen.lowerBound,
            operands.output, planes: planes, rows: part, scratch: between + betweenCount)
          row = part.upperBound
        }
      }
    }
  }

  /// Moves rows to the beginning of their planes.
  private func keep(_ rows: Range<Int>, of present: Range<Int>, _ planes: UnsafeMutablePointer<Float>) {
    for plane in offsets.indices {
      let start = planes + plane * planeSize
      start.update(from: start + (rows.lowerBound - present.lowerBound) * pitch, count: rows.count * pitch)
    }
  }
}
