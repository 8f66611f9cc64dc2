import LayerKernels
import MicroKernels

/// A convolution as a product whose tiles read shifted rows of a staged band (``RowStaging``), bound to its weights.
struct BandConvolution: Sendable {
  let problem: ConvolutionProblem
  private let products: [PixelProduct]
  private let staging: RowStaging
  private let plan: PixelPlan
  private let inputOffsets: [Int32]

  /// Packs the weights; nil when there is no such tile.
  ///
  /// - Parameters:
  ///   - layout: how the input lies.
  ///   - bandRows: the output rows that are staged for at a time.
  /// - Throws: ``KernelError/noMemory(byteCount:)``.
  init?(
    _ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, _ set: MicroKernelSet,
    _ blocking: PixelProduct.Blocking, layout: TensorLayout, bandRows: Int
  ) throws {
    guard let products = try PixelProduct.groups(of: problem, parameters, set.pixelTiles, blocking),
      let first = products.first
    else { return nil }
    self.problem = problem
    self.products = products
    let staging = RowStaging(problem, layout: layout, bandRows: bandRows, rows: set.rows)
    self.staging = staging
    plan = PixelPlan(rowWidth: problem.output.width, lanes: set.pixelTiles.lanes, limit: first.blocking.vectors)
    var offsets: [Int32] = []
    for channel in 0..<problem.inputChannels / problem.groups {
      for row in 0..<problem.window.kernel.height {
        for column in 0..<problem.window.kernel.width {
          offsets.append(Int32(staging.offset(channel: channel, row: row, column: column)))
        }
      }
    }
    inputOffsets = offsets
  }

  /// The output rows that are staged for at a time.
  var bandRows: Int { staging.bandRows }

  /// Parts that do not see each other's channels.
  var groupCount: Int { products.count }

  private var channels: Int { problem.inputChannels / problem.groups }

  /// Elements of memory that a worker stages in.
  var stagedCount: Int { channels * staging.channelSize + staging.scratchSize + AlignedMemory.elementAlignment }

  /// Convolves some rows of all groups.
  ///
  /// - Parameters:
  ///   - picture: of the batch.
  ///   - rows: of the output.
  ///   - staged: ``stagedCount`` elements.
  ///   - outputs: what `outputPlanes` count from.
  ///   - outputPlanes: an offset for each channel of the picture.
  ///   - firstOutputRow: the row with which these planes begin.
  func run(
    _ input: TensorOperand, picture: Int, rows: Range<Int>, staged: UnsafeMutablePointer<Float>,
    outputs: UnsafeMutablePointer<Float>, outputPlanes: UnsafePointer<Int32>, firstOutputRow: Int
  ) {
    var first = rows.lowerBound
    while first < rows.upperBound {
      let end = min(first + bandRows, rows.upperBound)
      for group in 0..<groupCount {
        run(
          input, picture: picture, group: group, rows: first..<end, staged: staged, residual: nil,
          TensorOperand(base: outputs - firstOutputRow * problem.output.width, planes: outputPlanes))
      }
      first = end
    }
  }

  /// Convolves at most ``bandRows`` rows of one group.
  ///
  /// - Parameters:
  ///   - residual: plane lists of the picture, or nil.
  ///   - output: plane lists of the picture.
  func run(
    _ input: TensorOperand, picture: Int, group: Int, rows: Range<Int>, staged: UnsafeMutablePointer<Float>,
    residual: TensorOperand?, _ output: TensorOperand
  ) {
    staging.stage(
      input, image: picture, channels: group * channels..<(group + 1) * channels, firstRow: rows.lowerBound,
      into: staged,
      scratch: staged + channels * staging.channelSize)
    let product = products[group]
    let plane = group * product.panels.rows
    inputOffsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      for row in rows {
        var place = PixelProduct.Operands(
          inputs: staged + (row - rows.lowerBound) * staging.outputRowStep, inputOffsets: offsets,
          outputs: output.base + row * problem.output.width, outputOffsets: output.planes + plane)
        if let residual {
          place.addends = UnsafePointer(residual.base + row * problem.output.width)
          place.addendOffsets = residual.planes + plane
        }
        product.run(place, plan, groups: 0..<plan.groups.count, panels: 0..<product.panels.count)
      }
    }
  }
}
