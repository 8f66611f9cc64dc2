/// What a Winograd output transform works on: some rows of tiles of one plane.
public struct WinogradOutputArguments {
  /// The first of α² planes of products.
  public var products: UnsafePointer<Float>
  /// Elements between planes of products.
  public var productStride: Int
  /// Tiles along a row.
  public var columns: Int
  /// The first row of tiles.
  public var firstRow: Int
  /// The rows of tiles.
  public var rowCount: Int
  /// The plane to write.
  public var plane: UnsafeMutablePointer<Float>
  /// Rows of the plane.
  public var height: Int
  /// Columns of the plane.
  public var width: Int
  /// A plane that is added, or nil.
  public var addend: UnsafePointer<Float>?
  /// Added to every element.
  public var bias: Float
  /// No result is smaller.
  public var lower: Float
  /// No result is larger.
  public var upper: Float
  /// Columns of a tile of products, α.
  public var extent: Int
  /// ``WinogradTiling/scratchSize`` elements.
  public var scratch: UnsafeMutablePointer<Float>

  /// Arguments without addend, bias or bounds.
  public init(
    _ tiling: WinogradTiling, products: UnsafePointer<Float>, productStride: Int, firstRow: Int, rowCount: Int,
    plane: UnsafeMutablePointer<Float>, height: Int, width: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    self.products = products
    self.productStride = productStride
    columns = tiling.columns
    extent = tiling.extent
    self.firstRow = firstRow
    self.rowCount = rowCount
    self.plane = plane
    self.height = height
    self.width = width
    self.scratch = scratch
    addend = nil
    bias = 0
    lower = -.infinity
    upper = .infinity
  }
}

/// The output transform: down the columns and along the rows with tiles along the lanes, then, row by row of outputs, to the
/// plane with the epilogue. Nothing outside the rows is touched.
@inlinable @inline(__always)
public func winogradOutput<L: PlaneLanes, W: WinogradVariant>(
  _ lanes: L.Type, _ variant: W.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: WinogradOutputArguments.self).pointee
  let batch = WinogradTiling.batch(size: W.size)
  let rows = max(batch / arguments.columns, 1)
  let segment = min(arguments.columns, batch)
  var row = 0
  while row < arguments.rowCount {
    let rowCount = min(rows, arguments.rowCount &- row)
    var column = 0
    while column < arguments.columns {
      let columnCount = min(segment, arguments.columns &- column)
      winogradOutputBatch(lanes, variant, arguments, row: row, rowCount, column: column, columnCount)
      column &+= segment
    }
    row &+= rows
  }
}

/// A batch of tiles: some whole rows, or a part of one.
@inlinable @inline(__always)
func winogradOutputBatch<L: PlaneLanes, W: WinogradVariant>(
  _ lanes: L.Type, _ variant: W.Type, _ arguments: WinogradOutputArguments, row firstRow: Int, _ rowCount: Int,
  column firstColumn: Int, _ columnCount: Int
) {
  let count = L.Vector.scalarCount
  let pitch = WinogradTiling.pitch(size: W.size, lanes: count) &* W.size &* 4
  let half = UnsafeMutableRawPointer(arguments.scratch)
  let staged = half + W.size &* W.extent &* L.byteCount
  let step = arguments.productStride &* 4
  let tile = firstRow &* arguments.columns &+ firstColumn
  for vector in 0..<(columnCount &* rowCount &+ count &- 1) / count {
    var source = UnsafeRawPointer(arguments.products + tile) + vector &* L.byteCount
    var target = half
    // As in the input transform, a number that the compiler does not know.
    for _ in 0..<arguments.extent {
      W.back(
        lanes, { L.load(source + $0 &* W.extent &* step) },
        { line, value in L.store(value, target + line &* W.extent &* L.byteCount) })
      source += step
      target += L.byteCount
    }
    let results = staged + vector &* W.size &* L.byteCount
    for line in 0..<W.size {
      W.backInOrder(
        lanes, { L.load(half + (line &* W.extent &+ $0) &* L.byteCount) },
        { place, value in L.store(value, results + line &* pitch + place &* L.byteCount) })
    }
  }
  let bias = L.broadcast(arguments.bias)
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  let left = firstColumn &* W.size
  let width = min(columnCount &* W.size, arguments.width &- left)
  for row in 0..<rowCount {
    let top = (arguments.firstRow &+ firstRow &+ row) &* W.size
    for line in 0..<min(W.size, arguments.height &- top) {
      let source = UnsafeRawPointer(staged) + line &* pitch + row &* columnCount &* W.size &* 4
      let start = ((top &+ line) &* arguments.width &+ left) &* 4
      let target = UnsafeMutableRawPointer(arguments.plane) + start
      let addend = arguments.addend.map { UnsafeRawPointer($0) + start }
      var column = 0
      while column < width {
        let place = column &* 4
        var value = L.sum(L.load(source + place), bias)
        if column &+ count <= width {
          if let addend { value = L.sum(value, L.load(addend + place)) }
          L.store(L.clamp(value, lower, upper), target + place)
        } else {
          if let addend { value = L.sum(value, L.loadFirst(addend + place, width &- column)) }
          L.storeFirst(L.clamp(value, lower, upper), target + place, width &- column)
        }
        column &+= count
      }
    }
  }
}
