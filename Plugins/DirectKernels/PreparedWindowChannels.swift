import LayerKernels
import MicroKernels

/// Output channels that see the same staged channels.
private struct WindowChannelPart: Sendable {
  /// The input channels that are staged.
  let inputs: Range<Int>
  /// The output channels.
  let outputs: Range<Int>
  /// Where its table of places starts.
  let places: Int
}

/// Some vectors of a part's channels.
private struct WindowChannelPanel: Sendable {
  /// The first channel, counted from the part's.
  let channel: Int
  let vectors: Int
  /// Tiles for the large and the small groups of pixels of a row.
  let large: MicroKernelFunction<WindowChannelTileArguments>
  let small: MicroKernelFunction<WindowChannelTileArguments>
}

/// A convolution of any window with channels along the lanes, bound to its weights.
struct PreparedWindowChannels: PreparedKernel {
  private let problem: ConvolutionProblem
  private let staging: WindowChannelStaging
  private let band: Int
  private let parts: [WindowChannelPart]
  private let panels: [WindowChannelPanel]
  private let pixels: PanelPlan
  private let places: [Int32]
  private let isSpread: Bool
  private let lanes: Int
  /// Packed channels of a part: whole vectors.
  private let partWidth: Int
  private let depth: Int
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let activation: TileActivation

  /// Packs the weights; nil when there is no such tile.
  init?(
    _ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, _ set: MicroKernelSet, rows: Int, vectors: Int,
    isSpread: Bool, band: Int, layout: TensorLayout
  ) throws {
    let table = set.windowTiles.channels
    let lanes = table.lanes
    let outputs = problem.outputChannels / problem.groups
    let inputs = problem.inputChannels / problem.groups
    let width = isSpread ? lanes : (outputs + lanes - 1) / lanes * lanes
    let pixels = PanelPlan(rows: problem.output.width, limit: rows)
    let split = PanelPlan(rows: width / lanes, limit: vectors)
    var panels: [WindowChannelPanel] = []
    for panel in 0..<split.count {
      let vectors = split.rowCount(of: panel)
      guard let large = table.tile(rows: pixels.largeRows, vectors: vectors, isSpread: isSpread),
        let small = pixels.largeCount == pixels.count
          ? large : table.tile(rows: pixels.largeRows - 1, vectors: vectors, isSpread: isSpread)
      else { return nil }
      panels.append(
        WindowChannelPanel(
          channel: split.firstRow(of: panel) * lanes, vectors: vectors, large: large, small: small))
    }
    var places: [Int32] = []
    var parts: [WindowChannelPart] = []
    if isSpread {
      for first in stride(from: 0, to: problem.outputChannels, by: lanes) {
        let channels = first..<min(first + lanes, problem.outputChannels)
        let groups = channels.lowerBound / outputs..<(channels.upperBound - 1) / outputs + 1
        parts.append(
          WindowChannelPart(
            inputs: groups.lowerBound * inputs..<groups.upperBound * inputs, outputs: channels, places: places.count))
        for k in 0..<inputs {
          for lane in 0..<lanes {
            let group = min(first + lane, problem.outputChannels - 1) / outputs - groups.lowerBound
            places.append(Int32(group * inputs + k))
          }
        }
      }
    } else {
      parts = (0..<problem.groups).map { group in
        WindowChannelPart(
          inputs: group * inputs..<(group + 1) * inputs, outputs: group * outputs..<(group + 1) * outputs, places: 0)
      }
    }
    let depth = problem.filterShape.elementCount / problem.outputChannels
    self.problem = problem
    self.band = band
    self.isSpread = isSpread
    self.parts = parts
    self.panels = panels
    self.pixels = pixels
    self.places = places
    self.depth = depth
    self.lanes = lanes
    partWidth = width
    staging = WindowChannelStaging(problem, layout: layout, lanes: isSpread ? lanes : 1, set)
    activation = TileActivation(problem.epilogue.activation)
    let taps = depth / inputs
    weights = try PackedWeights(count: parts.count * width * depth) { packed in
      parameters.filter.withElements { filter in
        for (index, part) in parts.enumerated() {
          for panel in panels {
            let size = panel.vectors * lanes
            let start = index * width * depth + panel.channel * depth
            for lane in 0..<min(size, part.outputs.count - panel.channel) {
              let row = (part.outputs.lowerBound + panel.channel + lane) * depth
              for tap in 0..<taps {
                for k in 0..<inputs { packed[start + (tap * inputs + k) * size + lane] = filter[row + k * taps + tap] }
              }
            }
          }
        }
      }
    }
    bias = try PackedWeights(count: parts.count * width) { packed in
      guard let bias = parameters.bias else { return }
      for (index, part) in parts.enumerated() {
        for (lane, channel) in part.outputs.enumerated() { packed[index * width + lane] = bias[channel] }
      }
    }
  }

  private var stagedCount: Int { AlignedMemory.paddedCount(staging.count(rows: band)) }

  func workspaceSize(workers: Int) -> Int { workers * stagedCount * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let staged = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * stagedCount
    let height = problem.output.height
    let bands = (height + band - 1) / band
    staging.runs.withUnsafeBufferPointer { runs in
      places.withUnsafeBufferPointer { places in
        guard let runs = runs.baseAddress else { return }
        for item in worker.share(of: problem.batch * parts.count * bands) {
          let index = item / bands % parts.count
          let image = item / bands / parts.count
          let first = item % bands * band
          let rows = first..<min(first + band, height)
          let part = parts[index]
          staging.stage(
            operands.input, image: image, channels: part.inputs, outputRows: rows,
            places: isSpread ? places.baseAddress.map { $0 + part.places } : nil, into: staged)
          for panel in panels {
            run(operands, image: image, index, panel, rows: rows, runs, staged)
          }
        }
      }
    }
  }

  /// Computes a panel of a part for a band.
  private func run(
    _ operands: LayerOperands, image: Int, _ index: Int, _ panel: WindowChannelPanel, rows: Range<Int>,
    _ runs: UnsafePointer<Int32>, _ staged: UnsafePointer<Float>
  ) {
    let part = parts[index]
    let channels = problem.outputChannels
    let rowSize = problem.output.width * channels
    let place =
      (image * problem.output.height + rows.lowerBound) * rowSize + part.outputs.lowerBound + panel.channel
    var arguments = WindowChannelTileArguments(
      weights: weights.start + (index * partWidth + panel.channel) * depth,
      bias: bias.start + index * partWidth + panel.channel, inputs: staged, runs: runs,
      outputs: operands.output.base + place, activation: activation)
    arguments.runCount = staging.runs.count
    arguments.runLength = staging.runLength
    arguments.inputStep = staging.outputStep
    arguments.inputRowStep = staging.outputRowStep
    arguments.outputStep = channels
    arguments.outputRowStep = rowSize
    arguments.channels = min(part.outputs.count - panel.channel, panel.vectors * lanes)
    arguments.rowCount = rows.count
    arguments.tileCount = pixels.largeCount
    if problem.epilogue.hasResidual { arguments.addends = UnsafePointer(operands.inputs[1].base + place) }
    panel.large(&arguments)
    guard pixels.count > pixels.largeCount else { return }
    let done = pixels.firstRow(of: pixels.largeCount)
    arguments.tileCount = pixels.count - pixels.largeCount
    arguments.inputs += done * staging.outputStep
    arguments.outputs += done * channels
    if let addends = arguments.addends { arguments.addends = addends + done * channels }
    panel.small(&arguments)
  }
}
