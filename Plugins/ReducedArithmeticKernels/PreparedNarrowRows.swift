import LayerKernels
import MicroKernels

/// A product between rows of channels, bound to its weights: pixels are converted just before their block is worked through, each with
/// a scale of its own unless one is known for all.
struct PreparedNarrowRows: PreparedKernel {
  private let outputs: NarrowOutputs
  private let depth: Int
  private let blocks: PanelPlan
  private let hasResidual: Bool
  private let pitch: Int
  private let pixelOffsets: [Int32]
  private let known: InputQuantisation?
  private let readsBytes: Bool

  /// - Parameter known: how all inputs are numbered; nil where each pixel's range has to be found.
  init(
    _ product: DotProduct, _ known: InputQuantisation?, depth: Int, pixels: Int, block: Int,
    _ formats: NarrowFormats, _ epilogue: Epilogue,
    _ set: MicroKernelSet
  ) {
    self.known = known
    readsBytes = formats.readsBytes
    outputs = NarrowOutputs(product, epilogue, writesBytes: formats.writesBytes, set)
    self.depth = depth
    hasResidual = epilogue.hasResidual
    blocks = PanelPlan(rows: pixels, limit: block)
    pitch = product.table.format.wordCount(depth) * 4
    let step = pitch
    pixelOffsets = (0..<blocks.largeRows).map { Int32($0 * step) }
  }

  /// False where bytes lie in the input as the tiles take them.
  private var isStaged: Bool { !readsBytes || pitch != depth }

  private var product: DotProduct { outputs.product }
  private var scratchCount: Int { AlignedMemory.paddedCount(outputs.scratchCount(pixels: blocks.largeRows)) }
  private var pixelCount: Int { AlignedMemory.paddedCount(blocks.largeRows) }
  private var stagedCount: Int { AlignedMemory.paddedCount(blocks.largeRows * pitch / 4) }
  /// In words: outputs of padded panels, scales, zero points, staged inputs.
  private var workerCount: Int { scratchCount + 2 * pixelCount + stagedCount }

  func workspaceSize(workers: Int) -> Int { workers * workerCount * 4 }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let scratch = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * workerCount
    let panels = product.panels.count
    // Where there are few blocks each worker converts them all, which is little, and takes some of the channels.
    let byBlock = blocks.count >= 4 * worker.count || panels < worker.count
    pixelOffsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      for block in byBlock ? worker.share(of: blocks.count) : 0..<blocks.count {
        run(operands, block, panels: byBlock ? 0..<panels : worker.share(of: panels), scratch, offsets)
      }
    }
  }

  private func run(
    _ operands: LayerOperands, _ block: Int, panels: Range<Int>, _ scratch: UnsafeMutablePointer<Float>,
    _ pixelOffsets: UnsafePointer<Int32>
  ) {
    if panels.isEmpty { return }
    let first = blocks.firstRow(of: block)
    let count = blocks.rowCount(of: block)
    let scales = scratch + scratchCount
    let zeroPoints = UnsafeMutableRawPointer(scales + pixelCount).assumingMemoryBound(to: Int32.self)
    let staged = UnsafeMutableRawPointer(scales + 2 * pixelCount)
    let source = UnsafePointer(operands.input.base + first * depth)
    if let known {
      (scales.pointee, zeroPoints.pointee) = (known.scale, known.zeroPoint)
      if !readsBytes {
        stage(source, count, known, staged)
      } else if isStaged {
        stage(operands.input.bytes + first * depth, count, staged)
      }
    } else {
      for pixel in 0..<count {
        stage(source + pixel * depth, scales + pixel, zeroPoints + pixel, staged + pixel * pitch)
      }
    }
    let channels = product.channels
    let place = DotProduct.Operands(
      inputs: isStaged ? UnsafeRawPointer(staged) : UnsafeRawPointer(operands.input.bytes + first * depth),
      pixelOffsets: pixelOffsets, pixelScales: scales, zeroPoints: zeroPoints,
      pixelStep: known == nil ? 1 : 0,
      outputs: scratch, outputStride: 0)
    let residual = hasResidual ? UnsafePointer(operands.inputs[1].base + first * channels) : nil
    for panel in panels {
      outputs.run(
        place, pixelCount: count, panel: panel, output: operands.output, first: first, residual: residual,
        scratch: scratch)
    }
  }

  /// Converts a pixel.
  private func stage(
    _ source: UnsafePointer<Float>, _ scale: UnsafeMutablePointer<Float>, _ zeroPoint: UnsafeMutablePointer<Int32>,
    _ target: UnsafeMutableRawPointer
  ) {
    let table = product.table
    var quantisation = InputQuantisation.none
    if table.format.isInteger {
      quantisation = withUnsafeTemporaryAllocation(of: Float.self, capacity: 3) { range in
        guard let start = range.baseAddress else { return .none }
        range.initialize(repeating: 0)
        var arguments = RangeArguments(source: source, count: depth, range: start)
        table.range(&arguments)
        return InputQuantisation(range: start)
      }
    }
    scale.pointee = quantisation.scale
    zeroPoint.pointee = quantisation.zeroPoint
    stage(source, 1, quantisation, target)
  }

  /// Lays out pixels of bytes.
  private func stage(_ source: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutableRawPointer) {
    let isDense = depth * product.table.format.inputByteCount == pitch
    var arguments = ByteStagingArguments(
      source: source, count: isDense ? count * depth : depth, rows: isDense ? 1 : count, sourceStride: depth,
      target: target, targetStride: isDense ? count * pitch : pitch)
    product.table.stageBytes(&arguments)
  }

  /// Converts pixels that are numbered alike.
  private func stage(
    _ source: UnsafePointer<Float>, _ count: Int, _ quantisation: InputQuantisation, _ target: UnsafeMutableRawPointer
  ) {
    let isDense = depth * product.table.format.inputByteCount == pitch
    var arguments = StagingArguments(
      source: source, count: isDense ? count * depth : depth, rows: isDense ? 1 : count, sourceStride: depth,
      target: target, targetStride: isDense ? count * pitch : pitch, quantisation)
    product.table.stage(&arguments)
  }
}
