import LayerKernels

/// What an instruction set has for products of narrow numbers of one type.
public struct DotTable: ChannelTileSizes, Sendable {
  /// The most pixels a tile may have.
  public static let maximumRows = 14
  /// The most vectors a tile may have.
  public static let maximumVectors = 8

  /// How the numbers lie.
  public let format: DotFormat
  /// The sums of a vector.
  public let lanes: Int
  /// Products in the time of one of floats, by the instructions that they take.
  public let rate: Double
  /// Looks through inputs for their range.
  public let range: MicroKernelFunction<RangeArguments>
  /// Converts inputs.
  public let stage: MicroKernelFunction<StagingArguments>
  /// Lays out inputs that are bytes already.
  public let stageBytes: MicroKernelFunction<ByteStagingArguments>
  private let functions: [MicroKernelFunction<DotTileArguments>?]

  /// A table of what `tile` knows.
  public init(
    _ format: DotFormat, lanes: Int, rate: Double, range: MicroKernelFunction<RangeArguments>,
    stage: MicroKernelFunction<StagingArguments>, stageBytes: MicroKernelFunction<ByteStagingArguments>,
    tile: (_ rows: Int, _ vectors: Int) -> MicroKernelFunction<DotTileArguments>?
  ) {
    self.format = format
    self.lanes = lanes
    self.rate = rate
    self.range = range
    self.stage = stage
    self.stageBytes = stageBytes
    functions = (1...Self.maximumRows).flatMap { rows in (1...Self.maximumVectors).map { tile(rows, $0) } }
  }

  /// The tile of that size; nil where there is none.
  public func tile(rows: Int, vectors: Int) -> MicroKernelFunction<DotTileArguments>? {
    guard (1...Self.maximumRows).contains(rows), (1...Self.maximumVectors).contains(vectors) else { return nil }
    return functions[(rows - 1) * Self.maximumVectors + vectors - 1]
  }

  /// Whether there is a tile of that size.
  public func hasTile(rows: Int, vectors: Int) -> Bool { tile(rows: rows, vectors: vectors) != nil }

  /// The most pixels of a tile of so many vectors; 0 where there is none.
  public func maximumRows(vectors: Int) -> Int {
    (1...Self.maximumRows).last { tile(rows: $0, vectors: vectors) != nil } ?? 0
  }
}
