/// What a depthwise convolution of planes works on.
///
/// Every plane of `outputHeight` × `outputWidth` is the convolution of one plane with one filter of R × K, moved by S in
/// both directions. The rows of a dilated filter see every so many-th row of the input only: such rows are a plane of
/// their own, whose rows lie further apart.
public struct DepthwisePlanesArguments {
  /// What `inputPlanes` count from.
  public var inputs: UnsafePointer<Float>
  /// An element offset for each plane.
  public var inputPlanes: UnsafePointer<Int32>
  /// What `outputPlanes` count from.
  public var outputs: UnsafeMutablePointer<Float>
  /// An element offset for each plane.
  public var outputPlanes: UnsafePointer<Int32>
  /// `[channels][R · K]`
  public var weights: UnsafePointer<Float>
  /// A number for each channel that the sums start from.
  public var bias: UnsafePointer<Float>
  /// A plane's channel is its number modulo this.
  public var channels: Int
  /// The output planes that one input plane is convolved to.
  public var multiplier: Int
  /// The first plane.
  public var firstPlane: Int
  /// The planes to work through.
  public var planeCount: Int
  /// Rows of an input plane.
  public var inputHeight: Int
  /// Elements from an input row to the next one.
  public var inputStep: Int
  /// Columns between a filter's columns; more than one with a stride of one only.
  public var columnStep: Int
  /// Elements from an output row to the next one.
  public var outputStep: Int
  /// Rows of an output plane.
  public var outputHeight: Int
  /// Columns of an output plane.
  public var outputWidth: Int
  /// Rows of padding above.
  public var paddingTop: Int
  /// Columns of padding to the left.
  public var paddingLeft: Int
  /// Elements of an output plane that may be written, slack included.
  public var capacity: Int
  /// For each block of columns a mask for each load of a row (``DepthwiseColumns``).
  public var masks: UnsafePointer<Int32>
  /// No result is smaller.
  public var lower: Float
  /// No result is larger.
  public var upper: Float

  /// Arguments without bounds; sizes start as zero.
  public init(
    weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, masks: UnsafePointer<Int32>,
    inputs: UnsafePointer<Float>, inputPlanes: UnsafePointer<Int32>, outputs: UnsafeMutablePointer<Float>,
    outputPlanes: UnsafePointer<Int32>
  ) {
    self.weights = weights
    self.bias = bias
    self.masks = masks
    self.inputs = inputs
    self.inputPlanes = inputPlanes
    self.outputs = outputs
    self.outputPlanes = outputPlanes
    lower = -.infinity
    upper = .infinity
    (channels, firstPlane, planeCount, inputHeight, inputStep) = (0, 0, 0, 0, 0)
    (outputHeight, outputWidth, outputStep, paddingTop, paddingLeft, capacity) = (0, 0, 0, 0, 0, 0)
    (multiplier, columnStep) = (1, 1)
  }
}

extension DepthwisePlanesArguments {
  /// The steps from a plane's top to its bottom that need no care: all their input rows are inside, and after their output
  /// row there is room for a whole vector.
  ///
  /// - Parameters: `stride` input rows and one output row a step, of which the first is complete after `pending` steps.
  @inlinable @inline(__always)
  func wholeSteps(stride: Int, pending: Int, lanes: Int) -> Range<Int> {
    let steps = outputHeight &+ pending &- 1
    let first = min(max(pending &- 1, (paddingTop &+ stride &- 1) / stride), steps)
    var rows = outputHeight
    if outputWidth < lanes {
      // After a row that is followed by somebody else's there is no room at all.
      let hasRoom = capacity >= lanes && outputStep == outputWidth
      rows = hasRoom ? min(rows, (capacity &- lanes) / outputWidth &+ 1) : 0
    }
    let end = min((inputHeight &+ paddingTop) / stride, rows &+ pending &- 1)
    return Range(uncheckedBounds: (first, max(end, first)))
  }
}

