import LayerKernels
import MicroKernels

/// A product with channels along the lanes between planes or rows of channels, bound to its weights.
///
/// Pixels go through in blocks: a block's inputs lie in planes, or rows of channels are transposed into planes of the
/// workspace first; its outputs go to rows of channels, or to the workspace and transposed from there.
struct PreparedPointwiseRows: PreparedKernel {
  let product: ChannelProduct
  /// The packed weights; nil when they are the second input, `[batch, depth, channels]`, and packed in each run.
  let weights: ChannelWeights?
  let rows: RowFunctionTable
  let batch: Int
  /// The pixels of an image, cut into blocks.
  let blocks: PanelPlan
  /// Whether inputs are rows of channels rather than planes.
  let readsRows: Bool
  /// Whether outputs and residuals are rows of channels rather than planes.
  let writesRows: Bool
  let hasResidual: Bool
  let activation: TileActivation
  private let stagingOffsets: [Int32]
  private let rowOffsets: [Int32]
  private let pitch: Int

  init(
    product: ChannelProduct, weights: ChannelWeights?, rows: RowFunctionTable, batch: Int, blocks: PanelPlan,
    readsRows: Bool, writesRows: Bool, hasResidual: Bool, activation: TileActivation
  ) {
    self.product = product
    self.weights = weights
    self.rows = rows
    self.batch = batch
    self.blocks = blocks
    self.readsRows = readsRows
    self.writesRows = writesRows
    self.hasResidual = hasResidual
    self.activation = activation
    // A single pixel's channels are its planes already.
    let pitch = blocks.largeRows == 1 ? 1 : AlignedMemory.paddedCount(blocks.largeRows)
    self.pitch = pitch
    stagingOffsets = readsRows ? (0..<product.depth).map { Int32($0 * pitch) } : []
    rowOffsets = writesRows ? (0..<blocks.largeRows).map { Int32($0 * product.channels) } : []
  }

  private var weightScales: UnsafePointer<Float>? { weights?.scaleStart }
  private var stagingCount: Int { readsRows && pitch > 1 ? product.depth * pitch : 0 }
  private var scratchCount: Int { blocks.largeRows * product.panels.largeRows * product.lanes }
  private var packedCount: Int { weights == nil ? AlignedMemory.paddedCount(batch * product.packedCount) : 0 }

  func workspaceSize(workers: Int) -> Int {
    (packedCount + workers * (stagingCount + scratchCount)) * MemoryLayout<Float>.stride
  }

  var phaseCount: Int { weights == nil ? 2 : 1 }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let memory = operands.workspace.assumingMemoryBound(to: Float.self)
    if phase < phaseCount - 1 {
      packInput(operands.inputs[1].base, memory, worker)
      return
    }
    let panels = product.panels.count
    let items = batch * blocks.count
    let bySize = items >= 4 * worker.count || panels < worker.count
    let scratch = memory + packedCount + worker.index * (stagingCount + scratchCount)
    stagingOffsets.withUnsafeBufferPointer { stagingOffsets in
      rowOffsets.withUnsafeBufferPointer { rowOffsets in
        for item in bySize ? worker.share(of: items) : 0..<items {
          run(
            operands, image: item / blocks.count, block: item % blocks.count,
            panels: bySize ? 0..<panels : worker.share(of: panels),
            weights?.start ?? UnsafeRawPointer(memory + item / blocks.count * product.packedCount), scratch,
            stagingOffsets, rowOffsets)
        }
      }
    }
  }

  /// Packs this worker's share of the second input's panels.
  private func packInput(_ matrix: UnsafePointer<Float>, _ packed: UnsafeMutablePointer<Float>, _ worker: Worker) {
    for item in worker.share(of: batch * product.panels.count) {
      let image = item / product.panels.count
      let source = matrix + image * product.depth * product.channels
      product.pack(panel: item % product.panels.count, packed + image * product.packedCount) {
        k, first, count, target in target.update(from: source + k * product.channels + first, count: count)
      }
    }
  }

  private func run(
    _ operands: LayerOperands, image: Int, block: Int, panels: Range<Int>, _ weights: UnsafeRawPointer,
    _ scratch: UnsafeMutablePointer<Float>, _ stagingOffsets: UnsafeBufferPointer<Int32>,
    _ rowOffsets: UnsafeBufferPointer<Int32>
  ) {
    let first = blocks.firstRow(of: block)
    let count = blocks.rowCount(of: block)
    let pixel = image * blocks.rows + first
    var place = ChannelProduct.Operands(
      weights: weights, inputs: operands.input.base + first,
      inputOffsets: operands.input.planes + image * product.depth, outputs: scratch, outputStride: 0,
      activation: activation)
    place.scales = weightScales
    if readsRows, let offsets = stagingOffsets.baseAddress {
      let source = operands.input.base + pixel * product.depth
      place.inputOffsets = offsets
      place.inputs = UnsafePointer(source)
      if stagingCount > 0 {
        var copy = RowArguments(
          source: source, sourceStride: product.depth, target: scratch, targetOffsets: offsets, rows: count,
          columns: product.depth)
        rows.transpose(&copy)
        place.inputs = UnsafePointer(scratch)
      }
    }
    for panel in panels {
      run(operands, place, panel, image: image, first, count, scratch + stagingCount, rowOffsets)
    }
  }

  private func run(
    _ operands: LayerOperands, _ block: ChannelProduct.Operands, _ panel: Int, image: Int, _ first: Int, _ count: Int,
    _ scratch: UnsafeMutablePointer<Float>, _ rowOffsets: UnsafeBufferPointer<Int32>
  ) {
    let channels = product.channels
    let channel = product.firstChannel(of: panel)
    let useful = product.channelCount(of: panel)
    let width = product.panels.rowCount(of: panel) * product.lanes
    let pixel = image * blocks.rows + first
    var place = block
    if writesRows, useful == width {
      place.outputs = operands.output.base + pixel * channels + channel
      place.outputStride = channels
      if hasResidual {
        place.addends = UnsafePointer(operands.inputs[residual].base + pixel * channels + channel)
        place.addendStride = channels
      }
      product.run(place, pixels: product.plan(pixelCount: count), panel: panel)
      return
    }
    place.outputs = scratch
    place.outputStride = width
    if hasResidual { place.activation = .none }
    product.run(place, pixels: product.plan(pixelCount: count), panel: panel)
    var copy = RowArguments(
      source: scratch, sourceStride: width, target: operands.output.base + first,
      targetOffsets: operands.output.planes + image * channels + channel, rows: count, columns: useful)
    if hasResidual { copy.activation = activation }
    if writesRows, let offsets = rowOffsets.baseAddress {
      copy.target = operands.output.base + pixel * channels + channel
      copy.targetOffsets = offsets
      if hasResidual {
        copy.addends = UnsafePointer(operands.inputs[residual].base + pixel * channels + channel)
        copy.addendOffsets = offsets
      }
      rows.copy(&copy)
    } else {
      if hasResidual {
        copy.addends = UnsafePointer(operands.inputs[residual].base + first)
        copy.addendOffsets = operands.inputs[residual].planes + image * channels + channel
      }
      rows.transpose(&copy)
    }
  }

  /// The residual's place among the inputs: the last.
  private var residual: Int { weights == nil ? 2 : 1 }
}
