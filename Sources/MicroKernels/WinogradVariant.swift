/// One of Winograd's minimal filterings F(m×m, 3×3): its transforms in one dimension, on vectors.
///
/// A tile of α × α inputs, α = m + 2, becomes m × m outputs. The transforms run down the columns and then along the rows of a
/// tile; with neighbouring columns along the lanes the first needs no shuffles, and for the second columns are dealt out by
/// their position in a tile (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4).
public protocol WinogradVariant {
  /// Rows and columns of a tile of outputs, m.
  static var size: Int { get }

  /// G: three values of a filter to α values.
  static func filter<L: Lanes>(_ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void)

  /// Bᵀ: α values to α values.
  static func forward<L: Lanes>(_ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void)

  /// Aᵀ: α values to m values.
  static func back<L: Lanes>(_ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void)

  /// Aᵀ, and the m results of the lanes' tiles one after the other: the columns of a row of outputs.
  static func backInOrder<L: Lanes>(_ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void)

  /// Deals m vectors of columns out: vector i has column i of each tile.
  static func deal<L: Lanes>(_ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void)
}

extension WinogradVariant {
  /// Rows and columns of a tile of inputs, α.
  @inlinable @inline(__always)
  public static var extent: Int { size + 2 }
}

/// F(2×2, 3×3), of points 0, 1, −1.
public enum WinogradF2: WinogradVariant {
  /// Rows and columns of a tile of outputs.
  @inlinable @inline(__always)
  public static var size: Int { 2 }

  /// G, rows 1 0 0, ½ ½ ½, ½ −½ ½, 0 0 1.
  @inlinable @inline(__always)
  public static func filter<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (a, b, c) = (load(0), load(1), load(2))
    store(0, a)
    let ends = L.product(L.sum(a, c), L.broadcast(0.5))
    let middle = L.product(b, L.broadcast(0.5))
    store(1, L.sum(ends, middle))
    store(2, L.difference(ends, middle))
    store(3, c)
  }

  /// Bᵀ.
  @inlinable @inline(__always)
  public static func forward<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (a, b, c, d) = (load(0), load(1), load(2), load(3))
    store(0, L.difference(a, c))
    store(1, L.sum(b, c))
    store(2, L.difference(c, b))
    store(3, L.difference(b, d))
  }

  @inlinable @inline(__always)
  static func results<L: Lanes>(_ lanes: L.Type, _ load: (Int) -> L.Vector) -> (L.Vector, L.Vector) {
    let (a, b, c, d) = (load(0), load(1), load(2), load(3))
    return (L.sum(L.sum(a, b), c), L.difference(L.difference(b, c), d))
  }

  /// Aᵀ.
  @inlinable @inline(__always)
  public static func back<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let results = results(lanes, load)
    store(0, results.0)
    store(1, results.1)
  }

  /// Aᵀ, with the results one after the other.
  @inlinable @inline(__always)
  public static func backInOrder<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let results = results(lanes, load)
    let (low, high) = L.zipped(results.0, results.1)
    store(0, low)
    store(1, high)
  }

  /// Columns by their position in a tile.
  @inlinable @inline(__always)
  public static func deal<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (even, odd) = L.deinterleave(load(0), load(1))
    store(0, even)
    store(1, odd)
  }
}

/// F(4×4, 3×3), of points 0, ±1, ±2.
public enum WinogradF4: WinogradVariant {
  /// Rows and columns of a tile of outputs.
  @inlinable @inline(__always)
  public static var size: Int { 4 }

