/// The pixel tiles of an instruction set.
public struct PixelTileTable: Sendable {
  /// The most rows a tile may have.
  public static let maximumRows = 16
  /// The most vectors a tile may have.
  public static let maximumVectors = 8

  /// The floats of a vector.
  public let lanes: Int
  private let functions: [PixelTileFunction?]

  /// A table of what `tile` knows.
  public init(lanes: Int, tile: (_ rows: Int, _ vectors: Int, _ tail: Bool) -> PixelTileFunction?) {
    self.lanes = lanes
    var functions: [PixelTileFunction?] = []
    for rows in 1...Self.maximumRows {
      for vectors in 1...Self.maximumVectors {
        functions += [tile(rows, vectors, false), tile(rows, vectors, true)]
      }
    }
    self.functions = functions
  }

  /// The tile of that size; nil where there is none.
  public func tile(rows: Int, vectors: Int, tail: Bool = false) -> PixelTileFunction? {
    guard (1...Self.maximumRows).contains(rows), (1...Self.maximumVectors).contains(vectors) else { return nil }
    return functions[((rows - 1) * Self.maximumVectors + vectors - 1) * 2 + (tail ? 1 : 0)]
  }

  /// The most rows of a tile of so many vectors; 0 where there is none.
  public func maximumRows(vectors: Int) -> Int {
    (1...Self.maximumRows).last { tile(rows: $0, vectors: vectors) != nil } ?? 0
  }

  /// The share of the lanes that so many pixels use, a single pixel behind whole vectors being nearly free.
  public func laneEfficiency(pixelCount: Int) -> Double {
    if pixelCount > lanes, pixelCount % lanes == 1 { return 0.98 }
    return Double(pixelCount) / Double((pixelCount + lanes - 1) / lanes * lanes)
  }
}
