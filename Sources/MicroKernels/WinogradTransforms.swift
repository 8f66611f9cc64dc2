/// What a Winograd transform works on: one row of tiles of one plane. Plain data.
public struct WinogradArguments {
  /// Input transform: α padded rows of the plane, `rowStride` apart. Output transform: the first of α² planes of products.
  public var inputs: UnsafePointer<Float>
  /// Elements between input rows, or between planes of products.
  public var inputStride: Int
  /// Input transform: the first of α² planes of transformed tiles. Output transform: m rows of m · tiles elements.
  public var outputs: UnsafeMutablePointer<Float>
  /// Elements between planes of transformed tiles, or between output rows.
  public var outputStride: Int
  /// Tiles along the row.
  public var tiles: Int
  /// Room for 2 · α · m · (tiles + 3 vectors) elements.
  public var scratch: UnsafeMutablePointer<Float>
  /// Output transform: added to every element.
  public var bias: Float = 0
  /// Output transform: no result is smaller.
  public var lower = -Float.infinity
  /// Output transform: no result is larger.
  public var upper = Float.infinity

  /// Arguments without bias or bounds.
  public init(
    inputs: UnsafePointer<Float>, inputStride: Int, outputs: UnsafeMutablePointer<Float>, outputStride: Int, tiles: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    self.inputs = inputs
    self.inputStride = inputStride
    self.outputs = outputs
    self.outputStride = outputStride
    self.tiles = tiles
    self.scratch = scratch
  }
}

/// A Winograd transform for one instruction set.
public struct WinogradFunction: Sendable {
  private let code: @convention(c) (UnsafeRawPointer) -> Void

  /// A transform of the given code, which takes the address of a ``WinogradArguments``.
  public init(_ code: @convention(c) (UnsafeRawPointer) -> Void) { self.code = code }

  /// Transforms.
  @inline(__always)
  public func callAsFunction(_ arguments: UnsafePointer<WinogradArguments>) { code(arguments) }
}

/// The Winograd transforms of an instruction set.
public struct WinogradTable: Sendable {
  /// The floats of a vector.
  public let lanes: Int
  private let functions: [WinogradFunction]

  /// A table of the transforms of F(2×2, 3×3) and F(4×4, 3×3).
  public init(
    lanes: Int, input2: WinogradFunction, output2: WinogradFunction, input4: WinogradFunction, output4: WinogradFunction
  ) {
    self.lanes = lanes
    functions = [input2, output2, input4, output4]
  }

  /// The input transform for output tiles of `size` · `size`, 2 or 4.
  public func input(size: Int) -> WinogradFunction { functions[size == 2 ? 0 : 2] }

  /// The output transform for output tiles of `size` · `size`, 2 or 4.
  public func output(size: Int) -> WinogradFunction { functions[size == 2 ? 1 : 3] }
}

/// Bᵀ of F(2, 3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, equation 7).
@inlinable @inline(__always)
func winogradInput2<V: SIMD>(_ a: V, _ b: V, _ c: V, _ d: V) -> (V, V, V, V) where V.Scalar == Float {
  (a - c, b + c, c - b, b - d)
}

/// Bᵀ of F(4, 3) (Lavin and Gray, section 4.2; points 0, ±1, ±2).
@inlinable @inline(__always)
func winogradInput4<L: Lanes>(
  _ lanes: L.Type, _ a: L.Vector, _ b: L.Vector, _ c: L.Vector, _ d: L.Vector, _ e: L.Vector, _ f: L.Vector
) -> (L.Vector, L.Vector, L.Vector, L.Vector, L.Vector, L.Vector) {
  let four = L.broadcast(4)
  let two = L.broadcast(2)
  let five = L.broadcast(-5)
  var first = e
  L.multiplyAdd(&first, a, four)
  L.multiplyAdd(&first, c, five)
  var last = f
  L.multiplyAdd(&last, b, four)
  L.multiplyAdd(&last, d, five)
  var even = e
  L.multiplyAdd(&even, c, L.broadcast(-4))
  var odd = d
  L.multiplyAdd(&odd, b, L.broadcast(-4))
  let evenTwo = e - c
  let oddTwo = (d - b) * two
  return (first, even + odd, even - odd, evenTwo + oddTwo, evenTwo - oddTwo, last)
}