/// How the columns of a row are cut into vectors: whole vectors, the last one moved back so that it ends with the row.
public enum DepthwiseColumns {
  /// The vectors of a row.
  @inlinable @inline(__always)
  public static func blockCount(width: Int, lanes: Int) -> Int { (width &+ lanes &- 1) / lanes }

  /// The first column of a vector.
  @inlinable @inline(__always)
  public static func start(of block: Int, width: Int, lanes: Int) -> Int {
    max(min(block &* lanes, width &- lanes), 0)
  }

  /// The masks that a convolution's loads need: for each vector of a row, for each of its loads.
  ///
  /// With stride 1 there is a load for each column of the filter. With stride 2 there are two for each pair of columns,
  /// one vector after the other, whose even and odd lanes are the pair's columns.
  public static func masks(
    kernel: Int, stride: Int, dilation: Int, paddingLeft: Int, inputWidth: Int, outputWidth: Int, lanes: Int
  ) -> [Int32] {
    (0..<blockCount(width: outputWidth, lanes: lanes)).flatMap { block in
      let first = start(of: block, width: outputWidth, lanes: lanes) * stride - paddingLeft
      let loads =
        stride == 1 ? (0..<kernel).map { $0 * dilation } : (0..<kernel + kernel % 2).map { $0 / 2 * 2 + $0 % 2 * lanes }
      return loads.flatMap { LaneMask.places(lanes: lanes, first: first + $0, limit: inputWidth) }
    }
  }
}

/// The size of a depthwise convolution as a type.
///
/// - Parameters (integer generics): `Rows` and `Kernel`, a filter's rows and columns, moved by `Stride`; `Taps`, its
///   elements; `Pending`, the output rows that an input row adds to, Rows / Stride rounded up; `Loads`, those of a row.
public enum DepthwiseShape<
  let Rows: Int, let Kernel: Int, let Stride: Int, let Taps: Int, let Pending: Int, let Loads: Int
> {}

/// Depthwise convolution with columns along the lanes.
///
/// The rows of a plane are read once, from the top down: each is added to all output rows that it belongs to, whose sums
/// wait in registers and move on by one with every output row. Columns outside the plane are masked out of the loads and
/// rows outside are skipped, so there is no copy with a border. Where a row is narrower than a vector, what is written
/// after it is overwritten by the next row.
@inlinable @inline(__always)
public func depthwisePlanes<
  L: PlaneLanes, let Rows: Int, let Kernel: Int, let Stride: Int, let Taps: Int, let Pending: Int, let Loads: Int
>(
  _ lanes: L.Type, _ shape: DepthwiseShape<Rows, Kernel, Stride, Taps, Pending, Loads>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: DepthwisePlanesArguments.self)
  let blocks = DepthwiseColumns.blockCount(width: arguments.pointee.outputWidth, lanes: L.Vector.scalarCount)
  let middle = arguments.pointee.wholeSteps(stride: Stride, pending: Pending, lanes: L.Vector.scalarCount)
  let end = arguments.pointee.firstPlane &+ arguments.pointee.planeCount
  var plane = arguments.pointee.firstPlane
  var channel = plane % arguments.pointee.channels
  while plane < end {
    // Columns side by side have code of their own, whose loads lie at places that are known beforehand.
    if Stride > 1 || arguments.pointee.columnStep == 1 {
      for block in 0..<blocks { depthwiseColumns(lanes, shape, arguments, plane, channel, block, middle, step: 1) }
    } else {
      for block in 0..<blocks {
        depthwiseColumns(lanes, shape, arguments, plane, channel, block, middle, step: arguments.pointee.columnStep)
      }
    }
    plane &+= 1
    channel &+= 1
    if channel == arguments.pointee.channels { channel = 0 }
  }
}

/// One vector's columns of one plane, from the top down; a filter's columns lie `step` apart.
@inlinable @inline(__always)
func depthwiseColumns<
  L: PlaneLanes, let Rows: Int, let Kernel: Int, let Stride: Int, let Taps: Int, let Pending: Int, let Loads: Int
