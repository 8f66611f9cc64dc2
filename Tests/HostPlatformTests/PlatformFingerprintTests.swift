import Foundation
import HostPlatform
import Testing

@Suite("Fingerprints of platforms")
struct PlatformFingerprintTests {
  let zen5 = PlatformFingerprint(RememberedProcessor.processor(RememberedProcessor.zen5), instructionSet: .avx512)

  @Test("A fingerprint equals itself")
  func same() {
    #expect(zen5.compare(to: zen5) == .same)
    #expect(zen5.compare(to: zen5).differences.isEmpty)
  }

  @Test("Other caches or core counts of one design are near, with each difference in words")
  func near() {
    var other = zen5
    other.l3Bytes = 16 << 20
    other.physicalCores = 16
    other.logicalCores = 32
    #expect(
      zen5.compare(to: other)
        == .near(differences: [
          "L3 cache: expected 32 MiB, found 16 MiB", "physical cores: expected 2, found 16",
          "logical cores: expected 2, found 32",
        ]))
    other.l3Bytes = 0
    #expect(zen5.compare(to: other).differences.first == "L3 cache: expected 32 MiB, found none")
  }

  @Test("Another design, vendor, architecture or instruction set is different")
  func different() {
    var design = zen5
    design.microarchitecture = "Zen 4"
    #expect(
      zen5.compare(to: design) == .different(differences: ["microarchitecture: expected Zen 5, found Zen 4"]))
    var older = zen5
    older.instructionSets = ["portable", "avx2"]
    #expect(
      zen5.compare(to: older)
        == .different(differences: ["instruction sets: expected portable, avx2, avx512, found portable, avx2"]))
    var architecture = zen5
    architecture.architecture = "riscv64"
    architecture.l1DataBytes = 1000
    #expect(
      architecture.compare(to: zen5).differences == [
        "architecture: expected riscv64, found \(zen5.architecture)",
        "L1 data cache: expected 1000 bytes, found 48 KiB",
      ])
  }

  @Test("A forced older instruction set is part of the fingerprint and of its name")
  func forced() {
    let forced = PlatformFingerprint(RememberedProcessor.processor(RememberedProcessor.zen5), instructionSet: .avx2)
    #expect(forced.name == "amd-zen5-2c-avx2")
    guard case .different = zen5.compare(to: forced) else {
      Issue.record("a platform with fewer instructions compares \(zen5.compare(to: forced))")
      return
    }
  }

  @Test("Names stay what databases on disk are called")
  func names() {
    #expect(zen5.name == "amd-zen5-2c-avx512")
    let haswell = RememberedProcessor.processor(RememberedProcessor.haswell, logical: 8, physical: 4)
    #expect(PlatformFingerprint(haswell, instructionSet: .avx2).name == "intel-haswell-4c-avx2")
    var server = zen5
    server.vendor = "intel"
    server.microarchitecture = "Sapphire Rapids"
    server.physicalCores = 56
    #expect(server.name == "intel-sapphire-rapids-56c-avx512")
    server.microarchitecture = "Skylake-X"
    #expect(server.name == "intel-skylake-x-56c-avx512")
    server.microarchitecture = "family-6-model-200"
    #expect(server.name == "intel-family-6-model-200-56c-avx512")
  }

  @Test(
    "Whatever the fields say, a name is safe in a file system",
    arguments: ["", "../../etc/passwd", "\u{0}\n", "Ünï cödé 🎻", "-----", String(repeating: "Zen 5 ", count: 10_000)])
  func safeNames(text: String) {
    var hostile = zen5
    hostile.vendor = text
    hostile.microarchitecture = text
    hostile.instructionSets = [text]
    for cores in [Int.min, -1, 0, 2, Int.max] {
      hostile.physicalCores = cores
      let name = hostile.name
      #expect(name.utf8.count <= 64)
      #expect(name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }, "\(name)")
      #expect(!name.hasPrefix("-") && !name.hasSuffix("-"), "\(name)")
    }
  }

  @Test("Comparing hostile fingerprints gives short differences")
  func hostile() {
    var hostile = zen5
    hostile.vendor = String(repeating: "x", count: 1_000_000)
    hostile.l1DataBytes = .min
    hostile.l2Bytes = .max
    hostile.instructionSets = []
    let differences = hostile.compare(to: zen5).differences
    #expect(differences.count == 4)
    #expect(differences.allSatisfy { $0.count < 300 })
  }

  @Test("A fingerprint survives JSON unchanged")
  func coding() throws {
    let data = try JSONEncoder().encode(zen5)
    #expect(try JSONDecoder().decode(PlatformFingerprint.self, from: data) == zen5)
  }

  @Test("This machine's fingerprint is the same each time and under fewer usable cores")
  func thisMachine() throws {
    let first = try PlatformFingerprint.current()
    #expect(try PlatformFingerprint.current() == first)
    let processor = Processor.current
    let limited = Processor(
      vendor: processor.vendor, family: processor.family, model: processor.model, stepping: processor.stepping,
      brand: processor.brand, microarchitecture: processor.microarchitecture, features: processor.features,
      caches: processor.caches, logicalCores: processor.logicalCores, physicalCores: processor.physicalCores,
      usableCores: 1)
    #expect(PlatformFingerprint(limited, instructionSet: try .chosen()) == first)
  }
}
