import CProcessor

/// The four registers that a CPUID leaf fills.
package struct CPUIDRegisters: Hashable, Sendable {
  /// The first register, EAX.
  package var eax: UInt32 = 0
  /// The second register, EBX.
  package var ebx: UInt32 = 0
  /// The third register, ECX.
  package var ecx: UInt32 = 0
  /// The fourth register, EDX.
  package var edx: UInt32 = 0

  /// Registers with these values.
  package init(_ eax: UInt32 = 0, _ ebx: UInt32 = 0, _ ecx: UInt32 = 0, _ edx: UInt32 = 0) {
    self.eax = eax
    self.ebx = ebx
    self.ecx = ecx
    self.edx = edx
  }
}

/// What CPUID says of an x86-64 processor: of this one, or of one that a test remembers.
package struct ProcessorIdentification: Hashable, Sendable {
  /// A question to CPUID.
  package struct Leaf: Hashable, Sendable {
    /// What is asked for in EAX.
    package let number: UInt32
    /// Which part of it, in ECX.
    package let subleaf: UInt32

    /// A leaf, and the first of its parts unless another is named.
    package init(_ number: UInt32, _ subleaf: UInt32 = 0) {
      self.number = number
      self.subleaf = subleaf
    }
  }

  private let leaves: [Leaf: CPUIDRegisters]
  /// XCR0: the registers that the operating system saves; 0 where it saves none beyond SSE's.
  package let extendedState: UInt64

  /// A processor that answers so; a leaf that is not there is zeros.
  package init(leaves: [Leaf: CPUIDRegisters], extendedState: UInt64) {
    self.leaves = leaves
    self.extendedState = extendedState
  }

  /// A leaf's registers; zeros where the processor has no such leaf.
  package func read(_ leaf: UInt32, _ subleaf: UInt32) -> CPUIDRegisters {
    leaves[Leaf(leaf, subleaf)] ?? CPUIDRegisters()
  }

  /// This processor's, or nil where the architecture has no CPUID.
  package static var current: ProcessorIdentification? {
    guard luthier_has_cpuid() != 0 else { return nil }
    var leaves: [Leaf: CPUIDRegisters] = [:]
    @discardableResult func ask(_ number: UInt32, _ subleaf: UInt32 = 0) -> CPUIDRegisters {
      let answer = luthier_cpuid(number, subleaf)
      let registers = CPUIDRegisters(answer.eax, answer.ebx, answer.ecx, answer.edx)
      leaves[Leaf(number, subleaf)] = registers
      return registers
    }

    let highest = ask(0).eax
    let highestExtended = ask(0x8000_0000).eax
    func has(_ number: UInt32) -> Bool { number <= (number < 0x8000_0000 ? highest : highestExtended) }

    let features = has(1) ? ask(1) : CPUIDRegisters()
    if has(7), ask(7).eax >= 1 { ask(7, 1) }
    for leaf in [UInt32(0xB), 0x8000_0002, 0x8000_0003, 0x8000_0004, 0x8000_001E] where has(leaf) { ask(leaf) }
    for leaf in CacheHierarchy.leaves where has(leaf) {
      for index in CacheHierarchy.indices where ask(leaf, index).eax & 0x1F == 0 { break }
    }
    let savesMore = features.ecx >> 27 & 1 == 1
    return ProcessorIdentification(leaves: leaves, extendedState: savesMore ? luthier_xgetbv() : 0)
  }

  /// The twelve letters of the vendor, such as "AuthenticAMD".
  package var vendor: String {
    let zero = read(0, 0)
    return Self.text([zero.ebx, zero.edx, zero.ecx])
  }

  /// The name that the processor is sold under, without padding; empty where there is none.
  package var brand: String {
    let words = (UInt32(0x8000_0002)...0x8000_0004).flatMap {
      let leaf = read($0, 0)
      return [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]
    }
    return Self.text(words)
  }

  /// Family, model and stepping with their extensions added (AMD APM volume 3, CPUID Fn0000_0001_EAX).
  package var signature: (family: Int, model: Int, stepping: Int) {
    let eax = Int(read(1, 0).eax)
    let family = eax >> 8 & 0xF
    let model = eax >> 4 & 0xF
    let extendedModel = family == 0xF || family == 6 ? eax >> 12 & 0xF0 : 0
    return (family == 0xF ? family + (eax >> 20 & 0xFF) : family, extendedModel + model, eax & 0xF)
  }

  /// Hardware threads of a core.
  package var threadsPerCore: Int {
    let topology = read(0xB, 0)
    if topology.ecx >> 8 & 0xFF == 1, topology.ebx & 0xFFFF > 0 { return Int(topology.ebx & 0xFFFF) }
    return Int(read(0x8000_001E, 0).ebx >> 8 & 0xFF) + 1
  }

  /// True where cores of two kinds share a package, so that no single number tells the threads of a core.
  package var isHybrid: Bool { read(7, 0).edx >> 15 & 1 == 1 }

  private static func text(_ words: [UInt32]) -> String {
    let bytes = words.flatMap { word in (UInt32(0)..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).trimmed
  }
}
