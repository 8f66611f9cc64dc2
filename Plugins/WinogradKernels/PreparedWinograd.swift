import LayerKernels
import MicroKernels

/// A Winograd convolution with its filters transformed.
struct PreparedWinograd: PreparedKernel {
  private let problem: ConvolutionProblem
  private let layout: TileRows
  private let products: [PixelProduct]
  private let bias: [Float]?
  private let blockRows: Int
  private let blocksPerPicture: Int
  private let planeSize: Int
  private let input: WinogradFunction
  private let output: WinogradFunction
  /// Planes of transformed tiles: a channel apart.
  private let planes: OffsetTable
  /// How a whole block's tiles are cut, and the last block's.
  private let plan: PixelPlan
  private let lastPlan: PixelPlan
  private let bounds: (lower: Float, upper: Float)

  init(
    problem: ConvolutionProblem, layout: TileRows, products: [PixelProduct], bias: [Float]?, blockRows: Int,
    planeSize: Int, transforms: WinogradTable
  ) {
    self.problem = problem
    self.layout = layout
    self.products = products
    self.bias = bias
    self.blockRows = blockRows
    self.planeSize = planeSize
    input = transforms.input(size: layout.size)
    output = transforms.output(size: layout.size)
    planes = OffsetTable(count: max(problem.inputChannels, problem.outputChannels), stride: planeSize)
    blocksPerPicture = (layout.rows + blockRows - 1) / blockRows
    plan = products[0].plan(pixelCount: blockRows * layout.columns)
    lastPlan = products[0].plan(pixelCount: (layout.rows - (blocksPerPicture - 1) * blockRows) * layout.columns)
    bounds =
      problem.epilogue.hasResidual
      ? (-.infinity, .infinity) : problem.epilogue.activation.clampBounds ?? (-.infinity, .infinity)
  }

  private var stagedSize: Int { layout.extent * layout.rowStride }
  private var transformedSize: Int { products.count * problem.inputChannels * planeSize }
  private var productSize: Int { products.count * problem.outputChannels * planeSize }
  private var workerSize: Int {
    AlignedMemory.paddedCount(
      stagedSize + layout.scratchSize + transformedSize + productSize + AlignedMemory.elementAlignment)
  }

  func workspaceSize(workers: Int) -> Int { workers * workerSize * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let memory = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * workerSize
    for block in worker.share(of: problem.batch * blocksPerPicture) {
      let picture = block / blocksPerPicture
      let first = block % blocksPerPicture * blockRows
      run(operands, picture: picture, rows: first..<min(first + blockRows, layout.rows), memory)
    }
  }

  private func run(
    _ operands: LayerOperands, picture: Int, rows: Range<Int>, _ memory: UnsafeMutablePointer<Float>
  ) {
    let staged = memory
    let scratch = staged + stagedSize
    let transformed = scratch + layout.scratchSize
    let multiplied = transformed + transformedSize
    for channel in 0..<problem.inputChannels {
      let plane = UnsafePointer(operands.input.plane(picture * problem.inputChannels + channel))
      for row in rows {
        layout.stage(plane, row: row, into: staged)
        var arguments = WinogradArguments(
          inputs: staged, inputStride: layout.rowStride,
          outputs: transformed + channel * planeSize + (row - rows.lowerBound) * layout.columns,
          outputStride: problem.inputChannels * planeSize, tiles: layout.columns, scratch: scratch)
        input(&arguments)
      }
    }
    let plan = rows.count == blockRows ? plan : lastPlan
    for element in products.indices {
      products[element].run(
        PixelProduct.Operands(
          inputs: transformed + element * problem.inputChannels * planeSize, inputOffsets: planes.start,
          outputs: multiplied + element * problem.outputChannels * planeSize, outputOffsets: planes.start),
        plan, groups: 0..<plan.groups.count, panels: 0..<products[element].panels.count)
    }
    // A residual or a function that is no clamp comes when rows are stored.
    let late = problem.epilogue.hasResidual || problem.epilogue.activation.clampBounds == nil
    for channel in 0..<problem.outputChannels {
      let index = picture * problem.outputChannels + channel
      for row in rows {
        var arguments = WinogradArguments(
          inputs: multiplied + channel * planeSize + (row - rows.lowerBound) * layout.columns,
          inputStride: problem.outputChannels * planeSize, outputs: staged, outputStride: layout.rowStride,
          tiles: layout.columns, scratch: scratch)
        arguments.bias = bias?[channel] ?? 0
        arguments.lower = bounds.lower
        arguments.upper = bounds.upper
        output(&arguments)
        layout.store(
          staged, row: row, to: operands.output.plane(index),
          residual: problem.epilogue.hasResidual ? UnsafePointer(operands.inputs[1].plane(index)) : nil,
          activation: late ? problem.epilogue.activation : nil)
      }
    }
  }
}
