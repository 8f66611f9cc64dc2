import LayerKernels
import MicroKernels

/// A convolution as a product whose tiles read shifted rows of a staged band (``RowStaging``), bound to its weights.
struct BandConvolution: Sendable {
  let problem: ConvolutionProblem
  private let products: [PixelProduct]
  private let staging: RowStaging
  private let plan: PixelPlan
  private let inputOffsets: [Int32]
  private let outputPitch: Int

  /// Packs the weights; nil when there is no such tile.
  ///
  /// - Parameters:
  ///   - layout: how the input lies.
  ///   - bandRows: the output rows that are staged for at a time.
  ///   - outputPitch: elements from an output row to the next one, as many as there are columns or more. Those after the
  ///     columns are written, too.
  /// - Throws: ``KernelError/noMemory(byteCount:)``.
  init?(
    _ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, _ set: MicroKernelSet,
    _ blocking: PixelProduct.Blocking, layout: TensorLayout, bandRows: Int, outputPitch: Int
  ) throws {
    guard let products = try PixelProduct.groups(of: problem, parameters, set.pixelTiles, blocking),
      let first = products.first
    else { return nil }
    self.problem = problem
    self.products = products
    let staging = RowStaging(problem, layout: layout, bandRows: bandRows, rows: set.rows)
    self.staging = staging
    self.outputPitch = outputPitch
    plan = PixelPlan(rowWidth: outputPitch, lanes: set.pixelTiles.lanes, limit: first.blocking.vectors)
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

  /// Convolves at most ``bandRows`` rows of one group.
  ///
  /// - Parameters:
  ///   - picture: of the batch.
  ///   - rows: of the output, at least one.
  ///   - staged: ``stagedCount`` elements.
  ///   - residual: plane lists of the image, or nil.
  ///   - output: plane lists of the image.
  func run(
    _ input: TensorOperand, picture: Int, group: Int, rows: Range<Int>, staged: UnsafeMutablePointer<Float>,
    residual: TensorOperand?, _ output: TensorOperand
  ) {
    staging.stage(
      input, image: picture, channels: group * channels..<(group + 1) * channels, outputRows: rows, into: staged,
      scratch: staged + channels * staging.channelSize)
    let product = products[group]
    let plane = group * product.panels.rows
    inputOffsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      for row in rows {
        var place = PixelProduct.Operands(
          inputs: staged + (row - rows.lowerBound) * staging.outputRowStep, inputOffsets: offsets,
          outputs: output.base + row * outputPitch, outputOffsets: output.planes + plane)
        if let residual {
          place.addends = UnsafePointer(residual.base + row * outputPitch)
          place.addendOffsets = residual.planes + plane
        }
        product.run(place, plan, groups: 0..<plan.groups.count, panels: 0..<product.panels.count)
      }
    }
  }
}