  /// G, rows ¼ 0 0, −⅙ −⅙ −⅙, −⅙ ⅙ −⅙, 1/24 1/12 ⅙, 1/24 −1/12 ⅙, 0 0 1.
  @inlinable @inline(__always)
  public static func filter<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (a, b, c) = (load(0), load(1), load(2))
    store(0, L.product(a, L.broadcast(0.25)))
    let ends = L.product(L.sum(a, c), L.broadcast(-1 / 6))
    let middle = L.product(b, L.broadcast(1 / 6))
    store(1, L.difference(ends, middle))
    store(2, L.sum(ends, middle))
    var endsTwo = L.product(c, L.broadcast(1 / 6))
    L.multiplyAdd(&endsTwo, a, L.broadcast(1 / 24))
    let middleTwo = L.product(b, L.broadcast(1 / 12))
    store(3, L.sum(endsTwo, middleTwo))
    store(4, L.difference(endsTwo, middleTwo))
    store(5, c)
  }

  /// Bᵀ.
  @inlinable @inline(__always)
  public static func forward<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (a, b, c, d, e, f) = (load(0), load(1), load(2), load(3), load(4), load(5))
    let (four, five) = (L.broadcast(4), L.broadcast(-5))
    var first = e
    L.multiplyAdd(&first, a, four)
    L.multiplyAdd(&first, c, five)
    store(0, first)
    var last = f
    L.multiplyAdd(&last, b, four)
    L.multiplyAdd(&last, d, five)
    store(5, last)
    var even = e
    L.multiplyAdd(&even, c, L.broadcast(-4))
    var odd = d
    L.multiplyAdd(&odd, b, L.broadcast(-4))
    store(1, L.sum(even, odd))
    store(2, L.difference(even, odd))
    let evenTwo = L.difference(e, c)
    let difference = L.difference(d, b)
    let oddTwo = L.sum(difference, difference)
    store(3, L.sum(evenTwo, oddTwo))
    store(4, L.difference(evenTwo, oddTwo))
  }

  @inlinable @inline(__always)
  static func results<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector
  ) -> (L.Vector, L.Vector, L.Vector, L.Vector) {
    let (a, b, c, d, e, f) = (load(0), load(1), load(2), load(3), load(4), load(5))
    let (sumOne, differenceOne) = (L.sum(b, c), L.difference(b, c))
    let (sumTwo, differenceTwo) = (L.sum(d, e), L.difference(d, e))
    var second = differenceOne
    L.multiplyAdd(&second, differenceTwo, L.broadcast(2))
    var third = sumOne
    L.multiplyAdd(&third, sumTwo, L.broadcast(4))
    var fourth = L.sum(differenceOne, f)
    L.multiplyAdd(&fourth, differenceTwo, L.broadcast(8))
    return (L.sum(a, L.sum(sumOne, sumTwo)), second, third, fourth)
  }

  /// Aᵀ.
  @inlinable @inline(__always)
  public static func back<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let results = results(lanes, load)
    store(0, results.0)
    store(1, results.1)
    store(2, results.2)
    store(3, results.3)
  }

  /// Aᵀ, with the results one after the other.
  @inlinable @inline(__always)
  public static func backInOrder<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let results = results(lanes, load)
    let (evenLow, evenHigh) = L.zipped(results.0, results.2)
    let (oddLow, oddHigh) = L.zipped(results.1, results.3)
    let (first, second) = L.zipped(evenLow, oddLow)
    let (third, fourth) = L.zipped(evenHigh, oddHigh)
    store(0, first)
    store(1, second)
    store(2, third)
    store(3, fourth)
  }

  /// Columns by their position in a tile.
  @inlinable @inline(__always)
  public static func deal<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (evenLow, oddLow) = L.deinterleave(load(0), load(1))
    let (evenHigh, oddHigh) = L.deinterleave(load(2), load(3))
    let (first, third) = L.deinterleave(evenLow, evenHigh)
    let (second, fourth) = L.deinterleave(oddLow, oddHigh)
    store(0, first)
    store(1, second)
    store(2, third)
    store(3, fourth)
  }
}

/// F(6×6, 3×3), of points 0, ±1, ±2, ±½.
public enum WinogradF6: WinogradVariant {
  /// Rows and columns of a tile of outputs.
  @inlinable @inline(__always)
  public static var size: Int { 6 }

