import LayerKernels

/// A product's weights in the order in which channel tiles read them, stored as the tiles load them.
///
/// Panels of channels one after the other, each `[depth][channels]`, zeros for padding; with a type that has scales, those of all
/// channels apart.
public struct ChannelWeights: Sendable {
  private let elements: PackedWeights
  /// A number for each channel and each padded one, or nil for a type without.
  let scales: PackedWeights?

  /// The first weight.
  public var start: UnsafeRawPointer { UnsafeRawPointer(elements.start) }

  /// What the scales of the channels start at, or nil for a type without.
  public var scaleStart: UnsafePointer<Float>? { scales?.start }

  /// How many terms of each sum are transposed at a time where a type is not written by the transposition itself: a vector's
  /// channels of them stay in the first cache or near it.
  private static let stagedDepth = 256

  /// Packs a matrix with a row of `depth` weights for each channel.
  ///
  /// - Throws: ``WeightRangeError`` where the tiles' type has no number for a weight, `KernelError.noMemory`.
  public init(_ product: ChannelProduct, rowsOf matrix: Tensor, _ functions: RowFunctionTable) throws {
    func pack<W: WeightElement>(_ type: W.Type) throws -> (PackedWeights, PackedWeights?) {
      try Self.pack(type, product, matrix, functions)
    }
    (elements, scales) = try pack(product.weightType)
  }

  private static func pack<W: WeightElement>(
    _ type: W.Type, _ product: ChannelProduct, _ matrix: Tensor, _ functions: RowFunctionTable
  ) throws -> (PackedWeights, PackedWeights?) {
    let depth = product.depth
    var scales = [Float](repeating: 1, count: W.isScaled ? product.panels.rows * product.lanes : 0)
    let elements = try PackedWeights(byteCount: product.packedByteCount) { packed in
      guard let start = packed.baseAddress else { return }
      var moved: [Float] = []
      var staged: [Float] = []
      for panel in 0..<product.panels.count {
        let first = product.firstChannel(of: panel)
        let count = product.channelCount(of: panel)
        let width = product.panels.rowCount(of: panel) * product.lanes
        let target = start + first * depth * W.byteCount
        try matrix.withElements(in: first * depth..<(first + count) * depth, movedThrough: &moved) { rows in
          guard let source = rows.baseAddress else { return }
          guard W.type != .f32 else {
            transpose(
              functions, source, stride: depth, rows: count, terms: depth,
              target.assumingMemoryBound(to: Float.self), width: width)
            return
          }
          var channelScales = [Float](repeating: 1, count: width)
          for row in 0..<count {
            let weights = UnsafeBufferPointer(rebasing: rows[row * depth..<(row + 1) * depth])
            channelScales[row] = try W.scale(of: weights, channel: first + row)
            if W.isScaled { scales[first + row] = channelScales[row] }
          }
          for k in stride(from: 0, to: depth, by: stagedDepth) {
            let terms = min(stagedDepth, depth - k)
            staged.removeAll(keepingCapacity: true)
            staged.append(contentsOf: repeatElement(0, count: terms * width))
            staged.withUnsafeMutableBufferPointer { staged in
              guard let start = staged.baseAddress else { return }
              transpose(functions, source + k, stride: depth, rows: count, terms: terms, start, width: width)
              var place = target + k * width * W.byteCount
              for term in 0..<terms {
                for channel in 0..<width {
                  W.store(start[term * width + channel] / channelScales[channel], place)
                  place += W.byteCount
                }
              }
            }
          }
        }
      }
    }
    guard W.isScaled else { return (elements, nil) }
    return (elements, try PackedWeights(count: scales.count) { _ = $0.update(from: scales) })
  }

  /// Writes `terms` columns of some rows side by side.
  private static func transpose(
    _ functions: RowFunctionTable, _ source: UnsafePointer<Float>, stride: Int, rows: Int, terms: Int,
    _ target: UnsafeMutablePointer<Float>, width: Int
  ) {
    let offsets = (0..<terms).map { Int32($0 * width) }
    offsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      var copy = RowArguments(
        source: source, sourceStride: stride, target: target, targetOffsets: offsets, rows: rows, columns: terms)
      functions.transpose(&copy)
    }
  }
}
