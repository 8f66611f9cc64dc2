import LayerKernels
import MicroKernels

/// What the kernels of this family share about their configurations: `p` pixels and `n` vectors of a tile; `block`, the pixels that
/// share a pass over a panel of weights; `in` and `out`, where they are 1: inputs and outputs are bytes.
struct NarrowBlocking {
  let identifier: KernelIdentifier
  let table: DotTable

  /// The share of the lanes that hold channels, times what the instructions are faster by, with room for the conversion and less for few
  /// terms.
  func expectedEfficiency(channels: Int, depth: Int, pixels: Int) -> Double {
    let vectors = (channels + table.lanes - 1) / table.lanes
    let lanes = Double(channels) / Double(vectors * table.lanes)
    // A tile's start and its epilogue take about as long as eight of its words.
    let words = Double(table.format.wordCount(depth))
    return 0.65 * table.rate * lanes * words / (words + 8) * min(1, Double(pixels) / 8 + 0.1)
  }

  /// The tiles that should be quickest, with passes over few pixels and over more.
  func configurations(
    channels: Int, pixels: Int, formats: [NarrowFormats] = [.floats]
  ) -> [KernelConfiguration] {
    with(formats, configurations(channels: channels, pixels: pixels, tiles: 3, blocks: [64, 256]))
  }

  /// The eight tiles that should be quickest, with passes over several numbers of pixels.
  func furtherConfigurations(
    channels: Int, pixels: Int, formats: [NarrowFormats] = [.floats]
  ) -> [KernelConfiguration] {
    with(formats, configurations(channels: channels, pixels: pixels, tiles: 8, blocks: [16, 64, 256, 1024]))
  }

  private func with(
    _ formats: [NarrowFormats], _ configurations: [KernelConfiguration]
  ) -> [KernelConfiguration] {
    formats.flatMap { formats in
      configurations.map { KernelConfiguration($0.values.merging(formats.values) { $1 }) }
    }
  }

  private func configurations(channels: Int, pixels: Int, tiles: Int, blocks: [Int]) -> [KernelConfiguration] {
    let blocks = Set(blocks.map { min($0, pixels) }).sorted()
    return ChannelProduct.Blocking.choices(table, channels: channels, pixelCount: pixels).prefix(tiles).flatMap {
      blocking in blocks.map { ["p": blocking.rows, "n": blocking.vectors, "block": $0] }
    }
  }

  /// What can be said of the error of a product of so many terms: whole numbers are exact, others are rounded, which depends on the
  /// weights and the inputs.
  func errorClass(for operands: IntegerOperands?, depth: Int) -> ErrorClass {
    table.format.isExact(for: operands, depth: depth) ? .exact() : .approximate(relativeError: nil)
  }

  /// How inputs that are whole multiples of steps are numbered; nil where their range has to be found.
  func quantisation(for operands: IntegerOperands?, depth: Int) -> InputQuantisation? {
    guard table.format.isExact(for: operands, depth: depth) else { return nil }
    return operands.map { InputQuantisation($0.input) }
  }

  /// The product of a configuration, and its block.
  ///
  /// - Throws: `KernelError` where there is no such tile or block, or no number near a weight.
  func product(
    _ configuration: KernelConfiguration, problem: ProblemKey, filter: Tensor, bias: [Float]?, pixels: Int,
    terms: DotProduct.Terms, operands: IntegerOperands?, outputStep: Float? = nil
  ) throws -> (product: DotProduct, block: Int) {
    let vectors = try configuration.value("n", in: 1...DotTable.maximumVectors, of: identifier)
    let rows = try configuration.value("p", in: 1...max(table.maximumRows(vectors: vectors), 1), of: identifier)
    let block = try configuration.value("block", in: 1...pixels, of: identifier)
    do {
      let depth = filter.shape.elementCount / max(filter.shape[0], 1)
      let exact = quantisation(for: operands, depth: depth).flatMap { input in
        operands.map {
          DotProduct.WholeNumbers(largestWeight: $0.largestWeight, input: input, outputStep: outputStep)
        }
      }
      let product = try DotProduct(
        table, blocking: ChannelProduct.Blocking(rows: rows, vectors: vectors), filter: filter, bias: bias,
        terms: terms, exact: exact)
      guard let product else {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
      }
      return (product, block)
    } catch let error as WeightRangeError {
      throw KernelError.notApplicable(kernel: identifier, problem: problem, reason: error.description)
    } catch let error as WeightStepError {
      throw KernelError.notApplicable(kernel: identifier, problem: problem, reason: error.description)
    }
  }

  /// Why sums of so many terms cannot be taken; nil where they can.
  func refusal(depth: Int) -> String? {
    guard table.format.isInteger, depth > DotFormat.maximumDepth else { return nil }
    return "sums of \(depth) products of bytes may not fit 32 bits, which hold \(DotFormat.maximumDepth)"
  }
}
