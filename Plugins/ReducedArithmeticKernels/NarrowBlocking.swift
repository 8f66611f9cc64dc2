import LayerKernels
import MicroKernels

/// What the kernels of this family share about their configurations: `p` pixels and `n` vectors of a tile; `block`, the pixels that
/// share a pass over a panel of weights.
struct NarrowBlocking {
  let identifier: KernelIdentifier
  let table: DotTable

  /// The share of the lanes that hold channels, times what the instructions are faster by, with room for the conversion.
  func expectedEfficiency(channels: Int, pixels: Int) -> Double {
    let vectors = (channels + table.lanes - 1) / table.lanes
    let lanes = Double(channels) / Double(vectors * table.lanes)
    return 0.6 * table.rate * lanes * min(1, Double(pixels) / 8 + 0.1)
  }

  /// The tiles that should be quickest, with passes over few pixels and over more.
  func configurations(channels: Int, pixels: Int) -> [KernelConfiguration] {
    configurations(channels: channels, pixels: pixels, tiles: 3, blocks: [64, 256])
  }

  /// The eight tiles that should be quickest, with passes over several numbers of pixels.
  func furtherConfigurations(channels: Int, pixels: Int) -> [KernelConfiguration] {
    configurations(channels: channels, pixels: pixels, tiles: 8, blocks: [16, 64, 256, 1024])
  }

  private func configurations(channels: Int, pixels: Int, tiles: Int, blocks: [Int]) -> [KernelConfiguration] {
    let blocks = Set(blocks.map { min($0, pixels) }).sorted()
    return ChannelProduct.Blocking.choices(table, channels: channels, pixelCount: pixels).prefix(tiles).flatMap {
      blocking in blocks.map { ["p": blocking.rows, "n": blocking.vectors, "block": $0] }
    }
  }

  /// The product of a configuration, and its block.
  ///
  /// - Throws: `KernelError` where there is no such tile or block, or no number near a weight.
  func product(
    _ configuration: KernelConfiguration, problem: ProblemKey, filter: Tensor, bias: [Float]?, pixels: Int,
    terms: DotProduct.Terms
  ) throws -> (product: DotProduct, block: Int) {
    let vectors = try configuration.value("n", in: 1...DotTable.maximumVectors, of: identifier)
    let rows = try configuration.value("p", in: 1...max(table.maximumRows(vectors: vectors), 1), of: identifier)
    let block = try configuration.value("block", in: 1...pixels, of: identifier)
    do {
      let product = try DotProduct(
        table, blocking: ChannelProduct.Blocking(rows: rows, vectors: vectors), filter: filter, bias: bias, terms: terms
      )
      guard let product else {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
      }
      return (product, block)
    } catch let error as WeightRangeError {
      throw KernelError.notApplicable(kernel: identifier, problem: problem, reason: error.description)
    }
  }

  /// Why sums of so many terms cannot be taken; nil where they can.
  func refusal(depth: Int) -> String? {
    guard table.format.isInteger, depth > DotFormat.maximumDepth else { return nil }
    return "sums of \(depth) products of bytes may not fit 32 bits, which hold \(DotFormat.maximumDepth)"
  }
}
