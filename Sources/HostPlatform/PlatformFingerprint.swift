/// What decides which kernels are fastest on a machine, written so that people can read it in a database.
///
/// Numbers that a run may limit (affinity, cgroup quota, `OMP_NUM_THREADS`) are left out: a machine keeps its fingerprint
/// when a program is given fewer of its cores, and thread counts are keys of their own in the database.
public struct PlatformFingerprint: Codable, Hashable, Sendable {
  /// The processor's maker, such as "amd".
  public var vendor: String
  /// The processor's family.
  public var family: Int
  /// The processor's model.
  public var model: Int
  /// The design's name, such as "Zen 5".
  public var microarchitecture: String
  /// The instruction sets in use, oldest first, such as "portable", "avx2".
  public var instructionSets: [String]
  /// Bytes of the first level's data cache.
  public var l1DataBytes: Int
  /// Bytes of the second level's cache.
  public var l2Bytes: Int
  /// Bytes of the third level's cache; 0 where there is none.
  public var l3Bytes: Int
  /// Physical cores of the machine.
  public var physicalCores: Int
  /// Logical cores of the machine.
  public var logicalCores: Int
  /// The operating system, such as "linux".
  public var operatingSystem: String
  /// The architecture, such as "x86_64".
  public var architecture: String

  /// The fingerprint of a processor that uses an instruction set.
  ///
  /// - Parameters:
  ///   - processor: the machine.
  ///   - instructionSet: the newest instruction set in use, which may be older than the processor's best.
  public init(_ processor: Processor, instructionSet: InstructionSet) {
    vendor = processor.vendor
    family = processor.family
    model = processor.model
    microarchitecture = processor.microarchitecture
    instructionSets = InstructionSet.allCases.filter { $0 <= instructionSet }.map(\.rawValue)
    l1DataBytes = processor.caches.l1Data.byteCount
    l2Bytes = processor.caches.l2.byteCount
    l3Bytes = processor.caches.l3?.byteCount ?? 0
    physicalCores = processor.physicalCores
    logicalCores = processor.logicalCores
    operatingSystem = Self.operatingSystem
    architecture = Self.architecture
  }

  /// This machine's fingerprint with the instruction set that it uses.
  ///
  /// - Throws: ``InstructionSetError`` when `LUTHIER_ISA` forces one that cannot be used.
  public static func current() throws(InstructionSetError) -> PlatformFingerprint {
    PlatformFingerprint(.current, instructionSet: try .chosen())
  }

  /// A name for files: maker, design, physical cores and instruction set, such as `amd-zen5-2c-avx512`.
  ///
  /// At most 64 lower-case ASCII letters, digits and hyphens, whatever the fields say.
  public var name: String {
    let isa = Self.slug(instructionSets.last ?? InstructionSet.portable.rawValue).prefix(16)
    let end = "-\(max(physicalCores, 0))c-\(isa)"
    let start = Self.slug("\(vendor) \(microarchitecture)").prefix(max(64 - end.utf8.count, 0))
    return (start.hasSuffix("-") ? start.dropLast() : start) + end
  }

  private static var operatingSystem: String {
    #if os(Linux)
      "linux"
    #elseif os(macOS)
      "macos"
    #else
      "other"
    #endif
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "other"
    #endif
  }

  /// Lower-case ASCII letters and digits, with hyphens between words; a number joins the word before it ("Zen 5", "zen5").
  private static func slug(_ text: String) -> String {
    var words: [String] = [""]
    var spaceBefore = false
    for scalar in text.lowercased().unicodeScalars {
      let isDigit = ("0"..."9").contains(scalar)
      if isDigit || ("a"..."z").contains(scalar) {
        if spaceBefore, !isDigit { words.append("") }
        words[words.count - 1].unicodeScalars.append(scalar)
        spaceBefore = false
      } else if scalar == " " {
        spaceBefore = true
      } else {
        words.append("")
        spaceBefore = false
      }
    }
    let slug = words.filter { !$0.isEmpty }.joined(separator: "-")
    return slug.isEmpty ? "unknown" : slug
  }
}
