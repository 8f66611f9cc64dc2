import LayerKernels
import MicroKernels

/// Convolution of any window with channels along the lanes, all groups in one call: a tile stays inside of a group, and no lane
/// is lost on maps of 7 × 7.
///
/// The pixels under a band of output rows are staged with a border of zeros (``WindowChannelStaging``), a group at a time,
/// and stay in a near cache while every tile of the group goes over them. Outputs are channels last. Configuration: `p` pixels
/// and `n` vectors of a tile; `band`, the output rows that are staged for at a time; `spread`, 1 where a vector takes channels
/// of several groups and each lane has an input of its own; `input`, the layout that is read: 0 plane list, 1 row-major, 2
/// channels last.
public struct WindowChannels: LayerKernel {
  /// `direct.window.channels`
  public let identifier: KernelIdentifier = "direct.window.channels"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet
  private var tiles: WindowChannelTable { self.set.windowTiles.channels }

  /// The most elements that a worker may stage.
  private static let maximumStagedElements = 0x1p25
  /// The most packed weights.
  private static let maximumPackedElements = 0x1p30

  /// The products of a sum, which no block breaks: with more, what cancels leaves an error above 1e-5.
  private static let maximumDepth = 2048

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Any convolution that has no kernel of its own for pixels with their channels.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    if problem.isPointwise, problem.groups == 1 { return .refused("needs groups, or a window larger than 1×1") }
    if problem.groups > 1, problem.inputChannels == problem.groups, problem.outputChannels == problem.groups {
      return .refused("needs several channels a group")
    }
    let depth = problem.filterShape.elementCount / problem.outputChannels
    guard depth <= Self.maximumDepth else {
      return .refused("sums of \(depth) products in one go lose too many bits; \(Self.maximumDepth) are the most")
    }
    guard problem.output.height > 0, problem.output.width > 0,
      stagedElements(problem, band: 1, isSpread: false) <= Self.maximumStagedElements
    else { return .refused("the input rows under one output row are too large to stage") }
    guard packedElements(problem) <= Self.maximumPackedElements else {
      return .refused("groups of \(outputs(problem)) outputs waste too much memory in vectors of \(tiles.lanes)")
    }
    return .applies
  }

  /// What the lanes are used to, over the cost of staging for few outputs.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    guard let best = choices(problem).first else { return 0 }
    let flops = Double(problem.output.width * problem.outputChannels) / Double(tiles.lanes) / 2
    let depth = Double(problem.filterShape.elementCount / problem.outputChannels)
    return 0.84 * min(flops * depth / best.cycles, 1)
  }

  /// The tiles that should be quickest, with bands that fit the nearest caches; other layouts with the best.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    var configurations: [KernelConfiguration] = []
    func add(_ choice: Choice, kilobytes: Int, input: Int = 2) {
      guard
        let band = band(problem, elements: kilobytes * 256, isSpread: choice.isSpread),
        input == 2 || !choice.isSpread
      else { return }
      let configuration = choice.configuration(band: band, input: input)
      if !configurations.contains(configuration) { configurations.append(configuration) }
    }
    let choices = choices(problem)
    for choice in choices.prefix(2) { add(choice, kilobytes: 64) }
    if let best = choices.first { for kilobytes in [24, 256] { add(best, kilobytes: kilobytes) } }
    if let best = choices.first(where: { !$0.isSpread }) {
      for input in [0, 1] { add(best, kilobytes: 64, input: input) }
    }
    return configurations
  }

  /// The quickest eight tiles, with bands of several sizes.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    choices(problem).prefix(8).flatMap { choice in
      Set(
        [16, 32, 64, 128, 256, 1024].compactMap { kilobytes in
          band(problem, elements: kilobytes * 256, isSpread: choice.isSpread)
        }
      ).sorted().map { choice.configuration(band: $0, input: 2) }
    }
  }

  /// The chosen layout in, channels last out.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["input"] ?? 2
    let input =
      ConvolutionChannels.layouts.indices.contains(choice) ? ConvolutionChannels.layouts[choice] : .channelsLast
    return OperandLayouts(
      inputs: problem.epilogue.hasResidual ? [input, .channelsLast] : [input], output: .channelsLast)
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
    let isSpread = try configuration.value("spread", in: 0...1, of: identifier) == 1
    let vectors = try configuration.value(
      "n", in: 1...(isSpread ? 1 : WindowChannelTable.maximumVectors), of: identifier)
    let limit = tiles.maximumRows(vectors: vectors, isSpread: isSpread)
    let rows = try configuration.value("p", in: 1...max(limit, 1), of: identifier)
    let band = try configuration.value("band", in: 1...problem.output.height, of: identifier)
    let input = try configuration.value("input", in: isSpread ? 2...2 : 0...2, of: identifier)
    guard stagedElements(problem, band: band, isSpread: isSpread) <= Self.maximumStagedElements,
      let prepared = try PreparedWindowChannels(
        problem, parameters, set, rows: rows, vectors: vectors, isSpread: isSpread, band: band,
        layout: ConvolutionChannels.layouts[input])
    else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile or band of that size here")
    }
    return prepared
  }

  private func outputs(_ problem: ConvolutionProblem) -> Int { problem.outputChannels / problem.groups }

  private func stagedElements(_ problem: ConvolutionProblem, band: Int, isSpread: Bool) -> Double {
    Double(problem.inputChannels / problem.groups * (isSpread ? tiles.lanes : 1))
      * Double(WindowChannelStaging.rows(problem.window, under: band)) * Double(WindowChannelStaging.columns(problem))
  }

  private func packedElements(_ problem: ConvolutionProblem) -> Double {
    let vectors = (outputs(problem) + tiles.lanes - 1) / tiles.lanes
    let depth = problem.filterShape.elementCount / problem.outputChannels
    return Double(problem.groups) * Double(vectors * tiles.lanes) * Double(depth)
  }

  /// The output rows of nearly equal bands that are staged in about so many elements; nil where one is too large.
  private func band(_ problem: ConvolutionProblem, elements: Int, isSpread: Bool) -> Int? {
    let height = problem.output.height
    let limit = min(Double(elements), Self.maximumStagedElements)
    guard stagedElements(problem, band: 1, isSpread: isSpread) <= Self.maximumStagedElements else { return nil }
    let one = stagedElements(problem, band: 1, isSpread: isSpread)
    let step = max(stagedElements(problem, band: 2, isSpread: isSpread) - one, 1)
    let rows = min(max(Int((limit - one) / step) + 1, 1), height)
    let count = (height + rows - 1) / rows
    return (height + count - 1) / count
  }

  /// A tile and what it should take.
  private struct Choice {
    let rows: Int
    let vectors: Int
    let isSpread: Bool
    /// For a row of all output channels.
    let cycles: Double

    func configuration(band: Int, input: Int) -> KernelConfiguration {
      ["p": rows, "n": vectors, "band": band, "spread": isSpread ? 1 : 0, "input": input]
    }
  }

  /// Tiles, the quickest by estimate first: two multiply-adds or two loads a cycle, at least the latency of one multiply-add,
  /// and what starting and storing a tile, and staging, takes.
  private func choices(_ problem: ConvolutionProblem) -> [Choice] {
    let width = problem.output.width
    let outputs = outputs(problem)
    let depth = Double(problem.filterShape.elementCount / problem.outputChannels)
    let channels = Double(problem.inputChannels / problem.groups)
    let staged = Double(problem.window.stride.width * problem.window.stride.height * width)
    func cycles(_ pixels: PanelPlan, _ vectors: Int) -> Double {
      var sum = 0.0
      for (rows, count) in [
        (pixels.largeRows, pixels.largeCount), (pixels.largeRows - 1, pixels.count - pixels.largeCount),
      ] where count > 0 {
        let step = max(Double(rows * vectors) / 2 * 1.02, Double(rows + vectors) / 2 * 1.1, 4)
        sum += Double(count) * (depth * step + 20 + 1.5 * Double(rows * vectors))
      }
      return sum
    }
    var choices: [Choice] = []
    func add(_ vectors: Int, isSpread: Bool) {
      let limit = tiles.maximumRows(vectors: vectors, isSpread: isSpread)
      guard limit > 0 else { return }
      let parts =
        isSpread
        ? PanelPlan(rows: (problem.outputChannels + tiles.lanes - 1) / tiles.lanes, limit: 1)
        : PanelPlan(rows: (outputs + tiles.lanes - 1) / tiles.lanes, limit: vectors)
      guard parts.largeRows == vectors else { return }
      var sizes = Set<Int>()
      for rows in 1...min(limit, width) where rows >= min(limit, width) / 2 {
        let pixels = PanelPlan(rows: width, limit: rows)
        guard sizes.insert(pixels.largeRows).inserted else { continue }
        var sum = Double(parts.largeCount) * cycles(pixels, vectors)
        if parts.count > parts.largeCount {
          sum += Double(parts.count - parts.largeCount) * cycles(pixels, vectors - 1)
        }
        if isSpread {
          sum += Double(parts.count) * staged * channels * 1.5
        } else {
          sum = Double(problem.groups) * (sum + staged * (2 + channels / Double(tiles.lanes)))
        }
        choices.append(Choice(rows: pixels.largeRows, vectors: vectors, isSpread: isSpread, cycles: sum))
      }
    }
    for vectors in 1...WindowChannelTable.maximumVectors { add(vectors, isSpread: false) }
    if problem.groups > 1, outputs % tiles.lanes != 0 { add(1, isSpread: true) }
    return choices.sorted { $0.cycles < $1.cycles }
  }
}