>(
  _ lanes: L.Type, _ shape: DepthwiseShape<Rows, Kernel, Stride, Taps, Pending, Loads>.Type,
  _ address: UnsafePointer<DepthwisePlanesArguments>, _ plane: Int, _ channel: Int, _ block: Int, _ middle: Range<Int>,
  step columnStep: Int
) {
  let arguments = address.pointee
  let count = L.Vector.scalarCount
  var weights = InlineArray<Taps, L.Vector> { _ in L.Vector() }
  for tap in 0..<Taps { weights[tap] = L.broadcast(arguments.weights[channel &* Taps + tap]) }
  let bias = L.broadcast(arguments.bias[channel])
  var masks = InlineArray<Loads, L.Mask> { _ in L.mask(arguments.masks) }
  for load in 0..<Loads { masks[load] = L.mask(arguments.masks + (block &* Loads &+ load) &* count) }
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  let start = DepthwiseColumns.start(of: block, width: arguments.outputWidth, lanes: count)
  let source = arguments.multiplier == 1 ? plane : plane / arguments.multiplier
  let input =
    UnsafeRawPointer(arguments.inputs + Int(arguments.inputPlanes[source]))
    + (start &* Stride &- arguments.paddingLeft) &* 4
  let output = UnsafeMutableRawPointer(arguments.outputs + Int(arguments.outputPlanes[plane]))

  var sums = InlineArray<Pending, L.Vector> { _ in bias }
  var values = InlineArray<Loads, L.Vector> { _ in bias }

  /// Moves the sums on by an output row.
  @inline(__always)
  func advance() {
    var carried = bias
    unrolled(Pending) { i in swap(&sums[i], &carried) }
  }

  /// Adds one input row to the sums of all output rows that it belongs to.
  @inline(__always)
  func add(_ row: Int, phase: Int) {
    let source = input + row &* arguments.inputStep &* 4
    if Stride == 1 {
      unrolled(Loads) { load in values[load] = L.load(source + load &* columnStep &* 4, masks[load]) }
    } else {
      for pair in 0..<Loads / 2 {
        let parts = L.deinterleave(
          L.load(source + pair * 8, masks[2 * pair]), L.load(source + pair * 8 + L.byteCount, masks[2 * pair + 1]))
        values[2 * pair] = parts.even
        values[2 * pair + 1] = parts.odd
      }
    }
    unrolled(Pending) { i in
      let filterRow = i * Stride + phase
      if filterRow < Rows {
        unrolled(Kernel) { column in
          L.multiplyAdd(&sums[i], values[column], weights[filterRow * Kernel + column])
        }
      }
    }
  }

  /// One step where rows may be outside, or too little room after the output row for a whole vector.
  @inline(__always)
  func stepAtEdge(_ step: Int) {
    advance()
    for phase in 0..<Stride {
      let row = step &* Stride &+ phase &- arguments.paddingTop
      if UInt(bitPattern: row) < UInt(bitPattern: arguments.inputHeight) { add(row, phase: phase) }
    }
    let outputRow = step &- (Pending &- 1)
    if outputRow >= 0 {
      let place = outputRow &* arguments.outputStep
      let isFollowed = arguments.outputStep != arguments.outputWidth
      L.store(
        L.clamp(sums[Pending - 1], lower, upper), output, place &+ start,
        capacity: isFollowed ? place &+ arguments.outputWidth : arguments.capacity)
    }
  }

  // The edges have code of their own, so that no branch between the rows is taken now and then.
  var step = 0
  while step < middle.lowerBound {
    stepAtEdge(step)
    step &+= 1
  }
  var target = output + ((step &- (Pending &- 1)) &* arguments.outputStep &+ start) &* 4
  while step < middle.upperBound {
    advance()
    let row = step &* Stride &- arguments.paddingTop
    for phase in 0..<Stride { add(row &+ phase, phase: phase) }
    L.store(L.clamp(sums[Pending - 1], lower, upper), target)
    target += arguments.outputStep &* 4
    step &+= 1
  }
  while step < arguments.outputHeight &+ Pending &- 1 {
    stepAtEdge(step)
    step &+= 1
  }
}
