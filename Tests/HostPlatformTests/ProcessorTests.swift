import HostPlatform
import Testing

@Suite("What a processor says of itself")
struct ProcessorTests {
  @Test("A Zen 5 server is recognised with its AVX-512 and its caches")
  func zen5() {
    let processor = RememberedProcessor.processor(RememberedProcessor.zen5)
    #expect(processor.vendor == "amd")
    #expect(processor.family == 26)
    #expect(processor.model == 2)
    #expect(processor.stepping == 1)
    #expect(processor.microarchitecture == "Zen 5")
    #expect(processor.brand == "AMD EPYC")
    #expect(processor.features.isSuperset(of: [.avx2, .fma, .avx512F, .avx512VNNI, .avx512BF16, .avxVNNI]))
    #expect(processor.caches.l1Data == Cache(byteCount: 48 << 10, lineByteCount: 64, sharedBy: 1))
    #expect(processor.caches.l2 == Cache(byteCount: 1 << 20, lineByteCount: 64, sharedBy: 1))
    #expect(processor.caches.l3 == Cache(byteCount: 32 << 20, lineByteCount: 64, sharedBy: 2))
  }

  @Test("A Haswell desktop is recognised with the caches of leaf 4 and two threads a core")
  func haswell() {
    let processor = RememberedProcessor.processor(RememberedProcessor.haswell, logical: 8, physical: 4)
    #expect(processor.vendor == "intel")
    #expect(processor.microarchitecture == "Haswell")
    #expect(processor.caches.l1Data == Cache(byteCount: 32 << 10, lineByteCount: 64, sharedBy: 2))
    #expect(processor.caches.l2 == Cache(byteCount: 256 << 10, lineByteCount: 64, sharedBy: 2))
    #expect(processor.caches.l3 == Cache(byteCount: 8 << 20, lineByteCount: 64, sharedBy: 8))
    #expect(RememberedProcessor.haswell.threadsPerCore == 2)
  }

  @Test(
    "Designs are named by family and model",
    arguments: [
      ("amd", 0x17, 0x01, 0, "Zen"), ("amd", 0x17, 0x31, 0, "Zen 2"), ("amd", 0x17, 0x71, 0, "Zen 2"),
      ("amd", 0x19, 0x01, 0, "Zen 3"), ("amd", 0x19, 0x21, 0, "Zen 3"), ("amd", 0x19, 0x11, 0, "Zen 4"),
      ("amd", 0x19, 0x61, 0, "Zen 4"), ("amd", 0x1A, 0x02, 0, "Zen 5"), ("amd", 0x1A, 0x44, 0, "Zen 5"),
      ("intel", 6, 0x3F, 2, "Haswell"), ("intel", 6, 0x4F, 1, "Broadwell"), ("intel", 6, 0x55, 4, "Skylake-X"),
      ("intel", 6, 0x55, 7, "Cascade Lake"), ("intel", 6, 0x6A, 6, "Ice Lake"),
      ("intel", 6, 0x8F, 8, "Sapphire Rapids"), ("arm", 0x41, 0xD0C, 1, "Neoverse N1"),
      ("amd", 0x1F, 0x07, 0, "family-31-model-7"), ("somebody", 1, 2, 3, "family-1-model-2"),
    ])
  func microarchitecture(vendor: String, family: Int, model: Int, stepping: Int, name: String) {
    #expect(Microarchitecture.name(vendor: vendor, family: family, model: model, stepping: stepping) == name)
  }

  @Test("Vector extensions count only where the operating system saves their registers")
  func operatingSystem() {
    let leaves: [ProcessorIdentification.Leaf: CPUIDRegisters] = [
      .init(1): CPUIDRegisters(0, 0, 0xFFFA_3203, 0), .init(7): CPUIDRegisters(0, 0xF1BF_07AB, 0, 0),
    ]
    func features(_ state: UInt64) -> Set<ProcessorFeature> {
      ProcessorFeature.reported(by: ProcessorIdentification(leaves: leaves, extendedState: state))
    }
    #expect(features(0) == [.sse41, .sse42])
    #expect(features(0x7).isSuperset(of: [.avx2, .fma]))
    #expect(!features(0x7).contains(.avx512F))
    // ZMM without the mask registers is no AVX-512.
    #expect(!features(0xC7).contains(.avx512F))
    #expect(features(0xE7).isSuperset(of: InstructionSet.avx512.requiredFeatures))
  }

  @Test("A processor that answers every leaf with zeros or with ones yields a description")
  func nonsense() {
    let silent = RememberedProcessor.processor(ProcessorIdentification(leaves: [:], extendedState: 0))
    #expect(silent.vendor == "unknown")
    #expect(silent.caches == .assumed)
    #expect(InstructionSet.best(on: silent) == .portable)

    let ones = CPUIDRegisters(.max, .max, .max, .max)
    var leaves: [ProcessorIdentification.Leaf: CPUIDRegisters] = [:]
    for number in [UInt32(0), 1, 7, 4, 0xB, 0x8000_0000, 0x8000_0002, 0x8000_001D, 0x8000_001E] {
      for subleaf in UInt32(0)..<16 { leaves[.init(number, subleaf)] = ones }
    }
    let loud = RememberedProcessor.processor(ProcessorIdentification(leaves: leaves, extendedState: .max))
    #expect(loud.family == 15 + 255)
    #expect(loud.caches.l1Data.byteCount > 0)
  }

  @Test("The caches are read from /sys where CPUID does not tell them, and from neither where both are silent")
  func cacheFiles() {
    let files = [
      "index0/type": "Data\n", "index0/level": "1\n", "index0/size": "64K\n", "index0/coherency_line_size": "128\n",
      "index0/shared_cpu_list": "0\n", "index1/type": "Instruction\n", "index1/level": "1\n", "index1/size": "64K\n",
      "index2/type": "Unified\n", "index2/level": "2\n", "index2/size": "1024K\n",
      "index2/coherency_line_size": "nonsense\n", "index2/shared_cpu_list": "0-3\n",
      "index3/type": "Unified\n", "index3/level": "3\n", "index3/size": "99999999999999999999K\n",
    ]
    let cores = CoreCounts(logical: 4, physical: 4, usable: 4)
    let information = """
      processor\t: 0
      CPU implementer\t: 0x41
      CPU architecture: 8
      CPU part\t: 0xd0c
      CPU revision\t: 1

      processor\t: 1
      CPU part\t: 0xd03
      """
    let processor = Processor(
      processorInformation: information, features: [.neon], cores: cores, cacheFile: { files[$0] })
    #expect(processor.vendor == "arm")
    #expect(processor.microarchitecture == "Neoverse N1")
    #expect(processor.caches.l1Data == Cache(byteCount: 64 << 10, lineByteCount: 128, sharedBy: 1))
    #expect(processor.caches.l2 == Cache(byteCount: 1 << 20, lineByteCount: 64, sharedBy: 4))
    #expect(processor.caches.l3 == nil)
    #expect(InstructionSet.supported(on: processor) == [.portable])

    let silent = Processor(processorInformation: "", features: [], cores: cores)
    #expect(silent.caches == .assumed)
  }

  @Test("This machine's description is consistent with itself")
  func thisMachine() {
    let processor = Processor.current
    #expect(processor.physicalCores >= 1)
    #expect(processor.physicalCores <= processor.logicalCores)
    #expect((1...processor.logicalCores).contains(processor.usableCores))
    #expect(processor.caches.l1Data.byteCount < processor.caches.l2.byteCount)
    #expect(processor.caches.l1Data.lineByteCount.nonzeroBitCount == 1)
    #expect(Processor.current == processor)
  }
}
