extension PixelTileTable {
  /// How so many pixels are cut for panels of rows and tiles of so many vectors, as a ``PixelProduct`` of these sizes cuts them.
  public func plan(pixelCount: Int, panels: PanelPlan, vectors: Int) -> PixelPlan {
    PixelPlan(pixelCount: pixelCount, lanes: lanes, limit: vectors) { vectors, tail in
      tile(rows: panels.largeRows, vectors: vectors, tail: tail) != nil
        && (panels.largeCount == panels.count
          || tile(rows: panels.largeRows - 1, vectors: vectors, tail: tail) != nil)
    }
  }
}

extension PixelProduct.Blocking {
  /// Tile sizes for a product, the quickest by estimate first.
  ///
  /// The estimate counts, for each panel and group, the cycles of a step of k: two multiply-adds or two loads a cycle, at
  /// least the latency of one multiply-add, and what starting and storing a tile takes. It knows nothing of caches.
  public static func choices(_ table: PixelTileTable, rows: Int, depth: Int, pixelCount: Int) -> [Self] {
    var choices: [(blocking: Self, cycles: Double)] = []
    for vectors in 1...PixelTileTable.maximumVectors {
      let limit = table.maximumRows(vectors: vectors)
      // Smaller tiles than half of the largest waste the registers, unless there are no more rows.
      for tileRows in max(min(limit / 2, rows), 1)..<(limit + 1) where tileRows <= rows {
        let blocking = Self(rows: tileRows, vectors: vectors)
        choices.append(
          (blocking, blocking.estimatedCycles(table, rows: rows, depth: depth, pixelCount: pixelCount)))
      }
    }
    return choices.sorted { $0.cycles < $1.cycles }.map(\.blocking)
  }

  private func estimatedCycles(_ table: PixelTileTable, rows: Int, depth: Int, pixelCount: Int) -> Double {
    let panels = PanelPlan(rows: rows, limit: self.rows)
    let plan = table.plan(pixelCount: pixelCount, panels: panels, vectors: vectors)
    func step(_ rows: Int, _ group: PixelGroup) -> Double {
      let products = Double(rows * group.vectors + group.tail) / 2
      let loads = Double(rows + group.vectors + (group.tail > 0 ? 1 + group.tail : 0)) / 2
      return max(products * 1.02, loads * 1.1, 4)
    }
    var cycles = 0.0
    for group in plan.groups {
      for (tileRows, count) in [
        (panels.largeRows, panels.largeCount), (panels.largeRows - 1, panels.count - panels.largeCount),
      ] where count > 0 {
        let sums = Double(tileRows * group.vectors)
        cycles += Double(count) * (Double(depth) * step(tileRows, group) + 20 + 1.5 * sums)
      }
    }
    return cycles
  }
}
