/// What a convolution straight from planes works on: one output row of some output channels, and the rows below it.
public struct WindowTileArguments {
  /// What `inputPlanes` count from.
  public var inputs: UnsafePointer<Float>
  /// An element offset for each input channel of the group.
  public var inputPlanes: UnsafePointer<Int32>
  /// What `outputPlanes` count from.
  public var outputs: UnsafeMutablePointer<Float>
  /// An element offset for each of the tile's output channels.
  public var outputPlanes: UnsafePointer<Int32>
  /// Packed weights: `[channels][kernelHeight][kernelWidth][M]`.
  public var weights: UnsafePointer<Float>
  /// M numbers that the sums start from.
  public var bias: UnsafePointer<Float>
  /// For each block of columns, for each column of the filter, for each load a mask (``WindowColumns``).
  public var masks: UnsafePointer<Int32>
  /// The sizes.
  public var geometry: WindowTileGeometry
  /// The first output row.
  public var firstRow: Int
  /// The output rows to compute.
  public var rowCount: Int
  /// No result is smaller.
  public var lower: Float
  /// No result is larger.
  public var upper: Float

  /// Arguments.
  public init(
    inputs: UnsafePointer<Float>, inputPlanes: UnsafePointer<Int32>, outputs: UnsafeMutablePointer<Float>,
    outputPlanes: UnsafePointer<Int32>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    masks: UnsafePointer<Int32>, geometry: WindowTileGeometry, firstRow: Int, rowCount: Int, lower: Float, upper: Float
  ) {
    self.inputs = inputs
    self.inputPlanes = inputPlanes
    self.outputs = outputs
    self.outputPlanes = outputPlanes
    self.weights = weights
    self.bias = bias
    self.masks = masks
    self.geometry = geometry
    self.firstRow = firstRow
    self.rowCount = rowCount
    self.lower = lower
    self.upper = upper
  }
}

/// The sizes of a convolution straight from planes, as plain numbers.
public struct WindowTileGeometry: Sendable {
  /// Input channels of a group.
  public var channels = 0
  /// Rows of an input plane.
  public var inputHeight = 0
  /// Columns of an input plane.
  public var inputWidth = 0
  /// Columns of an output plane.
  public var outputWidth = 0
  /// Rows of the filter.
  public var kernelHeight = 0
  /// Columns of the filter.
  public var kernelWidth = 0
  /// Rows between windows.
  public var strideHeight = 1
  /// Columns between windows.
  public var strideWidth = 1
  /// Rows between a filter's rows.
  public var dilationHeight = 1
  /// Columns between a filter's columns.
  public var dilationWidth = 1
  /// Rows of padding above.
  public var paddingTop = 0
  /// Columns of padding to the left.
  public var paddingLeft = 0
  /// Elements of an output plane that may be written, slack included.
  public var capacity = 0

  /// No sizes.
  public init() {}
}

/// How a row of outputs reads a row of inputs.
public enum WindowColumns {
  /// The masks of a convolution: for each vector of an output row, for each column of the filter, for each load a lane's
  /// number. With stride 2 a column of the filter takes two loads, one vector after the other; with another stride one,
  /// whose lanes lie apart.
  public static func masks(_ geometry: WindowTileGeometry, lanes: Int) -> [Int32] {
    let stride = geometry.strideWidth
    return (0..<DepthwiseColumns.blockCount(width: geometry.outputWidth, lanes: lanes)).flatMap { block in
      let start = DepthwiseColumns.start(of: block, width: geometry.outputWidth, lanes: lanes)
      return (0..<geometry.kernelWidth).flatMap { column -> [Int32] in
        let first = start * stride + column * geometry.dilationWidth - geometry.paddingLeft
        let limit = geometry.inputWidth
        guard stride == 2 else { return LaneMask.places(lanes: lanes, first: first, step: stride, limit: limit) }
        return LaneMask.places(lanes: lanes, first: first, limit: limit)
          + LaneMask.places(lanes: lanes, first: first + lanes, limit: limit)
      }
    }
  }
}

