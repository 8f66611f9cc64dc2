import LayerKernels
import MicroKernels

/// A Winograd convolution with its filters transformed.
struct PreparedWinograd: PreparedKernel {
  private let problem: ConvolutionProblem
  private let tiling: WinogradTiling
  private let product: PixelProduct
  private let filters: WinogradFilters
  private let bias: [Float]?
  private let blockRows: Int
  private let blocks: Int
  /// Panels of output channels that are multiplied and transformed back at a time.
  private let chunk: Int
  private let sharesChannels: Bool
  private let transforms: WinogradTable.Transforms
  private let activation: WinogradActivation
  private let planeSize: Int
  /// Elements between the tiles' elements: of transformed inputs and of a chunk's products. Some lines more than the planes take,
  /// because streams that lie a multiple of 4 KiB apart share the sets of the first cache.
  private let inputStride: Int
  private let productStride: Int
  /// Planes of transformed tiles: a channel apart.
  private let planes: OffsetTable
  /// How a whole block's tiles are cut, and the last block's.
  private let plan: PixelPlan
  private let lastPlan: PixelPlan
  private let scratchSize: Int

  init(
    problem: ConvolutionProblem, tiling: WinogradTiling, product: PixelProduct, filters: WinogradFilters,
    bias: [Float]?, blockRows: Int, chunk: Int, sharesChannels: Bool, transforms: WinogradTable.Transforms,
    activation: WinogradActivation
  ) {
    self.problem = problem
    self.tiling = tiling
    self.product = product
    self.filters = filters
    self.bias = bias
    self.blockRows = blockRows
    self.chunk = min(chunk, product.panels.count)
    self.sharesChannels = sharesChannels
    self.transforms = transforms
    self.activation = activation
    let planeSize = AlignedMemory.paddedCount(tiling.planeSize(rows: blockRows))
    self.planeSize = planeSize
    inputStride = problem.inputChannels * planeSize + 5 * AlignedMemory.elementAlignment
    productStride = self.chunk * product.panels.largeRows * planeSize + 5 * AlignedMemory.elementAlignment
    planes = OffsetTable(count: max(problem.inputChannels, problem.outputChannels), stride: planeSize)
    blocks = (tiling.rows + blockRows - 1) / blockRows
    plan = product.plan(pixelCount: blockRows * tiling.columns)
    lastPlan = product.plan(pixelCount: (tiling.rows - (blocks - 1) * blockRows) * tiling.columns)
    scratchSize = AlignedMemory.paddedCount(tiling.scratchSize)
  }

  private var transformedSize: Int { tiling.extent * tiling.extent * inputStride }
  /// What a worker has for itself besides transformed inputs.
  private var privateSize: Int { scratchSize + tiling.extent * tiling.extent * productStride }
  private var sharedSize: Int { sharesChannels ? problem.batch * transformedSize : 0 }

  func workspaceSize(workers: Int) -> Int {
    (sharedSize + workers * (privateSize + (sharesChannels ? 0 : transformedSize))) * MemoryLayout<Float>.stride
  }

