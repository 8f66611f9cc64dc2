/// What pooling of planes works on.
public struct PoolingPlanesArguments {
  /// What `inputPlanes` count from.
  public var inputs: UnsafePointer<Float>
  /// An element offset for each plane.
  public var inputPlanes: UnsafePointer<Int32>
  /// What `outputPlanes` count from.
  public var outputs: UnsafeMutablePointer<Float>
  /// An element offset for each plane.
  public var outputPlanes: UnsafePointer<Int32>
  /// The first plane.
  public var firstPlane: Int
  /// The planes to work through.
  public var planeCount: Int
  /// The sizes that all planes share.
  public var geometry: PoolingGeometry
  /// What a window's sum is multiplied with for each output column; read where sums are wanted.
  public var columnFactors: UnsafePointer<Float>
  /// What a window's sum is multiplied with for each output row.
  public var rowFactors: UnsafePointer<Float>
  /// For the columns after a row's last whole vector: −1 for each lane that is one, else 0; a vector's lanes.
  public var tailMask: UnsafePointer<Int32>
  /// ``TripleColumns`` of a pooling that is one, else nil.
  public var tripleMasks: UnsafePointer<Int32>?
  /// ``PoolingGeometry/scratchCount(lanes:)`` floats.
  public var scratch: UnsafeMutablePointer<Float>
  /// Whether the largest is looked for, not the mean.
  public var isMaximum: Bool

  /// Arguments.
  public init(
    inputs: UnsafePointer<Float>, inputPlanes: UnsafePointer<Int32>, outputs: UnsafeMutablePointer<Float>,
    outputPlanes: UnsafePointer<Int32>, firstPlane: Int, planeCount: Int, geometry: PoolingGeometry,
    columnFactors: UnsafePointer<Float>, rowFactors: UnsafePointer<Float>, tailMask: UnsafePointer<Int32>,
    tripleMasks: UnsafePointer<Int32>?, scratch: UnsafeMutablePointer<Float>, isMaximum: Bool
  ) {
    self.inputs = inputs
    self.inputPlanes = inputPlanes
    self.outputs = outputs
    self.outputPlanes = outputPlanes
    self.firstPlane = firstPlane
    self.planeCount = planeCount
    self.geometry = geometry
    self.columnFactors = columnFactors
    self.rowFactors = rowFactors
    self.tailMask = tailMask
    self.tripleMasks = tripleMasks
    self.scratch = scratch
    self.isMaximum = isMaximum
  }
}

/// The sizes of a pooling, as plain numbers.
public struct PoolingGeometry: Sendable {
  /// Rows of an input plane.
  public var inputHeight = 0
  /// Columns of an input plane.
  public var inputWidth = 0
  /// Elements from an input row to the next one, as many as there are columns or more.
  public var inputPitch = 0
  /// Rows of an output plane.
  public var outputHeight = 0
  /// Columns of an output plane.
  public var outputWidth = 0
  /// Rows of a window.
  public var kernelHeight = 0
  /// Columns of a window.
  public var kernelWidth = 0
  /// Rows between windows.
  public var strideHeight = 1
  /// Columns between windows.
  public var strideWidth = 1
  /// Rows between a window's rows.
  public var dilationHeight = 1
  /// Columns between a window's columns.
  public var dilationWidth = 1
  /// Rows of padding above.
  public var paddingTop = 0
  /// Columns of padding to the left.
  public var paddingLeft = 0
  /// Elements of an output plane that may be written, slack included.
  public var capacity = 0

  /// No sizes.
  public init() {}

  /// Elements of a row of scratch memory that hold every stride-th column, with room for whole vectors.
  @inlinable
  public func phaseCount(lanes: Int) -> Int {
    let columns = max((outputWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth, paddingLeft + inputWidth)
    return AlignedCount.roundUp(columns / strideWidth + 1 + 2 * lanes)
  }

  /// The rows of a window that are rows of the plane, where the window's first one is `top`.
  @inlinable @inline(__always)
  func rowsInside(top: Int) -> Range<Int> {
    var first = 0
    while first < kernelHeight, top &+ first &* dilationHeight < 0 { first &+= 1 }
    var end = kernelHeight
    while end > first, top &+ (end &- 1) &* dilationHeight >= inputHeight { end &-= 1 }
    return Range(uncheckedBounds: (first, end))
  }

  /// Elements of scratch memory: two rows of all phases.
  @inlinable
  public func scratchCount(lanes: Int) -> Int { 2 * strideWidth * phaseCount(lanes: lanes) }
}

/// Counts in whole cache lines.
public enum AlignedCount {
  /// The next multiple of sixteen.
  @inlinable @inline(__always)
  public static func roundUp(_ count: Int) -> Int { (count &+ 15) / 16 &* 16 }
}

/// Pooling with columns along the lanes: first the rows of a window, then its columns.
///
/// The rows of a window are reduced to one row, which is kept with its border in scratch memory, every stride-th column
/// side by side, so that the columns of all windows are vectors there, too. One output row's rows are reduced before the
/// columns of the row above are, so that nothing is read from scratch memory that has just been written.
@inlinable @inline(__always)
public func poolPlanes<L: PlaneLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: PoolingPlanesArguments.self)
  if arguments.pointee.isMaximum {
    poolPlanes(lanes, arguments.pointee, identity: -.infinity) {
      L.largest($0, $1)
    } three: {
      L.largest($0, $1, $2)
    } finish: { value, _ in
      value
    }
  } else {
    poolPlanes(lanes, arguments.pointee, identity: 0) {
      L.sum($0, $1)
    } three: {
      L.sum(L.sum($0, $1), $2)
    } finish: {
      L.product($0, $1)
    }
  }
}

