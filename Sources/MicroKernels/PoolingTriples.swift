/// The masks of a pooling whose windows are three columns, two apart: the pooling of networks' first layers.
public enum TripleColumns {
  /// Whether a pooling is one.
  @inlinable
  public static func apply(to geometry: PoolingGeometry) -> Bool {
    geometry.kernelWidth == 3 && geometry.strideWidth == 2 && geometry.dilationWidth == 1
  }

  /// For each vector of an output row, and one more, the masks of its two loads, one after the other.
  public static func masks(_ geometry: PoolingGeometry, lanes: Int) -> [Int32] {
    let blocks = (geometry.outputWidth + lanes - 1) / lanes
    return (0..<2 * (blocks + 1)).flatMap {
      LaneMask.places(lanes: lanes, first: $0 * lanes - geometry.paddingLeft, limit: geometry.inputWidth)
    }
  }
}

/// Pooling with columns along the lanes, for windows of three columns that are two apart.
///
/// A vector of results needs the even columns, the odd ones, and the even ones again, one further on:
/// rows are reduced in registers, two vectors at a time, taken apart, and nothing goes through memory in between.
@inlinable @inline(__always)
func poolTriples<L: PlaneLanes>(
  _ lanes: L.Type, _ arguments: PoolingPlanesArguments, _ masks: UnsafePointer<Int32>, identity: Float,
  _ combine: (L.Vector, L.Vector, L.Vector) -> L.Vector, finish: (_ value: L.Vector, _ factor: L.Vector) -> L.Vector
) {
  let geometry = arguments.geometry
  let width = L.Vector.scalarCount
  let start = L.broadcast(identity)
  let step = geometry.dilationHeight &* geometry.inputPitch &* 4
  let blocks = (geometry.outputWidth &+ width &- 1) / width
  // The blocks of two vectors of columns that need no masks.
  let firstWhole = (geometry.paddingLeft &+ 2 &* width &- 1) / (2 &* width)
  let endOfWhole = (geometry.inputWidth &+ geometry.paddingLeft) / (2 &* width)
  // Only the last lane of a vector of results looks into the next block.
  let end = geometry.outputWidth % width == 0 ? blocks : blocks &- 1
  for plane in arguments.firstPlane..<arguments.firstPlane &+ arguments.planeCount {
    let input = UnsafeRawPointer(arguments.inputs + Int(arguments.inputPlanes[plane]))
    let output = UnsafeMutableRawPointer(arguments.outputs + Int(arguments.outputPlanes[plane]))
    for row in 0..<geometry.outputHeight {
      let top = row &* geometry.strideHeight &- geometry.paddingTop
      let taps = geometry.rowsInside(top: top)
      let count = taps.count
      var source =
        input
        + ((top &+ taps.lowerBound &* geometry.dilationHeight) &* geometry.inputPitch &- geometry.paddingLeft) &* 4
      let whole = count == 3 ? firstWhole..<max(firstWhole, endOfWhole) : 0..<0
      let factor = L.broadcast(arguments.rowFactors[row])
      var (even, odd) = (start, start)
      var x = 0
      for block in 0...blocks {
        // The rows of a window, reduced, in two vectors of columns.
        var (left, right) = (start, start)
        if whole.contains(block) {
          left = combine(L.load(source), L.load(source + step), L.load(source + 2 &* step))
          let place = source + L.byteCount
          right = combine(L.load(place), L.load(place + step), L.load(place + 2 &* step))
        } else if block <= end {
          let mask = masks + 2 &* block &* width
          let (leftMask, rightMask) = (L.mask(mask), L.mask(mask + width))
          @inline(__always)
          func masked(_ tap: Int, _ mask: L.Mask, _ offset: Int) -> L.Vector {
            L.load(source + tap &* step + offset, mask, otherwise: start)
          }
          if count == 3 {
            left = combine(masked(0, leftMask, 0), masked(1, leftMask, 0), masked(2, leftMask, 0))
            let offset = L.byteCount
            right = combine(masked(0, rightMask, offset), masked(1, rightMask, offset), masked(2, rightMask, offset))
          } else {
            for tap in 0..<count {
              left = combine(left, masked(tap, leftMask, 0), start)
              right = combine(right, masked(tap, rightMask, L.byteCount), start)
            }
          }
        }
        let next = L.deinterleave(left, right)
        if block > 0 {
          let value = combine(even, odd, L.following(even, next.even))
          let columnFactors = L.load(UnsafeRawPointer(arguments.columnFactors + x))
          L.store(
            finish(value, L.product(columnFactors, factor)), output, row &* geometry.outputWidth &+ x,
            capacity: geometry.capacity)
          x &+= width
        }
        (even, odd) = next
        source += 2 &* L.byteCount
      }
    }
  }
}
