import LayerKernels
import MicroKernels

/// A convolution in narrow numbers, bound to its weights: the range of the images, where numbers are whole; their conversion; the
/// product.
struct PreparedNarrowConvolution: PreparedKernel {
  private let problem: ConvolutionProblem
  private let image: StagedImage
  private let outputs: NarrowOutputs
  private let blocks: PanelPlan
  private let known: InputQuantisation?
  private let readsBytes: Bool

  /// - Parameter known: how all inputs are numbered; nil where each image's range has to be found.
  init(
    _ problem: ConvolutionProblem, _ image: StagedImage, _ product: DotProduct, _ known: InputQuantisation?,
    _ formats: NarrowFormats, block: Int, _ set: MicroKernelSet
  ) {
    self.problem = problem
    self.known = known
    self.image = image
    readsBytes = formats.readsBytes
    outputs = NarrowOutputs(product, problem.epilogue, writesBytes: formats.writesBytes, set)
    blocks = PanelPlan(rows: problem.output.height * problem.output.width, limit: block)
  }

  private var product: DotProduct { outputs.product }
  private var table: DotTable { product.table }
  /// Whether the images' ranges have to be found.
  private var findsRanges: Bool { table.format.isInteger && known == nil }

  // The workspace in words: ranges of rows, a scale and a zero point for each image, staged images, and for each worker the offsets
  // of a block's pixels and outputs of padded panels.
  private var rangeCount: Int { AlignedMemory.paddedCount(3 * problem.batch * image.rows.count) }
  private var numberCount: Int { AlignedMemory.paddedCount(2 * problem.batch) }
  private var imageCount: Int { AlignedMemory.paddedCount(image.byteCount / 4) }
  private var offsetCount: Int { AlignedMemory.paddedCount(blocks.largeRows) }
  private var workerCount: Int {
    offsetCount + AlignedMemory.paddedCount(outputs.scratchCount(pixels: blocks.largeRows))
  }

  func workspaceSize(workers: Int) -> Int {
    (rangeCount + numberCount + problem.batch * imageCount + workers * workerCount) * 4
  }

