import LayerKernels
import MicroKernels

/// Convolution straight from planes to planes, for any window, stride, dilation, padding and grouping: nothing is staged, no
/// patch is written.
///
/// Lanes lie along an output row, several output channels share each load. A pointwise convolution's planes are one long
/// row. Configuration: `m` output channels and `n` vectors of a tile; `band`, the output rows that go through all channels
/// before the next do.
public struct WindowConvolution: LayerKernel {
  /// `direct.window`
  public let identifier: KernelIdentifier = "direct.window"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet
  private var tiles: WindowTileTable { self.set.windowTiles }

  /// The most numbers of a table of masks.
  private static let maximumMaskCount = 1 << 22

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Any convolution whose rows and windows are not absurdly wide.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    let geometry = WindowTileGeometry(problem)
    let blocks = DepthwiseColumns.blockCount(width: geometry.outputWidth, lanes: tiles.lanes)
    guard blocks * geometry.kernelWidth <= Self.maximumMaskCount / (2 * tiles.lanes) else {
      return .refused("rows of \(geometry.outputWidth) with windows of \(geometry.kernelWidth) are too wide")
    }
    return .applies
  }

  /// Less than half of the peak of the lanes that a row fills, and less where few channels share a load.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let geometry = WindowTileGeometry(problem)
    let blocks = DepthwiseColumns.blockCount(width: geometry.outputWidth, lanes: tiles.lanes)
    let lanes = Double(geometry.outputWidth) / Double(blocks * tiles.lanes)
    let outputs = Double(problem.outputChannels / problem.groups)
    let loads = geometry.strideWidth <= 2 ? 1.0 : 0.2
    return 0.5 * lanes * loads * outputs / (outputs + 4)
  }

  /// For each number of vectors up to a row's the largest tiles, in bands of eight rows and of all.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let geometry = WindowTileGeometry(problem)
    let blocks = DepthwiseColumns.blockCount(width: geometry.outputWidth, lanes: tiles.lanes)
    let outputs = problem.outputChannels / problem.groups
    let height = WindowTileGeometry.outputHeight(problem)
    let bands = isNarrow(geometry) ? [height] : [min(8, height), height]
    var choices: [(rows: Int, vectors: Int, cost: Double)] = []
    for vectors in 1...min(WindowTileTable.maximumVectors, blocks) {
      guard let rows = tiles.rows(vectors: vectors).first(where: { $0 <= outputs }) else { continue }
      // Loads and broadcasts for each product, and the vectors that the last group computes twice.
      let groups = (blocks + vectors - 1) / vectors
      let cost = (1 / Double(rows) + 1 / Double(vectors) + 1) * Double(groups * vectors)
      choices.append((rows, vectors, cost))
    }
    return choices.sorted { $0.cost < $1.cost }.flatMap { choice in
      Set(bands).sorted().map { ["m": choice.rows, "n": choice.vectors, "band": $0] }
    }
  }

  /// Every tile, in bands of several heights.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    let geometry = WindowTileGeometry(problem)
    let blocks = DepthwiseColumns.blockCount(width: geometry.outputWidth, lanes: tiles.lanes)
    let outputs = problem.outputChannels / problem.groups
    let height = WindowTileGeometry.outputHeight(problem)
    let bands = isNarrow(geometry) ? [height] : Set([2, 4, 8, 16, height].map { min($0, height) }).sorted()
    return (1...min(WindowTileTable.maximumVectors, blocks)).flatMap { vectors in
      tiles.rows(vectors: vectors).filter { $0 <= outputs }.flatMap { rows in
        bands.map { ["m": rows, "n": vectors, "band": $0] }
      }
    }
  }

  /// Whether a row is shorter than a vector, so that what is written after it is the next row's.
  private func isNarrow(_ geometry: WindowTileGeometry) -> Bool { geometry.outputWidth < tiles.lanes }

  /// Plane lists.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// Packs the weights in panels of a tile's output channels.
  ///
  /// - Throws: ``KernelError`` when there is no such tile or band.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let geometry = WindowTileGeometry(problem)
    let height = WindowTileGeometry.outputHeight(problem)
    let vectors = try configuration.value("n", in: 1...WindowTileTable.maximumVectors, of: identifier)
    let rows = try configuration.value("m", in: tiles.rows(vectors: vectors), of: identifier)
    let band = try configuration.value(
      "band", in: isNarrow(geometry) ? height...height : 1...height, of: identifier)
    var panels: [WindowPanel] = []
    let outputs = problem.outputChannels / problem.groups
    for group in 0..<problem.groups {
      var row = 0
      while row < outputs {
        let size = tiles.rows(vectors: vectors).first { $0 <= min(rows, outputs - row) }
        guard let size, let tile = tiles.tile(rows: size, vectors: vectors) else {
          throw KernelError.invalidConfiguration(
            kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
        }
        panels.append(WindowPanel(group: group, firstOutput: group * outputs + row, rows: size, tile: tile))
        row += size
      }
    }
    let depth = problem.filterShape.elementCount / problem.outputChannels
    return PreparedWindowConvolution(
      geometry: geometry, outputHeight: height, band: band, batch: problem.batch,
      inputChannels: problem.inputChannels, outputChannels: problem.outputChannels, depth: depth, panels: panels,
      epilogue: RowEpilogue(problem.epilogue, set),
      weights: try PackedWeights(count: problem.filterShape.elementCount) { packed in
        parameters.filter.withElements { filter in
          for panel in panels {
            for k in 0..<depth {
              for row in 0..<panel.rows {
                packed[panel.firstOutput * depth + k * panel.rows + row] = filter[(panel.firstOutput + row) * depth + k]
              }
            }
          }
        }
      },
      bias: try PackedWeights(count: problem.outputChannels) { packed in
        if let bias = parameters.bias { _ = packed.update(fromContentsOf: bias) }
      },
      masks: WindowColumns.masks(geometry, lanes: tiles.lanes))
  }
}

