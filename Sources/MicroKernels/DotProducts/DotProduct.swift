import LayerKernels

/// A product of staged narrow inputs with packed narrow weights, bound to its tiles: channels along the lanes, as in
/// ``ChannelProduct``.
///
/// A pixel's inputs are runs of words at offsets that all pixels share, so that a convolution's windows are read where the staged image
/// has them.
public struct DotProduct: Sendable {
  /// Where the terms of a sum lie in the staged inputs.
  public struct Terms: Sendable {
    /// Where each run starts after a pixel's first word, in bytes.
    public var runOffsets: [Int32]
    /// The words of a run.
    public var runLength: Int

    /// Runs.
    public init(runOffsets: [Int32], runLength: Int) {
      self.runOffsets = runOffsets
      self.runLength = runLength
    }
  }

  /// Operands that are whole multiples of steps, so that sums are exact.
  public struct WholeNumbers: Sendable {
    /// The magnitude of the largest weight, in its channel's steps.
    public var largestWeight: Int
    /// How the inputs are numbered.
    public var input: InputQuantisation
    /// The step of outputs that are written as bytes; nil where they are floats.
    public var outputStep: Float?

    /// Such operands.
    public init(largestWeight: Int, input: InputQuantisation, outputStep: Float?) {
      self.largestWeight = largestWeight
      self.input = input
      self.outputStep = outputStep
    }
  }

  /// What one call reads and writes.
  public struct Operands {
    /// What pixel offsets count from.
    public var inputs: UnsafeRawPointer
    /// Where each pixel starts, in bytes.
    public var pixelOffsets: UnsafePointer<Int32>
    /// What a step of a pixel's inputs is worth.
    public var pixelScales: UnsafePointer<Float>
    /// Which input stands for zero.
    public var zeroPoints: UnsafePointer<Int32>
    /// 1 where each pixel has those of its own, 0 where all share one.
    public var pixelStep: Int
    /// The first pixel's first channel of the panel.
    public var outputs: UnsafeMutablePointer<Float>
    /// Elements from a pixel's channels to the next one's.
    public var outputStride: Int
    /// What is added, or nil.
    public var addends: UnsafePointer<Float>?
    /// Elements from a pixel's addends to the next one's.
    public var addendStride: Int
    /// No result is smaller.
    public var lower: Float
    /// No result is larger.
    public var upper: Float
    /// The step that results are rounded to; 0 where they are not. The bounds count such steps then.
    public var step: Float
    /// Where results go as bytes, the first pixel's first channel of the panel; nil where they are floats. Outputs are scratch memory
    /// then.
    public var bytes: UnsafeMutablePointer<UInt8>?
    /// Bytes from a pixel's channels to the next one's.
    public var byteStride: Int
    /// That of the byte that stands for 0, by ``StepRounding``.
    public var byteOffset: Int32

    /// Operands with nothing added and no bounds.
    public init(
      inputs: UnsafeRawPointer, pixelOffsets: UnsafePointer<Int32>, pixelScales: UnsafePointer<Float>,
      zeroPoints: UnsafePointer<Int32>, pixelStep: Int, outputs: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
      self.inputs = inputs
      self.pixelOffsets = pixelOffsets
      self.pixelScales = pixelScales
      self.zeroPoints = zeroPoints
      self.pixelStep = pixelStep
      self.outputs = outputs
      self.outputStride = outputStride
      addends = nil
      addendStride = outputStride
      lower = -.infinity
      upper = .infinity
      (step, bytes, byteStride, byteOffset) = (0, nil, 0, 0)
    }
  }

  /// The instruction set's tiles and how it takes numbers.
  public let table: DotTable
  /// The output channels.
  public let channels: Int
  /// How the vectors of channels are cut.
  public let panels: PanelPlan
  private let rows: Int
  private let terms: Terms
  private let weights: DotWeights
  private let tiles: [MicroKernelFunction<DotTileArguments>?]

