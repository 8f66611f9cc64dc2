/// What a Winograd filter transform works on: vectors of 3×3 filters, a filter in each lane.
public struct WinogradFilterArguments {
  /// Nine vectors for each vector of filters, one for each position in a filter, row by row.
  public var filters: UnsafePointer<Float>
  /// The vectors of filters.
  public var vectorCount: Int
  /// The first of α² runs of transformed filters.
  public var outputs: UnsafeMutablePointer<Float>
  /// Elements between runs of transformed filters.
  public var outputStride: Int
  /// Rows of a transformed filter, α.
  public var extent: Int
  /// ``WinogradTiling/scratchSize`` elements.
  public var scratch: UnsafeMutablePointer<Float>

  /// Arguments.
  public init(
    _ tiling: WinogradTiling, filters: UnsafePointer<Float>, vectorCount: Int, outputs: UnsafeMutablePointer<Float>,
    outputStride: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    self.filters = filters
    self.vectorCount = vectorCount
    self.outputs = outputs
    self.outputStride = outputStride
    extent = tiling.extent
    self.scratch = scratch
  }
}

/// The filter transform G g Gᵀ: down the columns and along the rows, with filters along the lanes (Lavin and Gray, "Fast
/// Algorithms for Convolutional Neural Networks", 2016, section 4.1).
@inlinable @inline(__always)
public func winogradFilter<L: PlaneLanes, W: WinogradVariant>(
  _ lanes: L.Type, _ variant: W.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: WinogradFilterArguments.self).pointee
  let half = UnsafeMutableRawPointer(arguments.scratch)
  let step = arguments.outputStride &* 4
  var source = UnsafeRawPointer(arguments.filters)
  var target = UnsafeMutableRawPointer(arguments.outputs)
  for _ in 0..<arguments.vectorCount {
    for column in 0..<3 {
      W.filter(
        lanes, { L.load(source + ($0 &* 3 &+ column) &* L.byteCount) },
        { row, value in L.store(value, half + (row &* 3 &+ column) &* L.byteCount) })
    }
    var row = UnsafeRawPointer(half)
    var results = target
    // As in the input transform, a number that the compiler does not know.
    for _ in 0..<arguments.extent {
      W.filter(
        lanes, { L.load(row + $0 &* L.byteCount) }, { place, value in L.store(value, results + place &* step) })
      row += 3 &* L.byteCount
      results += W.extent &* step
    }
    source += 9 &* L.byteCount
    target += L.byteCount
  }
}
