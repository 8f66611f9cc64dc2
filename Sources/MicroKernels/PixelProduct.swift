import LayerKernels

/// A matrix product with constant weights over planes of pixels, bound to its tiles: what pointwise convolution, im2col and
/// Winograd have in common.
///
/// `output[r][p] = activation(bias[r] + addend[r][p] + Σ_k weight[r][k] · input[k][p])`, each row and each k a plane.
public struct PixelProduct: Sendable {
  /// The sizes that a configuration chooses.
  public struct Blocking: Hashable, Sendable {
    /// The most rows of a tile.
    public var rows: Int
    /// The most vectors of a tile.
    public var vectors: Int
    /// The terms of a sum that are worked through at a time; 0 for all.
    public var depth: Int
    /// Whether panels of weights are the outer loop and pixels the inner one.
    public var panelsOuter: Bool

    /// Sizes.
    public init(rows: Int, vectors: Int, depth: Int = 0, panelsOuter: Bool = false) {
      self.rows = rows
      self.vectors = vectors
      self.depth = depth
      self.panelsOuter = panelsOuter
    }
  }

  /// Where one product lies. Offsets are in elements.
  public struct Operands {
    /// What the input offsets count from.
    public var inputs: UnsafePointer<Float>
    /// `depth` planes.
    public var inputOffsets: UnsafePointer<Int32>
    /// What the output offsets count from.
    public var outputs: UnsafeMutablePointer<Float>
    /// A plane for each row.
    public var outputOffsets: UnsafePointer<Int32>
    /// What the addend offsets count from, or nil.
    public var addends: UnsafePointer<Float>?
    /// A plane for each row.
    public var addendOffsets: UnsafePointer<Int32>
    /// `rows · depth` weights as ``PanelPlan/pack(_:depth:matrix:stride:)`` writes them, in place of the product's own; nil for those.
    public var weights: UnsafePointer<Float>?

    /// Operands without addends, with the product's own weights.
    public init(
      inputs: UnsafePointer<Float>, inputOffsets: UnsafePointer<Int32>, outputs: UnsafeMutablePointer<Float>,
      outputOffsets: UnsafePointer<Int32>
    ) {
      self.inputs = inputs
      self.inputOffsets = inputOffsets
      self.outputs = outputs
      self.outputOffsets = outputOffsets
      addends = nil
      addendOffsets = outputOffsets
      weights = nil
    }
  }

  /// How the rows are cut.
  public let panels: PanelPlan
  /// The terms of each sum.
  public let depth: Int
  /// What is done to each sum at last.
  public let activation: TileActivation
  /// The sizes.
  public let blocking: Blocking
  private let block: Int
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let table: PixelTileTable

  /// Packs a matrix in memory; nil when there are no tiles of that size.
  ///
  /// - Parameters:
  ///   - rows: the outputs, at least 1.
  ///   - depth: the terms of each sum, at least 1.
  ///   - bias: a number for each row, or nil.
  ///   - matrix: `[rows][depth]`, from an element of the tensor on.
  /// - Throws: `KernelError.noMemory`.
  public init?(
    _ table: PixelTileTable, blocking: Blocking, rows: Int, depth: Int, bias: [Float]?,
    activation: TileActivation, matrix: Tensor, from firstElement: Int
  ) throws {
    try self.init(
      table, blocking, rows: rows, depth: depth, bias: bias, activation: activation,
      constantMatrix: (matrix, firstElement))
  }

  /// A product without bias whose weights come with the operands of each run; nil when there are no tiles of that size.
  ///
  /// - Parameters:
  ///   - rows: the outputs, at least 1.
  ///   - depth: the terms of each sum, at least 1.
  /// - Throws: `KernelError.noMemory`.
  public init?(_ table: PixelTileTable, blocking: Blocking, rows: Int, depth: Int) throws {
    try self.init(
      table, blocking, rows: rows, depth: depth, bias: nil, activation: .none, constantMatrix: nil)
  }

