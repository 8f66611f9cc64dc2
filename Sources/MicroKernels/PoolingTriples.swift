/// The masks of a pooling whose windows are three columns, two apart: the pooling of networks' first layers.
public enum TripleColumns {
  /// Whether a pooling is one.
  @inlinable
  public static func apply(to geometry: PoolingGeometry) -> Bool {
    geometry.kernelWidth == 3 && geometry.strideWidth == 2 && geometry.dilationWidth == 1
  }

  /// For each vector of an output row, and one more, the masks of its two loads, one behind the other.
  public static func masks(_ geometry: PoolingGeometry, lanes: Int) -> [Int32] {
    let blocks = (geometry.outputWidth + lanes - 1) / lanes
    return (0..<2 * (blocks + 1)).flatMap {
      LaneMask.places(lanes: lanes, first: $0 * lanes - geometry.paddingLeft, limit: geometry.inputWidth)
    }
  }
}

/// Pooling with columns along the lanes, for windows of three columns that are two apart.
///
/// A vector of results needs the columns at even places, those at odd places, and the even ones again, a place further on:
/// rows are reduced in registers, two vectors at a time, taken apart, and nothing goes through memory in between.
@inlinable @inline(__always)
func poolTriples<L: PlaneLanes>(
  _ lanes: L.Type, _ arguments: PoolingPlanesArguments, _ masks: UnsafePointer<Int32>, identity: Float,
  _ combine: (L.Vector, L.Vector) -> L.Vector, finish: (_ value: L.Vector, _ factor: L.Vector) -> L.Vector
) {
  let geometry = arguments.geometry
  let width = L.Vector.scalarCount
  let start = L.broadcast(identity)
  let step = geometry.dilationHeight &* geometry.inputWidth &* 4
  for plane in arguments.firstPlane..<arguments.firstPlane &+ arguments.planeCount {
    let input = UnsafeRawPointer(arguments.inputs + Int(arguments.inputPlanes[plane]))
    let output = UnsafeMutableRawPointer(arguments.outputs + Int(arguments.outputPlanes[plane]))
    for row in 0..<geometry.outputHeight {
      let top = row &* geometry.strideHeight &- geometry.paddingTop
      let taps = geometry.rowsInside(top: top)
      let count = taps.count
      let source =
        input
        + ((top &+ taps.lowerBound &* geometry.dilationHeight) &* geometry.inputWidth &- geometry.paddingLeft) &* 4

      /// The rows of a window, reduced, in one vector of columns.
      @inline(__always)
      func column(_ vector: Int) -> L.Vector {
        if count <= 0 { return start }
        var place = source + vector &* L.byteCount
        let first = vector &* width &- geometry.paddingLeft
        if count == 3, first >= 0, first &+ width <= geometry.inputWidth {
          return combine(combine(L.load(place), L.load(place + step)), L.load(place + 2 &* step))
        }
        let mask = L.mask(masks + vector &* width)
        var value = L.load(place, mask, otherwise: start)
        for _ in 1..<count {
          place += step
          value = combine(value, L.load(place, mask, otherwise: start))
        }
        return value
      }

      let factor = L.broadcast(arguments.rowFactors[row])
      var (even, odd) = L.deinterleave(column(0), column(1))
      var x = 0
      var vector = 2
      while x < geometry.outputWidth {
        let next = L.deinterleave(column(vector), column(vector &+ 1))
        let value = combine(combine(even, odd), L.following(even, next.even))
        let columnFactors = L.load(UnsafeRawPointer(arguments.columnFactors + x))
        L.store(
          finish(value, L.product(columnFactors, factor)), output, row &* geometry.outputWidth &+ x,
          capacity: geometry.capacity)
        (even, odd) = next
        x &+= width
        vector &+= 2
      }
    }
  }
}