  var phaseCount: Int { sharesChannels ? 2 : 1 }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let memory = operands.workspace.assumingMemoryBound(to: Float.self)
    let panels = product.panels.count
    if !sharesChannels {
      let transformed = memory + worker.index * (privateSize + transformedSize)
      let scratch = transformed + transformedSize
      for item in worker.share(of: problem.batch * blocks) {
        let block = Block(self, picture: item / blocks, index: item % blocks)
        transform(operands, block, channels: 0..<problem.inputChannels, transformed, scratch)
        multiply(operands, block, panels: 0..<panels, transformed, scratch)
      }
      return
    }
    let scratch = memory + sharedSize + worker.index * privateSize
    for picture in 0..<problem.batch {
      let block = Block(self, picture: picture, index: 0)
      let transformed = memory + picture * transformedSize
      if phase == 0 {
        transform(operands, block, channels: worker.share(of: problem.inputChannels), transformed, scratch)
      } else {
        multiply(operands, block, panels: worker.share(of: panels), transformed, scratch)
      }
    }
  }

  /// Some rows of tiles of an image.
  private struct Block {
    let picture: Int
    let rows: Range<Int>
    let isLast: Bool

    init(_ kernel: PreparedWinograd, picture: Int, index: Int) {
      self.picture = picture
      let first = index * kernel.blockRows
      rows = first..<min(first + kernel.blockRows, kernel.tiling.rows)
      isLast = index == kernel.blocks - 1
    }
  }

  private func transform(
    _ operands: LayerOperands, _ block: Block, channels: Range<Int>, _ transformed: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    tiling.masks.withUnsafeBufferPointer { masks in
      guard let masks = masks.baseAddress else { return }
      for channel in channels {
        var arguments = WinogradInputArguments(
          tiling, plane: operands.input.plane(block.picture * problem.inputChannels + channel),
          height: problem.input.height,
          width: problem.input.width, paddingTop: problem.window.pads.top, paddingLeft: problem.window.pads.left,
          firstRow: block.rows.lowerBound, rowCount: block.rows.count, masks: masks,
          outputs: transformed + channel * planeSize, outputStride: inputStride, scratch: scratch)
        transforms.input(&arguments)
      }
    }
  }

  /// Multiplies and transforms back, a chunk of panels at a time.
  private func multiply(
    _ operands: LayerOperands, _ block: Block, panels: Range<Int>, _ transformed: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let plan = block.isLast ? lastPlan : plan
    let multiplied = scratch + scratchSize
    var first = panels.lowerBound
    while first < panels.upperBound {
      let part = first..<min(first + chunk, panels.upperBound)
      let row = product.panels.firstRow(of: part.lowerBound)
      let end = product.panels.firstRow(of: part.upperBound)
      for element in 0..<tiling.extent * tiling.extent {
        var operands = PixelProduct.Operands(
          inputs: transformed + element * inputStride, inputOffsets: planes.start,
          outputs: multiplied + element * productStride - row * planeSize, outputOffsets: planes.start)
        operands.weights = filters.start + element * filters.stride
        product.run(operands, plan, groups: 0..<plan.groups.count, panels: part)
      }
      for channel in row..<end {
        finish(operands, block, channel: channel, multiplied + (channel - row) * planeSize, scratch)
      }
      first = part.upperBound
    }
  }

  private func finish(
    _ operands: LayerOperands, _ block: Block, channel: Int, _ products: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let output = problem.output
    let index = block.picture * problem.outputChannels + channel
    let plane = operands.output.plane(index)
    var arguments = WinogradOutputArguments(
      tiling, products: products, productStride: productStride, firstRow: block.rows.lowerBound,
      rowCount: block.rows.count, plane: plane, height: output.height, width: output.width, scratch: scratch)
    arguments.bias = bias?[channel] ?? 0
    if problem.epilogue.hasResidual { arguments.addend = UnsafePointer(operands.inputs[1].plane(index)) }
    arguments.lower = activation.lower
    arguments.upper = activation.upper
    transforms.output(&arguments)
    let rows = block.rows.lowerBound * tiling.size..<min(block.rows.upperBound * tiling.size, output.height)
    activation.pass(over: plane + rows.lowerBound * output.width, count: rows.count * output.width)
  }
}

/// Element offsets at an address that does not move.
///
/// `@unchecked Sendable`: written only in the initialiser.
final class OffsetTable: @unchecked Sendable {
  let start: UnsafePointer<Int32>

  /// Multiples of a stride, from 0.
  init(count: Int, stride: Int) {
    let memory = UnsafeMutablePointer<Int32>.allocate(capacity: max(count, 1))
    for index in 0..<max(count, 1) { (memory + index).initialize(to: Int32(index * stride)) }
    start = UnsafePointer(memory)
  }

  deinit { start.deallocate() }
}