extension WindowTileGeometry {
  /// A convolution's sizes; a pointwise convolution's planes as one row.
  init(_ problem: ConvolutionProblem) {
    self.init()
    channels = problem.inputChannels / problem.groups
    capacity = AlignedMemory.paddedCount(problem.output.height * problem.output.width)
    let window = problem.window
    kernelHeight = window.kernel.height
    kernelWidth = window.kernel.width
    if problem.isPointwise {
      inputHeight = 1
      inputWidth = problem.input.height * problem.input.width
      outputWidth = inputWidth
      return
    }
    inputHeight = problem.input.height
    inputWidth = problem.input.width
    outputWidth = problem.output.width
    strideHeight = window.stride.height
    strideWidth = window.stride.width
    dilationHeight = window.dilation.height
    dilationWidth = window.dilation.width
    paddingTop = window.pads.top
    paddingLeft = window.pads.left
  }

  /// The output rows: one for a pointwise convolution.
  static func outputHeight(_ problem: ConvolutionProblem) -> Int { problem.isPointwise ? 1 : problem.output.height }
}

/// Output channels that one tile computes.
private struct WindowPanel: Sendable {
  let group: Int
  let firstOutput: Int
  let rows: Int
  let tile: MicroKernelFunction<WindowTileArguments>
}

/// The kernel bound to its weights.
private struct PreparedWindowConvolution: PreparedKernel {
  let geometry: WindowTileGeometry
  let outputHeight: Int
  let band: Int
  let batch: Int
  let inputChannels: Int
  let outputChannels: Int
  let depth: Int
  let panels: [WindowPanel]
  let epilogue: RowEpilogue
  let weights: PackedWeights
  let bias: PackedWeights
  let masks: [Int32]

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let bands = (outputHeight + band - 1) / band
    masks.withUnsafeBufferPointer { masks in
      guard let masks = masks.baseAddress else { return }
      for item in worker.share(of: batch * bands * panels.count) {
        let panel = panels[item % panels.count]
        let first = item / panels.count % bands * band
        let image = item / panels.count / bands
        let plane = image * outputChannels + panel.firstOutput
        let rows = min(band, outputHeight - first)
        var arguments = WindowTileArguments(
          inputs: operands.input.base,
          inputPlanes: operands.input.planes + image * inputChannels + panel.group * geometry.channels,
          outputs: operands.output.base, outputPlanes: operands.output.planes + plane,
          weights: weights.start + panel.firstOutput * depth, bias: bias.start + panel.firstOutput, masks: masks,
          geometry: geometry, firstRow: first, rowCount: rows, lower: epilogue.lower, upper: epilogue.upper)
        panel.tile(&arguments)
        if !epilogue.hasPass { continue }
        let start = first * geometry.outputWidth
        for row in plane..<plane + panel.rows {
          epilogue.pass(
            over: operands.output.plane(row) + start,
            residual: UnsafePointer(operands.inputs[1].plane(row) + start), count: rows * geometry.outputWidth)
        }
      }
    }
  }
}
