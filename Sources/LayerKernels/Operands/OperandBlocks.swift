/// Where the blocks of an operand lie in one piece of memory: its planes, or the one block of a layout without planes.
struct OperandBlocks {
  /// The first element of each block: of plane n·C + c, or of the whole.
  let starts: [Int]
  /// The activation's elements in a block.
  let size: Int
  /// The elements of a block that a kernel may write: its own and, in a plane list, the slack after them.
  let writableSize: Int
  /// The elements of the memory, guards included.
  let totalCount: Int

  /// Guard elements before the first block and, at least, after the last.
  private static let guardCount = 64

  /// - Throws: ``ProblemError`` when the layout needs another rank or the memory cannot be addressed.
  init(shape: TensorShape, layout: TensorLayout, shuffling seed: UInt64?, offset: Int) throws(ProblemError) {
    if layout != .rowMajor { try checkSize("\(layout.rawValue) rank", shape.rank, in: 4...4) }
    try checkSize("offset", offset, in: 0...(AlignedMemory.elementAlignment - 1))
    guard layout == .planeList else {
      // In floats: those that hold the bytes.
      size = layout.floatCount(shape.elementCount)
      // Only a plane list has slack that may be written.
      writableSize = size
      starts = [Self.guardCount + offset]
      totalCount = starts[0] + size + Self.guardCount + (seed == nil ? 0 : size)
      return
    }
    let planeCount = shape[0] * shape[1]
    size = shape[2] * shape[3]
    writableSize = AlignedMemory.paddedCount(size)
    let most = writableSize + 3 * AlignedMemory.elementAlignment
    let (bound, overflow) = most.multipliedReportingOverflow(by: planeCount)
    guard !overflow, bound < TensorShape.maximumElementCount / 2 - 2 * Self.guardCount else {
      throw .inconsistent("an operand of shape \(shape) is too large to address")
    }
    var starts = [Int](repeating: 0, count: planeCount)
    var order = Array(0..<planeCount)
    var random = RandomSource(seed: seed ?? 0)
    if seed != nil { order.shuffle(using: &random) }
    var next = Self.guardCount
    for plane in order {
      starts[plane] = next
      // Gaps of different widths: no kernel may count on planes being equally far apart.
      let gap = seed == nil ? 0 : Int.random(in: 1...3, using: &random) * AlignedMemory.elementAlignment
      next += writableSize + gap
    }
    self.starts = starts
    // A kernel that takes shuffled planes for one dense block runs past the end by as much again.
    totalCount = next + Self.guardCount + (seed == nil ? 0 : planeCount * writableSize)
  }
}
