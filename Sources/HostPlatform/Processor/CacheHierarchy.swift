/// A data or unified cache of a processor.
public struct Cache: Codable, Hashable, Sendable {
  /// The cache's size in bytes.
  public let byteCount: Int
  /// The size of a line in bytes.
  public let lineByteCount: Int
  /// How many logical cores share it.
  public let sharedBy: Int

  /// A cache of `byteCount` bytes.
  public init(byteCount: Int, lineByteCount: Int, sharedBy: Int) {
    self.byteCount = byteCount
    self.lineByteCount = lineByteCount
    self.sharedBy = sharedBy
  }
}

/// The caches between a core and memory.
public struct CacheHierarchy: Codable, Hashable, Sendable {
  /// The first level's data cache.
  public let l1Data: Cache
  /// The second level.
  public let l2: Cache
  /// The third level, which not every processor has.
  public let l3: Cache?

  /// Caches of known sizes.
  public init(l1Data: Cache, l2: Cache, l3: Cache?) {
    self.l1Data = l1Data
    self.l2 = l2
    self.l3 = l3
  }

  /// What is assumed of a processor that tells nothing: small enough for any that has run since 2008.
  public static let assumed = CacheHierarchy(
    l1Data: Cache(byteCount: 32 << 10, lineByteCount: 64, sharedBy: 1),
    l2: Cache(byteCount: 256 << 10, lineByteCount: 64, sharedBy: 1), l3: nil)

  /// What was found, with the assumed first two levels where they are missing.
  package init(levels: [Int: Cache]) {
    self.init(l1Data: levels[1] ?? Self.assumed.l1Data, l2: levels[2] ?? Self.assumed.l2, l3: levels[3])
  }

  /// CPUID leaves that describe caches, AMD's and Intel's; a processor answers one of them.
  package static let leaves: [UInt32] = [0x8000_001D, 4]

  /// Subleaves that are asked at most. No core has sixteen caches: the bound is for hypervisors that never say 'no more'.
  package static let indices = UInt32(0)..<16

  /// The data and unified caches that CPUID leaf 0x8000001D (AMD) or 4 (Intel) describes, by level.
  ///
  /// - Parameter logicalCores: cores that exist; what CPUID says of sharing counts identifiers, used or not.
  package static func levels(reportedBy cpuid: ProcessorIdentification, logicalCores: Int) -> [Int: Cache] {
    let leaf = leaves.first { cpuid.read($0, 0).eax & 0x1F != 0 } ?? 4
    var levels: [Int: Cache] = [:]
    for index in indices {
      let registers = cpuid.read(leaf, index)
      let type = registers.eax & 0x1F
      if type == 0 { break }
      guard type == 1 || type == 3 else { continue }
      let line = Int(registers.ebx & 0xFFF) + 1
      let partitions = Int(registers.ebx >> 12 & 0x3FF) + 1
      let ways = Int(registers.ebx >> 22 & 0x3FF) + 1
      let (bytes, overflows) = (line * partitions * ways).multipliedReportingOverflow(by: Int(registers.ecx) + 1)
      guard !overflows else { continue }
      let sharing = Int(registers.eax >> 14 & 0xFFF) + 1
      let level = Int(registers.eax >> 5 & 0x7)
      levels[level] = Cache(byteCount: bytes, lineByteCount: line, sharedBy: min(sharing, max(logicalCores, 1)))
    }
    return levels
  }

  /// The data and unified caches that `/sys/devices/system/cpu/cpu0/cache` describes, by level.
  ///
  /// - Parameter read: the contents of a file in that folder, such as `index0/size`, or nil.
  package static func levels(describedBy read: (String) -> String?) -> [Int: Cache] {
    var levels: [Int: Cache] = [:]
    for index in 0..<16 {
      guard let type = read("index\(index)/type")?.trimmed else { break }
      guard type == "Data" || type == "Unified",
        let level = read("index\(index)/level").flatMap({ Int($0.trimmed) }), (1...4).contains(level),
        let bytes = read("index\(index)/size").flatMap(byteCount)
      else { continue }
      let line = read("index\(index)/coherency_line_size").flatMap { Int($0.trimmed) } ?? 0
      let sharing = read("index\(index)/shared_cpu_list").flatMap(CoreList.parse)?.count ?? 0
      levels[level] = Cache(
        byteCount: bytes, lineByteCount: (16...4096).contains(line) ? line : 64, sharedBy: max(sharing, 1))
    }
    return levels
  }

  /// A size as the kernel writes it, `48K` or `32M`, in bytes; nil for anything else, 0 and sizes over 1 TiB.
  package static func byteCount(_ text: String) -> Int? {
    let text = text.trimmed
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.last.flatMap { units[$0] }
    guard let number = Int(unit == nil ? text : String(text.dropLast())), number > 0 else { return nil }
    let (bytes, overflows) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflows || bytes > 1 << 40 ? nil : bytes
  }
}