/// Aᵀ of F(4, 3).
@inlinable @inline(__always)
func winogradOutput4<L: Lanes>(
  _ lanes: L.Type, _ a: L.Vector, _ b: L.Vector, _ c: L.Vector, _ d: L.Vector, _ e: L.Vector, _ f: L.Vector
) -> (L.Vector, L.Vector, L.Vector, L.Vector) {
  let sumOne = b + c
  let differenceOne = b - c
  let sumTwo = d + e
  let differenceTwo = d - e
  var second = differenceOne
  L.multiplyAdd(&second, differenceTwo, L.broadcast(2))
  var third = sumOne
  L.multiplyAdd(&third, sumTwo, L.broadcast(4))
  var fourth = differenceOne + f
  L.multiplyAdd(&fourth, differenceTwo, L.broadcast(8))
  return (a + sumOne + sumTwo, second, third, fourth)
}

/// The input transform of a row of tiles for F(4×4, 3×3): down the columns, then columns dealt out by their place in a tile,
/// then along the rows with tiles along the lanes.
@inlinable @inline(__always)
public func winogradInputRow4<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: WinogradArguments.self).pointee
  let count = L.Vector.scalarCount
  // One tile more than there are: the last tile reads two columns of the next.
  let vectors = (arguments.tiles + 1 + count - 1) / count
  let stride = vectors * count + count
  let dealt = UnsafeMutableRawPointer(arguments.scratch)
  let columns = dealt + 24 * stride * 4
  for column in 0..<4 * vectors {
    let source = UnsafeRawPointer(arguments.inputs + column * count)
    let step = arguments.inputStride &* 4
    let (t0, t1, t2, t3, t4, t5) = winogradInput4(
      L.self, L.load(source), L.load(source + step), L.load(source + 2 * step), L.load(source + 3 * step),
      L.load(source + 4 * step), L.load(source + 5 * step))
    let target = columns + column * count * 4
    let next = 4 * stride * 4
    L.store(t0, target)
    L.store(t1, target + next)
    L.store(t2, target + 2 * next)
    L.store(t3, target + 3 * next)
    L.store(t4, target + 4 * next)
    L.store(t5, target + 5 * next)
  }
  for row in 0..<6 {
    for vector in 0..<vectors {
      let source = columns + (row * 4 * stride + vector * 4 * count) * 4
      let (e0, o0) = L.deinterleave(L.load(source), L.load(source + count * 4))
      let (e1, o1) = L.deinterleave(L.load(source + 2 * count * 4), L.load(source + 3 * count * 4))
      let (a, c) = L.deinterleave(e0, e1)
      let (b, d) = L.deinterleave(o0, o1)
      let target = dealt + (row * 4 * stride + vector * count) * 4
      L.store(a, target)
      L.store(b, target + stride * 4)
      L.store(c, target + 2 * stride * 4)
      L.store(d, target + 3 * stride * 4)
    }
    for vector in 0..<(arguments.tiles + count - 1) / count {
      let source = dealt + (row * 4 * stride + vector * count) * 4
      let (u0, u1, u2, u3, u4, u5) = winogradInput4(
        L.self, L.load(source), L.load(source + stride * 4), L.load(source + 2 * stride * 4),
        L.load(source + 3 * stride * 4), L.load(source + 4), L.load(source + stride * 4 + 4))
      let target = UnsafeMutableRawPointer(arguments.outputs + row * 6 * arguments.outputStride + vector * count)
      let next = arguments.outputStride &* 4
      L.store(u0, target)
      L.store(u1, target + next)
      L.store(u2, target + 2 * next)
      L.store(u3, target + 3 * next)
      L.store(u4, target + 4 * next)
      L.store(u5, target + 5 * next)
    }
  }
}

/// The output transform of a row of tiles for F(4×4, 3×3).
@inlinable @inline(__always)
public func winogradOutputRow4<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: WinogradArguments.self).pointee
  let count = L.Vector.scalarCount
  let plane = arguments.inputStride &* 4
  let bias = L.broadcast(arguments.bias)
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  for vector in 0..<(arguments.tiles + count - 1) / count {
    let source = UnsafeRawPointer(arguments.inputs + vector * count)
    let scratch = UnsafeMutableRawPointer(arguments.scratch)
    let size = count * 4
    for column in 0..<6 {
      let start = source + column * plane
      let (y0, y1, y2, y3) = winogradOutput4(
        L.self, L.load(start), L.load(start + 6 * plane), L.load(start + 12 * plane), L.load(start + 18 * plane),
        L.load(start + 24 * plane), L.load(start + 30 * plane))
      let target = scratch + column * size
      L.store(y0, target)
      L.store(y1, target + 6 * size)
      L.store(y2, target + 12 * size)
      L.store(y3, target + 18 * size)
    }
    for row in 0..<4 {
      let start = scratch + row * 6 * size
      let (a, b, c, d) = winogradOutput4(
        L.self, L.load(start), L.load(start + size), L.load(start + 2 * size), L.load(start + 3 * size),
        L.load(start + 4 * size), L.load(start + 5 * size))
      let (evenLow, evenHigh) = L.zipped(a, c)
      let (oddLow, oddHigh) = L.zipped(b, d)
      let (x0, x1) = L.zipped(evenLow, oddLow)
      let (x2, x3) = L.zipped(evenHigh, oddHigh)
      let target = UnsafeMutableRawPointer(arguments.outputs + row * arguments.outputStride + vector * 4 * count)
      L.store(L.clamp(x0 + bias, lower, upper), target)
      L.store(L.clamp(x1 + bias, lower, upper), target + size)
      L.store(L.clamp(x2 + bias, lower, upper), target + 2 * size)
      L.store(L.clamp(x3 + bias, lower, upper), target + 3 * size)
    }
  }
}

