/// The channel tiles of an instruction set.
public struct ChannelTileTable: Sendable {
  /// The most pixels a tile may have.
  public static let maximumRows = 16
  /// The most vectors a tile may have.
  public static let maximumVectors = 8

  /// The floats of a vector.
  public let lanes: Int
  /// How the tiles load weights.
  public let weightType: any WeightElement.Type
  private let functions: [ChannelTileFunction?]

  /// A table of what `tile` knows, with weights of `weightType`.
  public init(
    lanes: Int, weightType: any WeightElement.Type = Float32Weights.self,
    tile: (_ rows: Int, _ vectors: Int) -> ChannelTileFunction?
  ) {
    self.lanes = lanes
    self.weightType = weightType
    functions = (1...Self.maximumRows).flatMap { rows in (1...Self.maximumVectors).map { tile(rows, $0) } }
  }

  /// The tile of that size; nil where there is none.
  public func tile(rows: Int, vectors: Int) -> ChannelTileFunction? {
    guard (1...Self.maximumRows).contains(rows), (1...Self.maximumVectors).contains(vectors) else { return nil }
    return functions[(rows - 1) * Self.maximumVectors + vectors - 1]
  }

  /// The most pixels of a tile of so many vectors; 0 where there is none.
  public func maximumRows(vectors: Int) -> Int {
    (1...Self.maximumRows).last { tile(rows: $0, vectors: vectors) != nil } ?? 0
  }
}