  var phaseCount: Int { findsRanges ? 3 : 2 }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let ranges = operands.workspace.assumingMemoryBound(to: Float.self)
    switch phase + (findsRanges ? 0 : 1) {
    case 0: findRanges(operands.input.base, ranges, worker)
    case 1: stage(operands.input, ranges, worker)
    default: multiply(operands, ranges + rangeCount, worker)
    }
  }

  /// The first pixel of an input row.
  private func row(_ input: UnsafeMutablePointer<Float>, _ picture: Int, _ row: Int) -> UnsafePointer<Float> {
    UnsafePointer(input + (picture * problem.input.height + row) * problem.input.width * problem.inputChannels)
  }

  private func findRanges(
    _ input: UnsafeMutablePointer<Float>, _ ranges: UnsafeMutablePointer<Float>, _ worker: Worker
  ) {
    for item in worker.share(of: problem.batch * image.rows.count) {
      let source = row(input, item / image.rows.count, image.rows[item % image.rows.count])
      let range = ranges + 3 * item
      range.initialize(repeating: 0, count: 3)
      for columns in image.columns {
        var arguments = RangeArguments(
          source: source + columns.lowerBound * problem.inputChannels, count: columns.count * problem.inputChannels,
          range: range)
        table.range(&arguments)
      }
    }
  }

  /// How the numbers of an image are scaled.
  private func quantisation(_ ranges: UnsafeMutablePointer<Float>, _ picture: Int) -> InputQuantisation {
    guard findsRanges else { return known ?? .none }
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: 3) { whole in
      guard let start = whole.baseAddress else { return .none }
      whole.initialize(repeating: 0)
      for item in 0..<image.rows.count {
        let range = ranges + 3 * (picture * image.rows.count + item)
        start[0] = min(start[0], range[0])
        start[1] = max(start[1], range[1])
        start[2] += range[2]
      }
      return InputQuantisation(range: start)
    }
  }

  private func stage(_ input: TensorOperand, _ ranges: UnsafeMutablePointer<Float>, _ worker: Worker) {
    let numbers = ranges + rangeCount
    let zeroPoints = UnsafeMutableRawPointer(numbers + problem.batch).assumingMemoryBound(to: Int32.self)
    let staged = UnsafeMutableRawPointer(numbers + numberCount)
    var known: (picture: Int, quantisation: InputQuantisation)?
    for item in worker.share(of: problem.batch * image.height) {
      let (picture, stagedRow) = item.quotientAndRemainder(dividingBy: image.height)
      if known?.picture != picture { known = (picture, quantisation(ranges, picture)) }
      guard let quantisation = known?.quantisation else { return }
      if stagedRow == 0 {
        numbers[picture] = quantisation.scale
        zeroPoints[picture] = quantisation.zeroPoint
      }
      guard image.isRowRead[stagedRow] else { continue }
      let target = staged + picture * imageCount * 4 + stagedRow * image.width * image.pitch
      let inputRow = stagedRow - problem.window.pads.top
      if 0..<problem.input.height ~= inputRow {
        stage(
          input, firstPixel: (picture * problem.input.height + inputRow) * problem.input.width, quantisation, target)
      } else {
        fill(target, 0..<image.width, quantisation.zeroPoint)
      }
    }
  }

  /// Converts a row of the input, with the padding beside it.
  private func stage(
    _ input: TensorOperand, firstPixel: Int, _ quantisation: InputQuantisation, _ target: UnsafeMutableRawPointer
  ) {
    let channels = problem.inputChannels
    let left = problem.window.pads.left
    fill(target, 0..<min(left, image.width), quantisation.zeroPoint)
    fill(target, min(left + problem.input.width, image.width)..<image.width, quantisation.zeroPoint)
    let isDense = channels * table.format.inputByteCount == image.pitch
    for columns in image.columns {
      let first = (firstPixel + columns.lowerBound) * channels
      let place = target + (left + columns.lowerBound) * image.pitch
      if readsBytes {
        var arguments = ByteStagingArguments(
          source: input.bytes + first, count: isDense ? columns.count * channels : channels,
          rows: isDense ? 1 : columns.count, sourceStride: channels, target: place,
          targetStride: isDense ? columns.count * image.pitch : image.pitch)
        table.stageBytes(&arguments)
        continue
      }
      var arguments = StagingArguments(
        source: input.base + first, count: channels, rows: columns.count, sourceStride: channels, target: place,
        targetStride: image.pitch, quantisation)
      if isDense {
        arguments.count = columns.count * channels
        arguments.rows = 1
        arguments.targetStride = columns.count * image.pitch
      }
      table.stage(&arguments)
    }
  }

  /// Fills pixels with what stands for zero.
  private func fill(_ row: UnsafeMutableRawPointer, _ columns: Range<Int>, _ zeroPoint: Int32) {
    let byteCount = columns.count * image.pitch
    let start = row + columns.lowerBound * image.pitch
    let word = UInt32(truncatingIfNeeded: zeroPoint) &* (table.format.inputByteCount == 1 ? 0x0101_0101 : 0x0001_0001)
    for byte in stride(from: 0, to: byteCount, by: 4) {
      start.storeBytes(of: word, toByteOffset: byte, as: UInt32.self)
    }
  }

  private func multiply(_ operands: LayerOperands, _ numbers: UnsafeMutablePointer<Float>, _ worker: Worker) {
    let staged = UnsafeRawPointer(numbers + numberCount)
    let memory = numbers + numberCount + problem.batch * imageCount + worker.index * workerCount
    let offsets = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: Int32.self)
    let zeroPoints = UnsafeRawPointer(numbers + problem.batch).assumingMemoryBound(to: Int32.self)
    let panels = product.panels.count
    let items = problem.batch * blocks.count
    let byBlock = items >= 4 * worker.count || panels < worker.count
    for item in byBlock ? worker.share(of: items) : 0..<items {
      let (picture, block) = item.quotientAndRemainder(dividingBy: blocks.count)
      let first = blocks.firstRow(of: block)
      let count = blocks.rowCount(of: block)
      let (stride, width) = (problem.window.stride, problem.output.width)
      var (row, column) = first.quotientAndRemainder(dividingBy: width)
      for pixel in 0..<count {
        offsets[pixel] = Int32((row * stride.height * image.width + column * stride.width) * image.pitch)
        column += 1
        if column == width { (row, column) = (row + 1, 0) }
      }
      let place = DotProduct.Operands(
        inputs: staged + picture * imageCount * 4, pixelOffsets: offsets, pixelScales: numbers + picture,
        zeroPoints: zeroPoints + picture, pixelStep: 0, outputs: memory, outputStride: 0)
      let firstPixel = picture * blocks.rows + first
      for panel in byBlock ? 0..<panels : worker.share(of: panels) {
        outputs.run(
          place, pixelCount: count, panel: panel, output: operands.output, first: firstPixel,
          residual: problem.epilogue.hasResidual
            ? UnsafePointer(operands.inputs[1].base + firstPixel * product.channels) : nil,
          scratch: memory + offsetCount)
      }
    }
  }
}