  /// Rounds and packs the weights; nil when there are no tiles of that size.
  ///
  /// - Parameters:
  ///   - filter: `[channels, inputs, …]`: the window's elements are the innermost.
  ///   - terms: runs that together are as many words as the window's elements have.
  ///   - exact: what inputs and weights are where both are whole multiples of steps; nil where they are any numbers.
  /// - Throws: ``WeightRangeError`` where the type has no number for a weight, ``WeightStepError`` where weights are not what `exact`
  ///   says, `KernelError.noMemory`.
  public init?(
    _ table: DotTable, blocking: ChannelProduct.Blocking, filter: Tensor, bias: [Float]?, terms: Terms,
    exact: WholeNumbers? = nil
  ) throws {
    let limit = table.maximumRows(vectors: blocking.vectors)
    let channels = filter.shape[0]
    guard channels > 0, limit > 0, 1...limit ~= blocking.rows else { return nil }
    let panels = PanelPlan(rows: (channels + table.lanes - 1) / table.lanes, limit: blocking.vectors)
    var tiles: [MicroKernelFunction<DotTileArguments>?] = []
    for vectors in [panels.largeRows, panels.largeRows - 1] {
      for rows in 1...DotTable.maximumRows { tiles.append(table.tile(rows: rows, vectors: vectors)) }
    }
    // Every size that a cut into equal parts may ask for has to be there.
    for size in panels.largeCount < panels.count ? [0, 1] : [0] {
      for rows in 1...blocking.rows where tiles[size * DotTable.maximumRows + rows - 1] == nil { return nil }
    }
    let weights = try DotWeights(
      table.format, lanes: table.lanes, panels: panels, filter: filter, bias: bias, exact: exact)
    guard weights.wordCount == terms.runOffsets.count * terms.runLength else { return nil }
    self.table = table
    self.channels = channels
    self.panels = panels
    rows = blocking.rows
    self.terms = terms
    self.weights = weights
    self.tiles = tiles
  }

  /// The most floats of a pixel's outputs of one panel.
  public var maximumWidth: Int { panels.largeRows * table.lanes }

  /// The first channel of a panel.
  public func firstChannel(of panel: Int) -> Int { panels.firstRow(of: panel) * table.lanes }

  /// The floats that a panel's tiles write for a pixel.
  public func width(of panel: Int) -> Int { panels.rowCount(of: panel) * table.lanes }

  /// The channels of a panel that are no padding.
  public func channelCount(of panel: Int) -> Int { min(width(of: panel), channels - firstChannel(of: panel)) }

  /// Computes one panel for so many pixels.
  public func run(_ operands: Operands, pixelCount: Int, panel: Int) {
    let channel = firstChannel(of: panel)
    let first = panel < panels.largeCount ? 0 : DotTable.maximumRows
    let pixels = PanelPlan(rows: pixelCount, limit: rows)
    terms.runOffsets.withUnsafeBufferPointer { runOffsets in
      guard let runOffsets = runOffsets.baseAddress else { return }
      for part in 0..<pixels.count {
        let pixel = pixels.firstRow(of: part)
        guard let tile = tiles[first + pixels.rowCount(of: part) - 1] else { return }
        var arguments = DotTileArguments(
          weights: weights.words + channel * weights.wordCount * 4, inputs: operands.inputs,
          pixelOffsets: operands.pixelOffsets + pixel, runOffsets: runOffsets, runCount: terms.runOffsets.count,
          runLength: terms.runLength, scales: weights.scales + channel, bias: weights.bias + channel,
          weightSums: weights.sums + channel, pixelScales: operands.pixelScales + pixel * operands.pixelStep,
          zeroPoints: operands.zeroPoints + pixel * operands.pixelStep, pixelStep: operands.pixelStep,
          outputs: operands.outputs + pixel * operands.outputStride, outputStride: operands.outputStride)
        if let addends = operands.addends {
          arguments.addends = addends + pixel * operands.addendStride
          arguments.addendStride = operands.addendStride
        }
        arguments.lower = operands.lower
        arguments.upper = operands.upper
        arguments.step = operands.step
        if let bytes = operands.bytes {
          arguments.bytes = bytes + pixel * operands.byteStride
          arguments.byteStride = operands.byteStride
          arguments.byteOffset = operands.byteOffset
        }
        tile(&arguments)
      }
    }
  }
}