@inlinable @inline(__always)
func poolPlanes<L: PlaneLanes>(
  _ lanes: L.Type, _ arguments: PoolingPlanesArguments, identity: Float,
  _ combine: (L.Vector, L.Vector) -> L.Vector, three: (L.Vector, L.Vector, L.Vector) -> L.Vector,
  finish: (_ value: L.Vector, _ factor: L.Vector) -> L.Vector
) {
  if let masks = arguments.tripleMasks {
    poolTriples(lanes, arguments, masks, identity: identity, three, finish: finish)
    return
  }
  let geometry = arguments.geometry
  let width = L.Vector.scalarCount
  let phase = geometry.phaseCount(lanes: width)
  let half = geometry.strideWidth &* phase
  let start = L.broadcast(identity)
  var place = 0
  while place < 2 &* half {
    L.store(start, UnsafeMutableRawPointer(arguments.scratch + place))
    place &+= width
  }
  let mask = L.mask(arguments.tailMask)
  let (wholeSteps, restOfStep) = geometry.dilationWidth.quotientAndRemainder(dividingBy: geometry.strideWidth)
  for plane in arguments.firstPlane..<arguments.firstPlane &+ arguments.planeCount {
    let input = UnsafeRawPointer(arguments.inputs + Int(arguments.inputPlanes[plane]))
    let output = UnsafeMutableRawPointer(arguments.outputs + Int(arguments.outputPlanes[plane]))
    for row in 0...geometry.outputHeight {
      if row < geometry.outputHeight {
        poolRows(
          lanes, geometry, input, UnsafeMutableRawPointer(arguments.scratch + row % 2 &* half), row, phase, start, mask,
          combine)
      }
      if row > 0 {
        let above = row &- 1
        let factor = L.broadcast(arguments.rowFactors[above])
        let source = UnsafeRawPointer(arguments.scratch + above % 2 &* half)
        var column = 0
        while column < geometry.outputWidth {
          let x = max(min(column, geometry.outputWidth &- width), 0)
          var value = L.load(source + x &* 4)
          // Where the next column of a window lies: one on in its phase, or in another phase.
          var tap = 1
          var (index, remainder) = (0, 0)
          while tap < geometry.kernelWidth {
            index &+= wholeSteps
            remainder &+= restOfStep
            if remainder >= geometry.strideWidth {
              remainder &-= geometry.strideWidth
              index &+= 1
            }
            value = combine(value, L.load(source + (remainder &* phase &+ index &+ x) &* 4))
            tap &+= 1
          }
          let columnFactors = L.load(UnsafeRawPointer(arguments.columnFactors + x))
          L.store(
            finish(value, L.product(columnFactors, factor)), output, above &* geometry.outputWidth &+ x,
            capacity: geometry.capacity)
          column &+= width
        }
      }
    }
  }
}

/// Reduces the rows of the windows of one output row.
@inlinable @inline(__always)
func poolRows<L: PlaneLanes>(
  _ lanes: L.Type, _ geometry: PoolingGeometry, _ input: UnsafeRawPointer, _ scratch: UnsafeMutableRawPointer,
  _ row: Int, _ phase: Int, _ start: L.Vector, _ mask: L.Mask, _ combine: (L.Vector, L.Vector) -> L.Vector
) {
  let width = L.Vector.scalarCount
  let top = row &* geometry.strideHeight &- geometry.paddingTop
  let taps = geometry.rowsInside(top: top)
  let source = input + (top &+ taps.lowerBound &* geometry.dilationHeight) &* geometry.inputPitch &* 4
  let step = geometry.dilationHeight &* geometry.inputPitch &* 4
  let count = taps.count

  func column(_ x: Int) -> L.Vector {
    if count <= 0 || x >= geometry.inputWidth { return start }
    var place = source + x &* 4
    if x &+ width <= geometry.inputWidth {
      var value = L.load(place)
      if count == 3 { return combine(combine(value, L.load(place + step)), L.load(place + 2 &* step)) }
      for _ in 1..<count {
        place += step
        value = combine(value, L.load(place))
      }
      return value
    }
    var value = L.load(place, mask, otherwise: start)
    for _ in 1..<count {
      place += step
      value = combine(value, L.load(place, mask, otherwise: start))
    }
    return value
  }

  switch geometry.strideWidth {
  case 1:
    var x = 0
    while x < geometry.inputWidth {
      L.store(column(x), scratch + (geometry.paddingLeft &+ x) &* 4)
      x &+= width
    }
  case 2:
    let evens = scratch + (geometry.paddingLeft % 2 &* phase &+ geometry.paddingLeft / 2) &* 4
    let next = geometry.paddingLeft &+ 1
    let odds = scratch + (next % 2 &* phase &+ next / 2) &* 4
    var x = 0
    while x < geometry.inputWidth {
      let parts = L.deinterleave(column(x), column(x &+ width))
      L.store(parts.even, evens + x &* 2)
      L.store(parts.odd, odds + x &* 2)
      x &+= 2 &* width
    }
  default:
    var x = 0
    while x < geometry.inputWidth {
      let value = column(x)
      for lane in 0..<min(width, geometry.inputWidth &- x) {
        let (index, remainder) = (geometry.paddingLeft &+ x &+ lane).quotientAndRemainder(
          dividingBy: geometry.strideWidth)
        (scratch + (remainder &* phase &+ index) &* 4).storeBytes(of: value[lane], as: Float.self)
      }
      x &+= width
    }
  }
}
