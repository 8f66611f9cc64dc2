import LayerKernels

/// Lines to bring to a common scale, each of one or several runs of elements side by side.
///
///     target[i] = (source[i] − mean) · factor · scale[i] + bias[i]
public struct NormalizationArguments {
  /// What a line's factor is made of.
  public enum Statistic: Int32, Sendable {
    /// 1 / √(variance + epsilon), after the mean is taken away.
    case variance
    /// 1 / √(mean of the squares + epsilon)
    case meanSquare
    /// 1 / √(sum of the squares), the divisor at least epsilon.
    case length

    /// The statistic of a problem.
    public init(_ statistic: NormalizationProblem.Statistic) {
      switch statistic {
      case .variance: self = .variance
      case .meanSquare: self = .meanSquare
      case .length: self = .length
      }
    }
  }

  /// What the source's offsets count from.
  public var source: UnsafePointer<Float>
  /// What the target's offsets count from.
  public var target: UnsafeMutablePointer<Float>
  /// An element offset for each run of each line; nil where lines of one run lie one after the other.
  public var sourceRuns: UnsafePointer<Int32>?
  /// The same of the target.
  public var targetRuns: UnsafePointer<Int32>?
  /// The lines.
  public var lineCount: Int
  /// The runs of a line.
  public var runCount: Int
  /// The elements of a run.
  public var count: Int
  /// Nil for one.
  public var scale: UnsafePointer<Float>?
  /// Nil for zero.
  public var bias: UnsafePointer<Float>?
  /// Whether scale and bias have a number for each run, and those of each line one after the other, rather than one for each element
  /// of a run, the same for all.
  public var areByRun: Bool
  /// What is computed.
  public var statistic: Statistic
  /// What keeps the divisor from zero.
  public var epsilon: Float

  /// Arguments for lines of one run each, one after the other, without parameters.
  public init(
    _ statistic: Statistic, epsilon: Float, source: UnsafePointer<Float>, target: UnsafeMutablePointer<Float>,
    lineCount: Int, count: Int
  ) {
    self.statistic = statistic
    self.epsilon = epsilon
    self.source = source
    self.target = target
    sourceRuns = nil
    targetRuns = nil
    self.lineCount = lineCount
    runCount = 1
    self.count = count
    scale = nil
    bias = nil
    areByRun = false
  }
}

/// The longest run of elements that are summed in the lanes of one vector: longer sums lose too much.
@usableFromInline let normalizationSumLength = 2048

/// Normalizes lines: two passes over a line that the first has brought near, and one that writes it.
@inlinable @inline(__always)
public func normalizeLines<L: PlaneLanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: NormalizationArguments.self).pointee
  let (runs, count) = (arguments.runCount, arguments.count)
  let length = Double(runs &* count)
  for line in 0..<arguments.lineCount {
    func source(_ run: Int) -> UnsafeRawPointer {
      guard let offsets = arguments.sourceRuns else { return UnsafeRawPointer(arguments.source + line &* count) }
      return UnsafeRawPointer(arguments.source + Int(offsets[line &* runs &+ run]))
    }
    var mean: Float = 0
    var squares = 0.0
    if arguments.statistic == .variance {
      var sum = 0.0
      for run in 0..<runs { sum += sumsOfRow(lanes, source(run), count).sum }
      mean = Float(sum / length)
      sum = 0
      for run in 0..<runs {
        let sums = sumsOfRow(lanes, source(run), count, without: L.broadcast(mean))
        sum += sums.sum
        squares += sums.squares
      }
      // The sum of the differences is what the first sum has lost.
      mean = Float(Double(mean) + sum / length)
      squares = max(squares - sum * sum / length, 0)
    } else {
      for run in 0..<runs { squares += sumsOfRow(lanes, source(run), count).squares }
    }
    let means = L.broadcast(mean)
    let factor: Float
    switch arguments.statistic {
    case .variance, .meanSquare: factor = Float(1 / (squares / length + Double(arguments.epsilon)).squareRoot())
    case .length:
      let size = squares.squareRoot()
      let least = Double(arguments.epsilon)
      factor = Float(size <= least ? (least > 0 ? 1 / least : 0) : 1 / size)
    }
    for run in 0..<runs {
      let target: UnsafeMutableRawPointer
      if let offsets = arguments.targetRuns {
        target = UnsafeMutableRawPointer(arguments.target + Int(offsets[line &* runs &+ run]))
      } else {
        target = UnsafeMutableRawPointer(arguments.target + line &* count)
      }
      if arguments.areByRun {
        let place = line &* runs &+ run
        let scale = L.broadcast(factor * (arguments.scale.map { $0[place] } ?? 1))
        let bias = L.broadcast(arguments.bias.map { $0[place] } ?? 0)
        scaleRow(lanes, source(run), target, count) { x, _, _ in
          var result = bias
          L.multiplyAdd(&result, L.difference(x, means), scale)
          return result
        }
      } else {
        scaleRow(lanes, arguments, source(run), target, mean: means, factor: L.broadcast(factor))
      }
    }
  }
}

