/// The pixel tiles of an instruction set.
public struct PixelTileTable: Sendable {
  /// The most rows a tile may have.
  public static let maximumRows = 16
  /// The most vectors a tile may have.
  public static let maximumVectors = 8
  /// How many pixels there may be after a tile's vectors.
  public static let tails = [0, 1, 4]

  /// The floats of a vector.
  public let lanes: Int
  private let functions: [PixelTileFunction?]

  /// A table of what `tile` knows; `tail` is one of ``tails``.
  public init(lanes: Int, tile: (_ rows: Int, _ vectors: Int, _ tail: Int) -> PixelTileFunction?) {
    self.lanes = lanes
    var functions: [PixelTileFunction?] = []
    for rows in 1...Self.maximumRows {
      for vectors in 1...Self.maximumVectors { functions += Self.tails.map { tile(rows, vectors, $0) } }
    }
    self.functions = functions
  }

  /// The tile of that size; nil where there is none.
  public func tile(rows: Int, vectors: Int, tail: Int = 0) -> PixelTileFunction? {
    guard (1...Self.maximumRows).contains(rows), (1...Self.maximumVectors).contains(vectors),
      let tail = Self.tails.firstIndex(of: tail)
    else { return nil }
    return functions[((rows - 1) * Self.maximumVectors + vectors - 1) * Self.tails.count + tail]
  }

  /// The shortest tail that holds `pixels` pixels after whole vectors, at least 1; nil where a whole vector takes them.
  static func tail(of pixels: Int, lanes: Int) -> Int? { tails.first { pixels <= $0 && $0 < lanes } }

  /// The most rows of a tile of so many vectors; 0 where there is none.
  public func maximumRows(vectors: Int) -> Int {
    (1...Self.maximumRows).last { tile(rows: $0, vectors: vectors) != nil } ?? 0
  }

  /// The share of the lanes that so many pixels use, a few pixels after whole vectors costing little.
  public func laneEfficiency(pixelCount: Int) -> Double {
    let rest = pixelCount % lanes
    if pixelCount > lanes, rest == 1 { return 0.98 }
    if pixelCount > lanes, rest > 0, let tail = Self.tail(of: rest, lanes: lanes), hasTails(of: tail) {
      // A multiply-add for each pixel, where a vector takes one for each of about twelve rows.
      return Double(pixelCount) / (Double(pixelCount - rest) + Double(tail * lanes) / 12)
    }
    return Double(pixelCount) / Double((pixelCount + lanes - 1) / lanes * lanes)
  }

  private func hasTails(of length: Int) -> Bool {
    (1...Self.maximumRows).contains { tile(rows: $0, vectors: 1, tail: length) != nil }
  }
}
