/// What a Winograd input transform works on: some rows of tiles of one plane.
public struct WinogradInputArguments {
  /// The plane.
  public var plane: UnsafePointer<Float>
  /// Rows of the plane.
  public var height: Int
  /// Columns of the plane.
  public var width: Int
  /// Rows of padding above.
  public var paddingTop: Int
  /// Columns of padding to the left.
  public var paddingLeft: Int
  /// Tiles along a row.
  public var columns: Int
  /// The first row of tiles.
  public var firstRow: Int
  /// The rows of tiles.
  public var rowCount: Int
  /// ``WinogradTiling/masks``.
  public var masks: UnsafePointer<Int32>
  /// The first of α² planes of transformed tiles.
  public var outputs: UnsafeMutablePointer<Float>
  /// Elements between planes of transformed tiles.
  public var outputStride: Int
  /// Rows of a tile of inputs, α.
  public var extent: Int
  /// ``WinogradTiling/scratchSize`` elements.
  public var scratch: UnsafeMutablePointer<Float>

  /// Arguments.
  public init(
    _ tiling: WinogradTiling, plane: UnsafePointer<Float>, height: Int, width: Int, paddingTop: Int, paddingLeft: Int,
    firstRow: Int, rowCount: Int, masks: UnsafePointer<Int32>, outputs: UnsafeMutablePointer<Float>, outputStride: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    self.plane = plane
    self.height = height
    self.width = width
    self.paddingTop = paddingTop
    self.paddingLeft = paddingLeft
    columns = tiling.columns
    extent = tiling.extent
    self.firstRow = firstRow
    self.rowCount = rowCount
    self.masks = masks
    self.outputs = outputs
    self.outputStride = outputStride
    self.scratch = scratch
  }
}

/// The input transform: down the columns of a row of tiles with columns along the lanes, then dealt out by position in a tile,
/// and, when a batch of tiles is there, along the rows with tiles along the lanes.
///
/// The tiles of several rows lie one after the other, so that narrow maps fill their vectors, too. Columns outside the plane
/// are masked out of the loads and rows outside are zero: nothing is copied to a frame first.
@inlinable @inline(__always)
public func winogradInput<L: PlaneLanes, W: WinogradVariant>(
  _ lanes: L.Type, _ variant: W.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: WinogradInputArguments.self).pointee
  let batch = WinogradTiling.batch(size: W.size)
  let rows = max(batch / arguments.columns, 1)
  let segment = min(arguments.columns, batch)
  var row = 0
  while row < arguments.rowCount {
    let rowCount = min(rows, arguments.rowCount &- row)
    var column = 0
    while column < arguments.columns {
      let columnCount = min(segment, arguments.columns &- column)
      winogradInputBatch(lanes, variant, arguments, row: row, rowCount, column: column, columnCount)
      column &+= segment
    }
    row &+= rows
  }
}

/// A batch of tiles: some whole rows, or a part of one. `column` is a multiple of the lanes.
@inlinable @inline(__always)
func winogradInputBatch<L: PlaneLanes, W: WinogradVariant>(
  _ lanes: L.Type, _ variant: W.Type, _ arguments: WinogradInputArguments, row firstRow: Int, _ rowCount: Int,
  column firstColumn: Int, _ columnCount: Int
) {
  let count = L.Vector.scalarCount
  // A number that is known here keeps the addresses of all positions in the instructions.
  let pitch = WinogradTiling.pitch(size: W.size, lanes: count) &* 4
  let columns = UnsafeMutableRawPointer(arguments.scratch)
  // A vector's room before the first tile, because tiles are also written one element early.
  let dealt = columns + (W.extent &* W.size &+ 1) &* count &* 4
  let rowStep = arguments.width &* 4
  let neighbourMasks = arguments.masks + (arguments.columns / count &+ 1) &* W.size &* count
  for row in 0..<rowCount {
    let top = (arguments.firstRow &+ firstRow &+ row) &* W.size &- arguments.paddingTop
    let isInside = top >= 0 && top &+ W.extent <= arguments.height
    for group in 0..<columnCount / count &+ 1 {
      let firstTile = firstColumn &+ group &* count
      for vector in 0..<W.size {
        let first = firstTile &* W.size &+ vector &* count
        let mask = L.mask(arguments.masks + first)
        let source =
          UnsafeRawPointer(arguments.plane) + (top &* arguments.width &+ first &- arguments.paddingLeft) &* 4
        let target = columns + vector &* L.byteCount
        if isInside {
          W.forward(
            lanes, { L.load(source + $0 &* rowStep, mask) },
            { line, value in L.store(value, target + line &* W.size &* L.byteCount) })
        } else {
          W.forward(
            lanes,
            { line in
              UInt(bitPattern: top &+ line) < UInt(bitPattern: arguments.height)
                ? L.load(source + line &* rowStep, mask) : L.Vector()
            },
            { line, value in L.store(value, target + line &* W.size &* L.byteCount) })
        }
      }
      let hasTileBefore = L.mask(neighbourMasks + firstTile)
      let start = dealt + (row &* columnCount &+ group &* count) &* 4
      for line in 0..<W.extent {
        W.deal(
          lanes, { L.load(columns + (line &* W.size &+ $0) &* L.byteCount) },
          { place, value in
            L.store(value, start + (line &* W.extent &+ place) &* pitch)
            // A tile's first two columns are the last two of the tile before.
            if place < 2 {
              L.store(value, start + (line &* W.extent &+ W.size &+ place) &* pitch - 4, hasTileBefore)
            }
          })
      }
    }
  }
  let step = arguments.outputStride &* 4
  let tile = firstRow &* arguments.columns &+ firstColumn
  for vector in 0..<(columnCount &* rowCount &+ count &- 1) / count {
    var source = UnsafeRawPointer(dealt) + vector &* L.byteCount
    var target = UnsafeMutableRawPointer(arguments.outputs + tile) + vector &* L.byteCount
    // Counted by a number that the compiler does not know: written out, the loop would keep all its addresses in memory.
    for _ in 0..<arguments.extent {
      W.forward(lanes, { L.load(source + $0 &* pitch) }, { place, value in L.store(value, target + place &* step) })
      source += W.extent &* pitch
      target += W.extent &* step
    }
  }
}
