import LayerKernels
import MicroKernels

/// Pointwise convolution straight from planes to planes, pixels along the lanes: a matrix product without packing inputs.
///
/// A 1×1 convolution of stride 1 is `W · X` with `X` of `[C, H·W]`. The tiles read each channel where its plane lies, so
/// permuted, split and concatenated channels cost nothing (Ma et al., "ShuffleNet V2", section 3, on element-wise and
/// copying operations). Configuration: `m` rows and `n` vectors of a tile; `outer` 0 for pixels outermost, which keeps a
/// group's inputs in the first cache, 1 for panels of weights; `depth`, a block of k, 0 for all; `split`, what threads
/// share: 0 decides by the sizes, 1 pixels, 2 channels.
public struct PointwisePixels: LayerKernel {
  /// `direct.pointwise.pixels`
  public let identifier: KernelIdentifier = "direct.pointwise.pixels"
  /// The second: tiles with four pixels after their vectors.
  public let version = 2
  private let tiles: PixelTileTable

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { tiles = set.pixelTiles }

  /// 1×1, stride 1, no padding.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.isPointwise else { return .refused("needs a 1×1 window with stride 1 and no padding") }
    guard problem.groups == 1 || problem.inputChannels / problem.groups >= 4 else {
      return .refused("needs at least 4 input channels a group, not \(problem.inputChannels / problem.groups)")
    }
    return .applies
  }

  /// Nine tenths of what the lanes and rows of the best tile are used to.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let pixels = problem.output.height * problem.output.width
    let rows = Double(problem.outputChannels / problem.groups)
    let vectors = Double((pixels + tiles.lanes - 1) / tiles.lanes)
    return 0.92 * tiles.laneEfficiency(pixelCount: pixels) * min(1, rows * vectors / 8)
  }

  /// The tiles that should be quickest, each with both loop orders, and blocks of k where inputs outgrow the first cache.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let depth = problem.inputChannels / problem.groups
    let choices = PixelProduct.Blocking.choices(
      tiles, rows: problem.outputChannels / problem.groups, depth: depth,
      pixelCount: problem.output.height * problem.output.width)
    var configurations: [KernelConfiguration] = []
    for blocking in choices.prefix(4) {
      // Short sums spend their time between calls, of which there are fewer with panels outermost.
      for outer in depth < 40 ? [1, 0] : [0, 1] {
        let base = ["m": blocking.rows, "n": blocking.vectors, "outer": outer, "depth": 0, "split": 0]
        configurations.append(KernelConfiguration(base))
      }
    }
    if let best = choices.first {
      let base = ["m": best.rows, "n": best.vectors, "outer": depth < 40 ? 1 : 0, "depth": 0, "split": 0]
      if depth > 192 { configurations.append(KernelConfiguration(base.merging(["depth": 128]) { $1 })) }
      for split in [1, 2] { configurations.append(KernelConfiguration(base.merging(["split": split]) { $1 })) }
    }
    return configurations
  }

  /// Every tile with both loop orders and several blocks of k.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let terms = problem.inputChannels / problem.groups
    let choices = PixelProduct.Blocking.choices(
      tiles, rows: problem.outputChannels / problem.groups, depth: terms,
      pixelCount: problem.output.height * problem.output.width)
    return choices.flatMap { blocking in
      [0, 1].flatMap { outer in
        [0, 32, 64, 128, 256].filter { $0 < terms }.map { depth in
          ["m": blocking.rows, "n": blocking.vectors, "outer": outer, "depth": depth, "split": 0]
        }
      }
    }
  }

  /// What threads share is decided by the sizes where the configuration leaves it open; one thread shares nothing.
  public func canonicalConfiguration(
    _ configuration: KernelConfiguration, for problem: ConvolutionProblem, threads: Int
  ) -> KernelConfiguration {
    guard let rows = configuration["m"], let vectors = configuration["n"], rows > 0, vectors > 0 else {
      return configuration
    }
    var values = configuration.values
    if threads == 1 {
      values["split"] = 0
    } else if configuration["split"] == 0 {
      let panels = PanelPlan(rows: problem.outputChannels / problem.groups, limit: rows)
      let plan = tiles.plan(
        pixelCount: problem.output.height * problem.output.width, panels: panels, vectors: vectors)
      let sharesPixels = PreparedPointwisePixels.sharesPixels(
        groups: problem.batch * plan.groups.count, panels: panels.count, workers: threads)
      values["split"] = sharesPixels ? 1 : 2
    }
    return KernelConfiguration(values)
  }

  /// Plane lists.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
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
      rows: try configuration.value(
        "m", in: 1...max(tiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors, depth: try configuration.value("depth", in: 0...Int(Int32.max), of: identifier),
      panelsOuter: try configuration.value("outer", in: 0...1, of: identifier) == 1)
    let split = try configuration.value("split", in: 0...2, of: identifier)
    let products = try PixelProduct.groups(of: problem, parameters, tiles, blocking)
    guard let products, let first = products.first else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
    }
    return PreparedPointwisePixels(
      products: products, plan: first.plan(pixelCount: problem.output.height * problem.output.width),
      batch: problem.batch, hasResidual: problem.epilogue.hasResidual, split: split)
  }
}

/// The kernel bound to its weights.
struct PreparedPointwisePixels: PreparedKernel {
  let products: [PixelProduct]
  let plan: PixelPlan
  let batch: Int
  let hasResidual: Bool
  let split: Int

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let depth = products[0].depth
    let rows = products[0].panels.rows
    let groups = plan.groups.count
    let byPixels = sharesPixels(worker.count)
    let share = byPixels ? plan.share(of: worker, batch: batch) : 0..<batch * groups
    guard !share.isEmpty else { return }
    for image in share.lowerBound / groups...(share.upperBound - 1) / groups {
      let part = share.clamped(to: image * groups..<(image + 1) * groups)
      for (index, product) in products.enumerated() {
        let plane = (image * products.count + index)
        var place = PixelProduct.Operands(
          inputs: operands.input.base, inputOffsets: operands.input.planes + plane * depth,
          outputs: operands.output.base, outputOffsets: operands.output.planes + plane * rows)
        if hasResidual {
          place.addends = UnsafePointer(operands.inputs[1].base)
          place.addendOffsets = operands.inputs[1].planes + plane * rows
        }
        let panels = product.panels.count
        product.run(
          place, plan, groups: part.lowerBound - image * groups..<part.upperBound - image * groups,
          panels: byPixels ? 0..<panels : worker.share(of: panels))
      }
    }
  }

  private func sharesPixels(_ workers: Int) -> Bool {
    guard workers > 1, split != 1 else { return true }
    guard split != 2 else { return false }
    return Self.sharesPixels(
      groups: batch * plan.groups.count, panels: products[0].panels.count, workers: workers)
  }

  /// Whether threads share groups of pixels, or panels of channels: whatever leaves the slowest with less.
  static func sharesPixels(groups: Int, panels: Int, workers: Int) -> Bool {
    func excess(_ items: Int) -> Double { Double((items + workers - 1) / workers * workers) / Double(items) }
    return groups >= 8 * workers || excess(groups) <= excess(panels)
  }
}
