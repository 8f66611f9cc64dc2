import Foundation
import Testing

@Suite("The lists of tiles")
struct TileListTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources")

  @Test(
    "give each tile the accumulators that its rows and vectors need, and the place of its size",
    arguments: ["MicroKernelsPortable", "MicroKernelsAVX2", "MicroKernelsAVX512"],
    [
      "PixelTiles", "ChannelTiles", "ChannelTilesBFloat16", "ChannelTilesFloat16", "ChannelTilesInt8", "WindowTiles",
      "WindowChannelTiles", "SpreadChannelTiles",
    ])
  func accumulators(module: String, list: String) throws { try check(module, list) }

  @Test(
    "and so do those of products of narrow numbers",
    arguments: [
      ("MicroKernelsPortable", "DotTilesInt8"), ("MicroKernelsPortable", "DotTilesBFloat16"),
      ("MicroKernelsAVX2", "DotTilesInt8"), ("MicroKernelsAVX2VNNI", "DotTilesInt8"),
      ("MicroKernelsAVX512", "DotTilesInt8"), ("MicroKernelsAVX512VNNI", "DotTilesInt8"),
      ("MicroKernelsAVX512BF16", "DotTilesBFloat16"),
    ])
  func dotAccumulators(module: String, list: String) throws { try check(module, list) }

  private func check(_ module: String, _ list: String) throws {
    let text = try String(contentsOf: Self.folder.appendingPathComponent("\(module)/\(list).swift"), encoding: .utf8)
    // A smaller number of accumulators would be an access outside an inline array, which nobody checks in a release.
    let entry = /case \((\d+), (\d+)(?:, (\d+))?\):\s+.*TileShape<(\d+), (\d+), (\d+), (\d+)>/
    let matches = text.matches(of: entry)
    #expect(matches.count == text.matches(of: /TileShape</).count && matches.count > 4)
    for match in matches {
      let (whole, rows, vectors, tail, shapeRows, shapeVectors, accumulators, shapeTail) = match.output
      #expect(rows == shapeRows && vectors == shapeVectors && (tail ?? "0") == shapeTail, "\(whole)")
      #expect(Int(accumulators) == Int(rows).flatMap { rows in Int(vectors).map { rows * $0 } }, "\(whole)")
    }
  }
}
