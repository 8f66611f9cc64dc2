/// The tile sizes of a table whose vectors hold channels.
public protocol ChannelTileSizes {
  /// The most vectors a tile may have.
  static var maximumVectors: Int { get }
  /// The channels of a vector.
  var lanes: Int { get }
  /// Whether there is a tile of that size.
  func hasTile(rows: Int, vectors: Int) -> Bool
  /// The most pixels of a tile of so many vectors; 0 where there is none.
  func maximumRows(vectors: Int) -> Int
}

extension ChannelTileTable: ChannelTileSizes {
  /// Whether there is a tile of that size.
  public func hasTile(rows: Int, vectors: Int) -> Bool { tile(rows: rows, vectors: vectors) != nil }
}

extension ChannelProduct.Blocking {
  /// Tile sizes for a product, the quickest by estimate first; see ``PixelProduct/Blocking/choices(_:rows:depth:pixelCount:)``.
  public static func choices<Table: ChannelTileSizes>(_ table: Table, channels: Int, pixelCount: Int) -> [Self] {
    let allVectors = (channels + table.lanes - 1) / table.lanes
    var choices: [(blocking: Self, cycles: Double)] = []
    for vectors in 1...min(Table.maximumVectors, allVectors) {
      let limit = table.maximumRows(vectors: vectors)
      let panels = PanelPlan(rows: allVectors, limit: vectors)
      for rows in max(min(limit / 2, pixelCount), 1)..<(limit + 1) where limit > 0 && (rows <= pixelCount || rows == 1)
      {
        guard table.hasTile(rows: rows, vectors: panels.largeRows),
          panels.largeCount == panels.count || table.hasTile(rows: rows, vectors: panels.largeRows - 1)
        else { continue }
        let pixels = PanelPlan(rows: pixelCount, limit: rows)
        var cycles = 0.0
        for (width, panelCount) in [
          (panels.largeRows, panels.largeCount), (panels.largeRows - 1, panels.count - panels.largeCount),
        ] where panelCount > 0 {
          for (height, count) in [
            (pixels.largeRows, pixels.largeCount), (pixels.largeRows - 1, pixels.count - pixels.largeCount),
          ] where count > 0 {
            let step = max(Double(width * height) / 2 * 1.02, Double(width + height) / 2 * 1.1, 4)
            // Each tile reads its panel's weights again.
            cycles += Double(panelCount * count) * (step + 0.12 * Double(width))
          }
        }
        choices.append((Self(rows: rows, vectors: vectors), cycles))
      }
    }
    return choices.sorted { $0.cycles < $1.cycles }.map(\.blocking)
  }
}