/// Convolution with columns along the lanes, `Rows` output channels by `Vectors` vectors of an output row at a time.
///
/// Each column of the filter loads its inputs where they lie, columns outside the plane masked out and rows outside
/// skipped, and broadcasts M weights. A group of vectors that would hang over the row's end is moved back.
@inlinable @inline(__always)
public func windowTile<L: PlaneLanes, let Rows: Int, let Vectors: Int, let Accumulators: Int>(
  _ lanes: L.Type, _ shape: TileShape<Rows, Vectors, Accumulators, 0>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: WindowTileArguments.self)
  switch arguments.pointee.geometry.strideWidth {
  case 1:
    windowRows(lanes, shape, arguments, loads: 1) { place, masks in L.load(place, L.mask(masks)) }
  case 2:
    windowRows(lanes, shape, arguments, loads: 2) { place, masks in
      L.deinterleave(
        L.load(place, L.mask(masks)), L.load(place + L.byteCount, L.mask(masks + L.Vector.scalarCount))
      ).even
    }
  default:
    let step = arguments.pointee.geometry.strideWidth &* 4
    windowRows(lanes, shape, arguments, loads: 1) { place, masks in
      var value = L.Vector()
      for lane in 0..<L.Vector.scalarCount where masks[lane] != 0 {
        value[lane] = place.loadUnaligned(fromByteOffset: lane &* step, as: Float.self)
      }
      return value
    }
  }
}

@inlinable @inline(__always)
func windowRows<L: PlaneLanes, let Rows: Int, let Vectors: Int, let Accumulators: Int>(
  _ lanes: L.Type, _ shape: TileShape<Rows, Vectors, Accumulators, 0>.Type,
  _ address: UnsafePointer<WindowTileArguments>, loads: Int,
  _ load: (_ place: UnsafeRawPointer, _ masks: UnsafePointer<Int32>) -> L.Vector
) {
  let arguments = address.pointee
  let geometry = arguments.geometry
  let width = L.Vector.scalarCount
  let blocks = DepthwiseColumns.blockCount(width: geometry.outputWidth, lanes: width)
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  let maskCount = loads &* width
  let blockMasks = geometry.kernelWidth &* maskCount
  for row in arguments.firstRow..<arguments.firstRow &+ arguments.rowCount {
    let top = row &* geometry.strideHeight &- geometry.paddingTop
    var block = 0
    while block < blocks {
      let firstBlock = min(block, max(blocks &- Vectors, 0))
      var starts = InlineArray<Vectors, Int> { _ in 0 }
      for n in 0..<Vectors {
        starts[n] = DepthwiseColumns.start(
          of: min(firstBlock &+ n, blocks &- 1), width: geometry.outputWidth, lanes: width)
      }
      var sums = InlineArray<Accumulators, L.Vector> { _ in L.Vector() }
      unrolled(Rows) { m in
        for n in 0..<Vectors { sums[m * Vectors + n] = L.broadcast(arguments.bias[m]) }
      }
      var weights = arguments.weights
      for channel in 0..<geometry.channels {
        let plane = UnsafeRawPointer(arguments.inputs + Int(arguments.inputPlanes[channel]))
        for tap in 0..<geometry.kernelHeight {
          let y = top &+ tap &* geometry.dilationHeight
          if UInt(bitPattern: y) >= UInt(bitPattern: geometry.inputHeight) {
            weights += geometry.kernelWidth &* Rows
            continue
          }
          var source = plane + (y &* geometry.inputWidth &- geometry.paddingLeft) &* 4
          var masks = arguments.masks + firstBlock &* blockMasks
          for _ in 0..<geometry.kernelWidth {
            var values = InlineArray<Vectors, L.Vector> { _ in L.Vector() }
            for n in 0..<Vectors {
              // Blocks that stand in for one that there is not share the last block's masks.
              let own = min(n, blocks &- 1 &- firstBlock) &* blockMasks
              values[n] = load(source + starts[n] &* geometry.strideWidth &* 4, masks + own)
            }
            unrolled(Rows) { m in
              let weight = L.broadcast(weights[m])
              for n in 0..<Vectors { L.multiplyAdd(&sums[m * Vectors + n], values[n], weight) }
            }
            weights += Rows
            masks += maskCount
            source += geometry.dilationWidth &* 4
          }
        }
      }
      unrolled(Rows) { m in
        let output = UnsafeMutableRawPointer(arguments.outputs + Int(arguments.outputPlanes[m]))
        for n in 0..<Vectors {
          L.store(
            L.clamp(sums[m * Vectors + n], lower, upper), output, row &* geometry.outputWidth &+ starts[n],
            capacity: geometry.capacity)
        }
      }
      block &+= Vectors
    }
  }
}