/// The sums of a row's differences from a number, and of their squares.
@inlinable @inline(__always)
func sumsOfRow<L: PlaneLanes>(
  _ lanes: L.Type, _ row: UnsafeRawPointer, _ count: Int, without mean: L.Vector = L.Vector()
) -> (sum: Double, squares: Double) {
  let width = L.Vector.scalarCount
  var (total, totalSquares) = (0.0, 0.0)
  var first = 0
  while first < count {
    let end = min(first &+ normalizationSumLength, count)
    var (sum, other) = (L.Vector(), L.Vector())
    var (squares, otherSquares) = (L.Vector(), L.Vector())
    var index = first
    while index &+ 2 &* width <= end {
      let x = L.difference(L.load(row + index &* 4), mean)
      let y = L.difference(L.load(row + (index &+ width) &* 4), mean)
      sum = L.sum(sum, x)
      other = L.sum(other, y)
      L.multiplyAdd(&squares, x, x)
      L.multiplyAdd(&otherSquares, y, y)
      index &+= 2 &* width
    }
    if index &+ width <= end {
      let x = L.difference(L.load(row + index &* 4), mean)
      sum = L.sum(sum, x)
      L.multiplyAdd(&squares, x, x)
      index &+= width
    }
    let rest = end &- index
    if rest > 0 {
      // Lanes without an element count nothing, whatever the mean is.
      let x = L.difference(L.loadFirst(row + index &* 4, rest), mean)
      for lane in 0..<rest {
        total += Double(x[lane])
        totalSquares += Double(x[lane]) * Double(x[lane])
      }
    }
    sum = L.sum(sum, other)
    squares = L.sum(squares, otherSquares)
    var (part, partSquares) = (Float(0), Float(0))
    for lane in 0..<width {
      part += sum[lane]
      partSquares += squares[lane]
    }
    total += Double(part)
    totalSquares += Double(partSquares)
    first = end
  }
  return (total, totalSquares)
}

/// A row whose parameters have a number for each element.
@inlinable @inline(__always)
func scaleRow<L: PlaneLanes>(
  _ lanes: L.Type, _ arguments: NormalizationArguments, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer,
  mean: L.Vector, factor: L.Vector
) {
  guard let scale = arguments.scale.map({ UnsafeRawPointer($0) }) else {
    scaleRow(lanes, source, target, arguments.count) { x, _, _ in L.product(L.difference(x, mean), factor) }
    return
  }
  guard let bias = arguments.bias.map({ UnsafeRawPointer($0) }) else {
    scaleRow(lanes, source, target, arguments.count) { x, place, rest in
      let scale = rest == 0 ? L.load(scale + place) : L.loadFirst(scale + place, rest)
      return L.product(L.product(L.difference(x, mean), factor), scale)
    }
    return
  }
  scaleRow(lanes, source, target, arguments.count) { x, place, rest in
    let scale = rest == 0 ? L.load(scale + place) : L.loadFirst(scale + place, rest)
    var result = rest == 0 ? L.load(bias + place) : L.loadFirst(bias + place, rest)
    L.multiplyAdd(&result, L.product(L.difference(x, mean), factor), scale)
    return result
  }
}

/// A function of each element of a row, which also takes the element's place in bytes and, at the end, how many elements are left.
@inlinable @inline(__always)
func scaleRow<L: PlaneLanes>(
  _ lanes: L.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int,
  _ function: (_ x: L.Vector, _ place: Int, _ rest: Int) -> L.Vector
) {
  let width = L.Vector.scalarCount
  var index = 0
  while index &+ width <= count {
    L.store(function(L.load(source + index &* 4), index &* 4, 0), target + index &* 4)
    index &+= width
  }
  let rest = count &- index
  if rest > 0 {
    L.storeFirst(function(L.loadFirst(source + index &* 4, rest), index &* 4, rest), target + index &* 4, rest)
  }
}