  private init?(
    _ table: PixelTileTable, _ blocking: Blocking, rows: Int, depth: Int, bias: [Float]?, activation: TileActivation,
    constantMatrix matrix: (elements: Tensor, first: Int)?
  ) throws {
    let limit = table.maximumRows(vectors: blocking.vectors)
    guard rows > 0, depth > 0, blocking.depth >= 0, 1...max(limit, 1) ~= blocking.rows, limit > 0 else { return nil }
    let panels = PanelPlan(rows: rows, limit: blocking.rows)
    self.panels = panels
    self.depth = depth
    self.activation = activation
    self.blocking = blocking
    self.table = table
    let block = blocking.depth == 0 ? depth : min(blocking.depth, depth)
    self.block = block
    // Blocks of k outermost, so that one pass over the panels reads on and on.
    weights = try PackedWeights(count: matrix == nil ? 0 : rows * depth) { packed in
      // Read in here only: where the packed weights are there already, the matrix need not be.
      matrix?.elements.withElements { elements in
        guard let first = matrix?.first, elements.count - first >= rows * depth, let source = elements.baseAddress,
          let start = packed.baseAddress
        else { return }
        for k in stride(from: 0, to: depth, by: block) {
          panels.pack(start + k * rows, depth: min(block, depth - k), matrix: source + first + k, stride: depth)
        }
      }
    }
    // The second half is the bias of every block of k but the first.
    self.bias = try PackedWeights(count: 2 * AlignedMemory.paddedCount(rows)) { packed in
      for row in 0..<rows { packed[row] = bias?[row] ?? 0 }
    }
  }

  /// How so many pixels are cut for this product's tiles.
  public func plan(pixelCount: Int) -> PixelPlan {
    table.plan(pixelCount: pixelCount, panels: panels, vectors: blocking.vectors)
  }

  /// Computes some groups of pixels of some panels.
  public func run(_ operands: Operands, _ plan: PixelPlan, groups: Range<Int>, panels: Range<Int>) {
    guard !groups.isEmpty, !panels.isEmpty else { return }
    plan.groups.withUnsafeBufferPointer { list in
      if blocking.panelsOuter {
        for k in stride(from: 0, to: depth, by: block) {
          for panel in panels {
            var group = groups.lowerBound
            while group < groups.upperBound {
              var end = group + 1
              while end < groups.upperBound, list[end].follows(list[end - 1], lanes: table.lanes) { end += 1 }
              run(
                operands, list[group], end - group, isFollowed: end < groups.upperBound, panels: panel..<panel + 1,
                k..<min(k + block, depth))
              group = end
            }
          }
        }
      } else {
        for group in groups {
          for k in stride(from: 0, to: depth, by: block) {
            run(
              operands, list[group], 1, isFollowed: group + 1 < groups.upperBound, panels: panels,
              k..<min(k + block, depth))
          }
        }
      }
    }
  }

  /// Runs a block of k over `count` groups like `group`, one after the other.
  private func run(
    _ operands: Operands, _ group: PixelGroup, _ count: Int, isFollowed: Bool, panels: Range<Int>, _ k: Range<Int>
  ) {
    let large = panels.clamped(to: 0..<self.panels.largeCount)
    let small = panels.clamped(to: self.panels.largeCount..<self.panels.count)
    if !large.isEmpty { run(operands, group, count, isFollowed: isFollowed, panels: large, isLarge: true, k) }
    if !small.isEmpty { run(operands, group, count, isFollowed: isFollowed, panels: small, isLarge: false, k) }
  }

  private func run(
    _ operands: Operands, _ group: PixelGroup, _ count: Int, isFollowed: Bool, panels: Range<Int>, isLarge: Bool,
    _ k: Range<Int>
  ) {
    let rows = isLarge ? self.panels.largeRows : self.panels.largeRows - 1
    guard let tile = table.tile(rows: rows, vectors: group.vectors, tail: group.tail) else { return }
    let first = self.panels.firstRow(of: panels.lowerBound)
    let isFirst = k.lowerBound == 0
    var arguments = PixelTileArguments(
      weights: (operands.weights ?? weights.start) + k.lowerBound * self.panels.rows + first * k.count,
      panelStride: rows * k.count,
      inputs: operands.inputs + group.start, inputOffsets: operands.inputOffsets + k.lowerBound,
      outputs: operands.outputs + group.start, outputOffsets: operands.outputOffsets + first,
      bias: bias.start + first + (isFirst ? 0 : bias.count / 2), depth: k.count, panelCount: panels.count,
      groupCount: count, isFollowed: isFollowed, activation: k.upperBound == depth ? activation : .none)
    if !isFirst {
      arguments.addends = UnsafePointer(arguments.outputs)
    } else if let addends = operands.addends {
      arguments.addends = addends + group.start
      arguments.addendOffsets = operands.addendOffsets + first
    }
    tile(&arguments)
  }
}
