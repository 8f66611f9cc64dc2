public import LayerKernels

/// Pixels that one call of a pixel tile works on.
public struct PixelGroup: Hashable, Sendable {
  /// The first pixel.
  public let start: Int
  /// The vectors of pixels.
  public let vectors: Int
  /// The pixels after the vectors that belong to the group: one of ``PixelTileTable/tails``.
  public let tail: Int

  /// Whether it is of the same size as `other` and starts where that ends, so that one call can work on both.
  func follows(_ other: PixelGroup, lanes: Int) -> Bool {
    vectors == other.vectors && tail == 0 && other.tail == 0 && start == other.start + vectors * lanes
  }
}

/// How a run of pixels is cut into groups for pixel tiles.
public struct PixelPlan: Sendable {
  /// The pixels.
  public let pixelCount: Int
  /// The groups in ascending order.
  public let groups: [PixelGroup]
  /// The vectors of all groups.
  @usableFromInline let vectorCount: Int
  /// The groups with the most vectors; they come first.
  @usableFromInline let largeCount: Int

  /// Cuts `pixelCount`, at least 1, into groups of at most `limit` vectors of `lanes`.
  ///
  /// Vectors are spread evenly over the groups. A few pixels after whole vectors do not cost a vector if the last group can take
  /// a tail.
  ///
  /// - Parameter allowsTail: whether there is a tile of so many vectors with a tail of so many pixels.
  public init(pixelCount: Int, lanes: Int, limit: Int, allowsTail: (_ vectors: Int, _ tail: Int) -> Bool) {
    let whole = pixelCount / lanes
    let rest = pixelCount % lanes
    func cut(_ vectors: Int, tail: Int) -> [PixelGroup] {
      let count = (vectors + limit - 1) / limit
      let large = (vectors + count - 1) / count
      let largeCount = vectors - count * (large - 1)
      var groups: [PixelGroup] = []
      var start = 0
      for index in 0..<count {
        let size = index < largeCount ? large : large - 1
        groups.append(PixelGroup(start: start * lanes, vectors: size, tail: index == count - 1 ? tail : 0))
        start += size
      }
      return groups
    }
    if rest > 0, whole > 0, let tail = PixelTileTable.tail(of: rest, lanes: lanes) {
      let groups = cut(whole, tail: tail)
      if let last = groups.last, allowsTail(last.vectors, tail) {
        self.init(pixelCount: pixelCount, groups)
        return
      }
    }
    self.init(pixelCount: pixelCount, cut(whole + (rest > 0 ? 1 : 0), tail: 0))
  }

  private init(pixelCount: Int, _ groups: [PixelGroup]) {
    self.pixelCount = pixelCount
    self.groups = groups
    vectorCount = groups.reduce(0) { $0 + $1.vectors }
    largeCount = groups.count { $0.vectors == groups[0].vectors }
  }

  /// Cuts a row of `width` pixels, at least `lanes`, into groups that stay inside of it: the last group starts early and
  /// computes some pixels again.
  public init(rowWidth width: Int, lanes: Int, limit: Int) {
    let vectors = (width + lanes - 1) / lanes
    let largest = min(limit, width / lanes)
    let count = (vectors + largest - 1) / largest
    let large = (vectors + count - 1) / count
    let largeCount = vectors - count * (large - 1)
    var groups: [PixelGroup] = []
    var start = 0
    for index in 0..<count {
      let size = index < largeCount ? large : large - 1
      groups.append(PixelGroup(start: min(start, width - size * lanes), vectors: size, tail: 0))
      start += size * lanes
    }
    self.init(pixelCount: width, groups)
  }

  /// A worker's contiguous share of the groups of `batch` such runs, so that all have about as many vectors.
  @inlinable
  public func share(of worker: Worker, batch: Int) -> Range<Int> {
    guard batch == 1, worker.count > 1 else { return worker.share(of: batch * groups.count) }
    return boundary(worker.index, of: worker.count)..<boundary(worker.index + 1, of: worker.count)
  }

  /// The group that the given part of all vectors ends before: large groups come first, the others have a vector less.
  @inlinable
  func boundary(_ part: Int, of parts: Int) -> Int {
    guard let large = groups.first?.vectors, let small = groups.last?.vectors else { return 0 }
    let vectors = vectorCount * part / parts
    let largeVectors = largeCount * large
    return vectors <= largeVectors
      ? (vectors + large / 2) / large : largeCount + (vectors - largeVectors + small / 2) / small
  }

  /// The vectors' lanes over the pixels: how much of the work is of use.
  public func efficiency(lanes: Int) -> Double {
    Double(pixelCount) / Double(groups.reduce(0) { $0 + $1.vectors * lanes + $1.tail })
  }
}
