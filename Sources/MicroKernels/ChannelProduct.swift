import LayerKernels

/// A matrix product with channels along the lanes, bound to its tiles: pointwise convolution of small maps and of rows of
/// channels, and the dense layer.
///
/// `output[p][c] = activation(bias[c] + addend[p][c] + Σ_k input[k][p] · weight[c][k])`. Channels are padded to whole
/// vectors, and vectors cut into panels of nearly equal size.
public struct ChannelProduct: Sendable {
  /// The sizes that a configuration chooses.
  public struct Blocking: Hashable, Sendable {
    /// The most pixels of a tile.
    public var rows: Int
    /// The most vectors of a tile.
    public var vectors: Int
    /// The terms of a sum that are worked through at a time; 0 for all.
    public var depth: Int

    /// Sizes.
    public init(rows: Int, vectors: Int, depth: Int = 0) {
      self.rows = rows
      self.vectors = vectors
      self.depth = depth
    }
  }

  /// Where the pixels of one call lie.
  public struct Operands {
    /// Packed weights, as ``ChannelWeights`` or ``ChannelProduct/pack(panel:_:row:)`` writes them.
    public var weights: UnsafeRawPointer
    /// The scales of the channels, from the first one on; nil for a type without.
    public var scales: UnsafePointer<Float>?
    /// What the input offsets count from, moved on to the first pixel.
    public var inputs: UnsafePointer<Float>
    /// `depth` offsets of rows of pixels.
    public var inputOffsets: UnsafePointer<Int32>
    /// The first pixel's first channel of the panel.
    public var outputs: UnsafeMutablePointer<Float>
    /// Elements from a pixel's channels to the next one's.
    public var outputStride: Int
    /// What is added, or nil.
    public var addends: UnsafePointer<Float>?
    /// Elements from a pixel's addends to the next one's.
    public var addendStride: Int
    /// What is done at last.
    public var activation: TileActivation

    /// Operands without addends and scales.
    public init(
      weights: UnsafeRawPointer, inputs: UnsafePointer<Float>, inputOffsets: UnsafePointer<Int32>,
      outputs: UnsafeMutablePointer<Float>, outputStride: Int, activation: TileActivation
    ) {
      self.weights = weights
      scales = nil
      self.inputs = inputs
      self.inputOffsets = inputOffsets
      self.outputs = outputs
      self.outputStride = outputStride
      addends = nil
      addendStride = outputStride
      self.activation = activation
    }
  }

  /// The channels.
  public let channels: Int
  /// The terms of each sum.
  public let depth: Int
  /// How the vectors of channels are cut.
  public let panels: PanelPlan
  /// The sizes.
  public let blocking: Blocking
  /// The floats of a vector.
  public let lanes: Int
  /// How the tiles load weights.
  public let weightType: any WeightElement.Type
  private let weightByteCount: Int
  private let bias: PackedWeights
  private let tiles: [ChannelTileFunction?]

  /// A product; nil when there are no tiles of that size.
  ///
  /// - Throws: `KernelError.noMemory`.
  public init?(
    _ table: ChannelTileTable, blocking: Blocking, channels: Int, depth: Int, bias: [Float]?
  ) throws {
    let limit = table.maximumRows(vectors: blocking.vectors)
    guard channels > 0, depth > 0, blocking.depth >= 0, limit > 0, 1...limit ~= blocking.rows else { return nil }
    self.channels = channels
    self.depth = depth
    self.blocking = blocking
    lanes = table.lanes
    weightType = table.weightType
    weightByteCount = table.weightType.byteCount
    let panels = PanelPlan(rows: (channels + table.lanes - 1) / table.lanes, limit: blocking.vectors)
    self.panels = panels
    let padded = panels.rows * table.lanes
    // The second half is the bias of every block of k but the first.
    self.bias = try PackedWeights(count: 2 * padded) { packed in
      for channel in 0..<channels { packed[channel] = bias?[channel] ?? 0 }
    }
    var tiles: [ChannelTileFunction?] = []
    for vectors in [panels.largeRows, panels.largeRows - 1] {
      for rows in 1...ChannelTileTable.maximumRows { tiles.append(table.tile(rows: rows, vectors: vectors)) }
    }
    // Every size that a cut into equal parts may ask for has to be there.
    let sizes = panels.largeCount < panels.count ? [0, 1] : [0]
    for size in sizes {
      for rows in 1...blocking.rows where tiles[size * ChannelTileTable.maximumRows + rows - 1] == nil { return nil }
    }
    self.tiles = tiles
  }

  /// The elements of the packed weights.
  public var packedCount: Int { panels.rows * lanes * depth }

  /// The bytes of the packed weights.
  public var packedByteCount: Int { packedCount * weightByteCount }

  /// The first channel of a panel.
  @inlinable
  public func firstChannel(of panel: Int) -> Int { panels.firstRow(of: panel) * lanes }

  /// The channels of a panel that are no padding.
  @inlinable
  public func channelCount(of panel: Int) -> Int {
    min(panels.rowCount(of: panel) * lanes, channels - firstChannel(of: panel))
  }

  /// Writes the weights of one panel in the order in which tiles of 32-bit weights read them: k by k, channel by channel, zeros for
  /// padding.
  ///
  /// - Parameter row: writes the weights of `count` channels from `first` on for one k.
  public func pack(
    panel: Int, _ packed: UnsafeMutablePointer<Float>,
    row: (_ k: Int, _ first: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>) -> Void
  ) {
    let first = firstChannel(of: panel)
    let width = panels.rowCount(of: panel) * lanes
    let count = channelCount(of: panel)
    var place = packed + first * depth
    for k in 0..<depth {
      row(k, first, count, place)
      for index in count..<width { place[index] = 0 }
      place += width
    }
  }

  /// How so many pixels are cut for this product's tiles.
  public func plan(pixelCount: Int) -> PanelPlan { PanelPlan(rows: pixelCount, limit: blocking.rows) }

  /// Computes one panel for all the pixels of a plan.
  public func run(_ operands: Operands, pixels: PanelPlan, panel: Int) {
    let isLarge = panel < panels.largeCount
    let vectors = panels.rowCount(of: panel)
    let channel = firstChannel(of: panel)
    let width = vectors * lanes
    let block = blocking.depth == 0 ? depth : min(blocking.depth, depth)
    for k in stride(from: 0, to: depth, by: block) {
      let end = min(k + block, depth)
      for part in 0..<pixels.count {
        let pixel = pixels.firstRow(of: part)
        let rows = pixels.rowCount(of: part)
        guard let tile = tiles[(isLarge ? 0 : ChannelTileTable.maximumRows) + rows - 1] else { return }
        var arguments = ChannelTileArguments(
          weights: operands.weights + (channel * depth + k * width) * weightByteCount, panelStride: width * depth,
          inputs: operands.inputs + pixel, inputOffsets: operands.inputOffsets + k,
          outputs: operands.outputs + pixel * operands.outputStride, outputStride: operands.outputStride,
          bias: bias.start + channel + (k == 0 ? 0 : bias.count / 2), depth: end - k,
          activation: end == depth ? operands.activation : .none)
        if let scales = operands.scales { arguments.scales = scales + channel }
        if k > 0 {
          arguments.addends = UnsafePointer(arguments.outputs)
        } else if let addends = operands.addends {
          arguments.addends = addends + pixel * operands.addendStride
          arguments.addendStride = operands.addendStride
        }
        tile(&arguments)
      }
    }
  }
}
