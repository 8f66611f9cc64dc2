#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How fast bytes come and go, measured: the slopes of a roofline (Williams, Waterman, Patterson: "Roofline", CACM 52, 2009).
///
/// Measured by the C library's copy, whose bytes count once as read and once as written, and by reading alone; the faster
/// counts, since a kernel may do either.
public struct MemoryBandwidth: Sendable, Hashable, Codable {
  /// Between core and second-level cache, in bytes a nanosecond, which are GB/s.
  public let l2: Double
  /// Between core and third-level cache; nil where there is none.
  public let l3: Double?
  /// Between core and memory.
  public let memory: Double

  /// The bytes that fit into the second level of all members together.
  public let l2ByteCount: Int
  /// The bytes that fit into the third level; 0 where there is none.
  public let l3ByteCount: Int

  /// Bandwidths of known values.
  public init(l2: Double, l3: Double?, memory: Double, l2ByteCount: Int, l3ByteCount: Int) {
    self.l2 = l2
    self.l3 = l3
    self.memory = memory
    self.l2ByteCount = l2ByteCount
    self.l3ByteCount = l3ByteCount
  }

  /// The bandwidth to the nearest level that holds so many bytes.
  public func bandwidth(holding bytes: Int) -> Double {
    if bytes <= l2ByteCount { return l2 }
    if let l3, bytes <= l3ByteCount { return l3 }
    return memory
  }

  /// Measures with a team, each of whose members copies memory of its own; takes some tens of milliseconds.
  ///
  /// - Parameters:
  ///   - team: the threads that share the bandwidth.
  ///   - caches: the sizes that decide how much is copied.
  ///   - clock: what measures.
  public static func measure(
    team: ThreadTeam, caches: CacheHierarchy = Processor.current.caches, clock: some MonotonicClock
  ) -> MemoryBandwidth {
    let l2 = caches.l2.byteCount
    let l3 = caches.l3?.byteCount ?? 0
    // Half of a level for source and target together, so that nothing else is driven out; past the last level four times it,
    // within what any host can spare. A large third level is also the neighbours' of whom a virtual machine knows nothing: a
    // few times the second level is what can be counted on.
    let beyond = min(max(4 * max(l3, l2), 32 << 20), 64 << 20) / max(team.threads, 1)
    func fastest(_ count: Int) -> Double { max(copy(count, team, clock), read(count, team, clock)) }
    return MemoryBandwidth(
      l2: fastest(l2 / 4), l3: l3 > 2 * l2 ? fastest(min(max(l3 / 8 / team.threads, l2), 4 * l2)) : nil,
      memory: fastest(beyond), l2ByteCount: l2 * team.threads, l3ByteCount: l3)
  }

  /// The best of several rounds of reading twice `count` bytes, in bytes a nanosecond.
  private static func read(_ count: Int, _ team: ThreadTeam, _ clock: some MonotonicClock) -> Double {
    let elements = max(2 * count / MemoryLayout<Float>.stride / 64, 1) * 64
    let blocks = (0..<team.threads).map { _ in
      let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: elements)
      block.initialize(repeating: 1)
      return block
    }
    defer { for block in blocks { block.deallocate() } }
    let bytes = elements * MemoryLayout<Float>.stride
    let turns = max((8 << 20) / bytes, 1)
    var best = 0.0
    for _ in 0..<8 {
      let begin = clock.now()
      team.run(ReadWork(blocks: blocks, turns: turns))
      let span = clock.now() - begin
      if span > 0 { best = max(best, Double(bytes * turns * team.threads) / Double(span)) }
    }
    return best
  }

  /// The best of several rounds of copying `count` bytes within a block of twice as many, in bytes a nanosecond.
  private static func copy(_ count: Int, _ team: ThreadTeam, _ clock: some MonotonicClock) -> Double {
    let blocks = (0..<team.threads).map { _ in
      UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 64)
    }
    defer { for block in blocks { block.deallocate() } }
    for block in blocks { block.initializeMemory(as: UInt8.self, repeating: 1) }
    let turns = max((4 << 20) / max(count, 1), 1)
    var best = 0.0
    for _ in 0..<8 {
      let begin = clock.now()
      team.run(CopyWork(blocks: blocks, count: count, turns: turns))
      let span = clock.now() - begin
      if span > 0 { best = max(best, Double(2 * count * turns * team.threads) / Double(span)) }
    }
    return best
  }
}

/// Copies one half of a block onto the other, again and again.
///
/// `@unchecked Sendable`: each member touches its own block only, and the caller waits until all are done.
private struct CopyWork: TeamWork, @unchecked Sendable {
  let blocks: [UnsafeMutableRawBufferPointer]
  let count: Int
  let turns: Int

  func run(as member: borrowing TeamMember) {
    guard member.index < blocks.count, let start = blocks[member.index].baseAddress else { return }
    for turn in 0..<turns {
      // To and fro, so that no turn does what the one before has done.
      let (source, target) = turn % 2 == 0 ? (start, start + count) : (start + count, start)
      memcpy(target, source, count)
    }
  }
}

/// Adds up a block, whose sum goes to its first element so that the reading is not optimised away.
///
/// `@unchecked Sendable`: each member touches its own block only, and the caller waits until all are done.
private struct ReadWork: TeamWork, @unchecked Sendable {
  let blocks: [UnsafeMutableBufferPointer<Float>]
  let turns: Int

  func run(as member: borrowing TeamMember) {
    guard member.index < blocks.count, let start = blocks[member.index].baseAddress else { return }
    let count = blocks[member.index].count
    for _ in 0..<turns {
      var sums = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
      for index in stride(from: 0, to: count, by: 64) {
        let place = UnsafeRawPointer(start + index)
        sums.0 += place.loadUnaligned(as: SIMD16<Float>.self)
        sums.1 += place.loadUnaligned(fromByteOffset: 64, as: SIMD16<Float>.self)
        sums.2 += place.loadUnaligned(fromByteOffset: 128, as: SIMD16<Float>.self)
        sums.3 += place.loadUnaligned(fromByteOffset: 192, as: SIMD16<Float>.self)
      }
      start[0] = ((sums.0 + sums.1) + (sums.2 + sums.3)).sum() / Float(count)
    }
  }
}
