import LayerKernels

/// Where each block of a plan lies in the arena.
///
/// Blocks get the lowest free address that fits at the time they are written, and are free again after the step that reads
/// them last. The planes of one plane list may be freed at different times: a unit of ShuffleNet writes its output into the
/// planes that its own branch has read, while the other half of the channels stays where it is.
struct MemoryPlan {
  /// Elements of the arena.
  private(set) var arenaSize = 0
  /// For each storage the element offset of each of its blocks; empty for storages outside the arena.
  private(set) var offsets: [[Int]]

  /// Assigns memory to every storage of the arena.
  ///
  /// - Throws: ``CompilationError/tooMuchMemory(elements:)`` when 32-bit offsets cannot address it.
  init(_ plan: NetworkPlan) throws(CompilationError) {
    offsets = Array(repeating: [], count: plan.storages.count)
    var written: [[Int]] = Array(repeating: [], count: plan.steps.count)
    var freed: [[(storage: Int, planes: [Int])]] = Array(repeating: [], count: plan.steps.count)
    for (index, storage) in plan.storages.enumerated() {
      guard case .arena = storage.place, storage.writtenBy >= 0 else { continue }
      written[storage.writtenBy].append(index)
      for (step, planes) in Dictionary(grouping: 0..<storage.planeCount, by: { storage.lastReads[$0] }) {
        freed[step].append((index, planes))
      }
    }
    var free = FreeList()
    for step in plan.steps.indices {
      for index in written[step] {
        let storage = plan.storages[index]
        offsets[index] = free.allocate(count: storage.planeCount, size: storage.blockSize)
      }
      for (storage, planes) in freed[step].sorted(by: { $0.storage < $1.storage }) {
        for plane in planes { free.release(offsets[storage][plane], size: plan.storages[storage].blockSize) }
      }
      guard free.end <= Int(Int32.max) - AlignedMemory.elementAlignment else {
        throw .tooMuchMemory(elements: free.end)
      }
    }
    arenaSize = free.end
  }
}

/// Free ranges of an arena that grows at its end.
private struct FreeList {
  /// Ranges in ascending order, none touching the next.
  private var ranges: [Range<Int>] = []
  /// Where the arena ends: everything after is free.
  private(set) var end = 0

  /// `count` blocks: side by side where a range is long enough, else wherever single blocks fit.
  mutating func allocate(count: Int, size: Int) -> [Int] {
    if let start = take(count * size) { return (0..<count).map { start + $0 * size } }
    return (0..<count).map { _ in
      if let start = take(size) { return start }
      defer { end += size }
      return end
    }
  }

  private mutating func take(_ size: Int) -> Int? {
    guard let index = ranges.firstIndex(where: { $0.count >= size }) else { return nil }
    let start = ranges[index].lowerBound
    if ranges[index].count == size {
      ranges.remove(at: index)
    } else {
      ranges[index] = (start + size)..<ranges[index].upperBound
    }
    return start
  }

  mutating func release(_ start: Int, size: Int) {
    // Binary search for the first range after the block.
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].lowerBound < start { low = middle + 1 } else { high = middle }
    }
    var range = start..<(start + size)
    if low < ranges.count, ranges[low].lowerBound == range.upperBound {
      range = range.lowerBound..<ranges[low].upperBound
      ranges.remove(at: low)
    }
    if low > 0, ranges[low - 1].upperBound == range.lowerBound {
      ranges[low - 1] = ranges[low - 1].lowerBound..<range.upperBound
    } else {
      ranges.insert(range, at: low)
    }
  }
}
