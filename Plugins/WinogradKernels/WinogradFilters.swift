import LayerKernels
import MicroKernels

/// The transformed 3×3 filters of a convolution: for each element of a transformed filter a matrix in the order in which tiles
/// read their weights, one after the other.
///
/// Transforming anew in each run, from a quarter of the memory, was measured and left out: what the transform writes has to go
/// through the second cache, and a layer of 64 to 256 channels at 13 × 13 took 307 µs instead of 187.
struct WinogradFilters: Sendable {
  /// The first matrix.
  var start: UnsafePointer<Float> { packed.start }
  /// Elements from a matrix to the next one.
  let stride: Int
  private let packed: PackedWeights

  /// Transforms `filter`, `[outputs, inputs, 3, 3]`; a depthwise filter has a depth of 1.
  ///
  /// - Throws: ``KernelError/noMemory(byteCount:)``.
  init(
    _ filter: Tensor, panels: PanelPlan, depth: Int, tiling: WinogradTiling, lanes: Int,
    transform: MicroKernelFunction<WinogradFilterArguments>
  ) throws {
    // The last panel's last vector may reach a vector after its matrix.
    let stride = AlignedMemory.paddedCount(panels.rows * depth) + AlignedMemory.elementAlignment
    self.stride = stride
    let vectors = (panels.largeRows * depth + lanes - 1) / lanes
    packed = try PackedWeights(count: tiling.extent * tiling.extent * stride) { packed in
      filter.withElements { filter in
        guard let packed = packed.baseAddress, let filter = filter.baseAddress else { return }
        let panelFilters = AlignedMemory.allocate(count: vectors * 9 * lanes + tiling.scratchSize)
        defer { AlignedMemory.deallocate(panelFilters) }
        for panel in 0..<panels.count {
          let (first, rows) = (panels.firstRow(of: panel), panels.rowCount(of: panel))
          Self.interleave(filter + first * depth * 9, rows: rows, depth: depth, lanes: lanes, panelFilters)
          var arguments = WinogradFilterArguments(
            tiling, filters: panelFilters, vectorCount: (rows * depth + lanes - 1) / lanes,
            outputs: packed + first * depth, outputStride: stride, scratch: panelFilters + vectors * 9 * lanes)
          transform(&arguments)
        }
      }
    }
  }

  /// Writes a panel's filters as vectors, nine for each vector of filters, in the order of packed weights.
  private static func interleave(
    _ filter: UnsafePointer<Float>, rows: Int, depth: Int, lanes: Int, _ target: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      for k in 0..<depth {
        let place = k * rows + row
        let source = filter + (row * depth + k) * 9
        let lane = target + place / lanes * 9 * lanes + place % lanes
        for tap in 0..<9 { lane[tap * lanes] = source[tap] }
      }
    }
  }
}