  /// G: what ``WinogradF4`` has, with the points ±½ besides.
  @inlinable @inline(__always)
  public static func filter<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (a, b, c) = (load(0), load(1), load(2))
    store(0, a)
    let ends = L.product(L.sum(a, c), L.broadcast(-2 / 9))
    let middle = L.product(b, L.broadcast(2 / 9))
    store(1, L.difference(ends, middle))
    store(2, L.sum(ends, middle))
    var endsTwo = L.product(c, L.broadcast(2 / 45))
    L.multiplyAdd(&endsTwo, a, L.broadcast(1 / 90))
    let middleTwo = L.product(b, L.broadcast(1 / 45))
    store(3, L.sum(endsTwo, middleTwo))
    store(4, L.difference(endsTwo, middleTwo))
    var endsHalf = L.product(a, L.broadcast(32 / 45))
    L.multiplyAdd(&endsHalf, c, L.broadcast(8 / 45))
    let middleHalf = L.product(b, L.broadcast(16 / 45))
    store(5, L.sum(endsHalf, middleHalf))
    store(6, L.difference(endsHalf, middleHalf))
    store(7, c)
  }

  /// Bᵀ.
  @inlinable @inline(__always)
  public static func forward<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (a, b, c, d) = (load(0), load(1), load(2), load(3))
    let (e, f, g, h) = (load(4), load(5), load(6), load(7))
    let ends = L.broadcast(5.25)
    var first = L.difference(a, g)
    L.multiplyAdd(&first, L.difference(e, c), ends)
    store(0, first)
    var last = L.difference(h, b)
    L.multiplyAdd(&last, L.difference(d, f), ends)
    store(7, last)
    var even = L.sum(c, g)
    L.multiplyAdd(&even, e, L.broadcast(-4.25))
    var odd = L.sum(b, f)
    L.multiplyAdd(&odd, d, L.broadcast(-4.25))
    store(1, L.sum(even, odd))
    store(2, L.difference(even, odd))
    // The points ±2, and with halves in place of doubles ±½.
    var evenTwo = g
    L.multiplyAdd(&evenTwo, c, L.broadcast(0.25))
    L.multiplyAdd(&evenTwo, e, L.broadcast(-1.25))
    var oddTwo = L.product(b, L.broadcast(0.5))
    L.multiplyAdd(&oddTwo, d, L.broadcast(-2.5))
    L.multiplyAdd(&oddTwo, f, L.broadcast(2))
    store(3, L.sum(evenTwo, oddTwo))
    store(4, L.difference(evenTwo, oddTwo))
    var evenHalf = g
    L.multiplyAdd(&evenHalf, c, L.broadcast(4))
    L.multiplyAdd(&evenHalf, e, L.broadcast(-5))
    var oddHalf = L.sum(b, b)
    L.multiplyAdd(&oddHalf, d, L.broadcast(-2.5))
    L.multiplyAdd(&oddHalf, f, L.broadcast(0.5))
    store(5, L.sum(evenHalf, oddHalf))
    store(6, L.difference(evenHalf, oddHalf))
  }

  @inlinable @inline(__always)
  static func results<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector
  ) -> (L.Vector, L.Vector, L.Vector, L.Vector, L.Vector, L.Vector) {
    let (a, h) = (load(0), load(7))
    let (one, minusOne) = (load(1), load(2))
    let (sumOne, differenceOne) = (L.sum(one, minusOne), L.difference(one, minusOne))
    let (two, minusTwo) = (load(3), load(4))
    let (sumTwo, differenceTwo) = (L.sum(two, minusTwo), L.difference(two, minusTwo))
    let (half, minusHalf) = (load(5), load(6))
    let (sumHalf, differenceHalf) = (L.sum(half, minusHalf), L.difference(half, minusHalf))
    @inline(__always)
    func weighted(_ start: L.Vector, _ two: L.Vector, _ power: Float, _ half: L.Vector) -> L.Vector {
      var sum = start
      L.multiplyAdd(&sum, two, L.broadcast(power))
      L.multiplyAdd(&sum, half, L.broadcast(1 / power))
      return sum
    }
    return (
      L.sum(L.sum(a, sumOne), L.sum(sumTwo, sumHalf)), weighted(differenceOne, differenceTwo, 2, differenceHalf),
      weighted(sumOne, sumTwo, 4, sumHalf), weighted(differenceOne, differenceTwo, 8, differenceHalf),
      weighted(sumOne, sumTwo, 16, sumHalf), weighted(L.sum(differenceOne, h), differenceTwo, 32, differenceHalf)
    )
  }

  /// Aᵀ.
  @inlinable @inline(__always)
  public static func back<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let results = results(lanes, load)
    store(0, results.0)
    store(1, results.1)
    store(2, results.2)
    store(3, results.3)
    store(4, results.4)
    store(5, results.5)
  }

  /// Aᵀ, with the results one after the other.
  @inlinable @inline(__always)
  public static func backInOrder<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let results = results(lanes, load)
    let even = L.joined(results.0, results.2, results.4)
    let odd = L.joined(results.1, results.3, results.5)
    let (first, second) = L.zipped(even.first, odd.first)
    let (third, fourth) = L.zipped(even.second, odd.second)
    let (fifth, sixth) = L.zipped(even.third, odd.third)
    store(0, first)
    store(1, second)
    store(2, third)
    store(3, fourth)
    store(4, fifth)
    store(5, sixth)
  }

  /// Columns by their position in a tile.
  @inlinable @inline(__always)
  public static func deal<L: Lanes>(
    _ lanes: L.Type, _ load: (Int) -> L.Vector, _ store: (Int, L.Vector) -> Void
  ) {
    let (even0, odd0) = L.deinterleave(load(0), load(1))
    let (even1, odd1) = L.deinterleave(load(2), load(3))
    let (even2, odd2) = L.deinterleave(load(4), load(5))
    let even = L.separate(even0, even1, even2)
    let odd = L.separate(odd0, odd1, odd2)
    store(0, even.first)
    store(1, odd.first)
    store(2, even.second)
    store(3, odd.second)
    store(4, even.third)
    store(5, odd.third)
  }
}