/// The input transform of a row of tiles for F(2×2, 3×3).
@inlinable @inline(__always)
public func winogradInputRow2<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: WinogradArguments.self).pointee
  let count = L.Vector.scalarCount
  let vectors = (arguments.tiles + 1 + count - 1) / count
  let stride = vectors * count + count
  let dealt = UnsafeMutableRawPointer(arguments.scratch)
  for vector in 0..<vectors {
    let step = arguments.inputStride &* 4
    let low = UnsafeRawPointer(arguments.inputs + vector * 2 * count)
    let high = low + count * 4
    let (a0, a1, a2, a3) = winogradInput2(
      L.load(low), L.load(low + step), L.load(low + 2 * step), L.load(low + 3 * step))
    let (b0, b1, b2, b3) = winogradInput2(
      L.load(high), L.load(high + step), L.load(high + 2 * step), L.load(high + 3 * step))
    let target = dealt + vector * count * 4
    let next = stride * 4
    let (e0, o0) = L.deinterleave(a0, b0)
    let (e1, o1) = L.deinterleave(a1, b1)
    let (e2, o2) = L.deinterleave(a2, b2)
    let (e3, o3) = L.deinterleave(a3, b3)
    L.store(e0, target)
    L.store(o0, target + next)
    L.store(e1, target + 2 * next)
    L.store(o1, target + 3 * next)
    L.store(e2, target + 4 * next)
    L.store(o2, target + 5 * next)
    L.store(e3, target + 6 * next)
    L.store(o3, target + 7 * next)
  }
  for row in 0..<4 {
    for vector in 0..<(arguments.tiles + count - 1) / count {
      let source = dealt + (row * 2 * stride + vector * count) * 4
      let (u0, u1, u2, u3) = winogradInput2(
        L.load(source), L.load(source + stride * 4), L.load(source + 4), L.load(source + stride * 4 + 4))
      let target = UnsafeMutableRawPointer(arguments.outputs + row * 4 * arguments.outputStride + vector * count)
      let next = arguments.outputStride &* 4
      L.store(u0, target)
      L.store(u1, target + next)
      L.store(u2, target + 2 * next)
      L.store(u3, target + 3 * next)
    }
  }
}

/// The output transform of a row of tiles for F(2×2, 3×3).
@inlinable @inline(__always)
public func winogradOutputRow2<L: Lanes>(_ lanes: L.Type, _ address: UnsafeRawPointer) {
  let arguments = address.assumingMemoryBound(to: WinogradArguments.self).pointee
  let count = L.Vector.scalarCount
  let plane = arguments.inputStride &* 4
  let bias = L.broadcast(arguments.bias)
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  for vector in 0..<(arguments.tiles + count - 1) / count {
    let source = UnsafeRawPointer(arguments.inputs + vector * count)
    for row in 0..<2 {
      // Row 0 sums the first three rows of products, row 1 takes the second minus the third and fourth.
      func column(_ index: Int) -> L.Vector {
        let start = source + index * plane
        let middle = L.load(start + 4 * plane)
        let other = L.load(start + 8 * plane)
        return row == 0 ? L.load(start) + middle + other : middle - other - L.load(start + 12 * plane)
      }
      let (y0, y1, y2, y3) = (column(0), column(1), column(2), column(3))
      let (low, high) = L.zipped(y0 + y1 + y2, y1 - y2 - y3)
      let target = UnsafeMutableRawPointer(arguments.outputs + row * arguments.outputStride + vector * 2 * count)
      L.store(L.clamp(low + bias, lower, upper), target)
      L.store(L.clamp(high + bias, lower, upper), target + count * 4)
    }
  }
}
