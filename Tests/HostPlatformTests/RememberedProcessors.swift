import HostPlatform

/// CPUID leaves of real processors, as far as the tests need them.
enum RememberedProcessor {
  typealias Leaf = ProcessorIdentification.Leaf

  /// Read on an AMD EPYC of family 26, model 2 with two virtual cores.
  static let zen5 = ProcessorIdentification(
    leaves: [
      Leaf(0): CPUIDRegisters(0x1C, 0x6874_7541, 0x444D_4163, 0x6974_6E65),
      Leaf(1): CPUIDRegisters(0x00B0_0F21, 0x0102_0800, 0xFFFA_3203, 0x178B_FBFF),
      Leaf(7): CPUIDRegisters(0x1, 0xF1BF_07AB, 0x0040_5FC6, 0x110),
      Leaf(7, 1): CPUIDRegisters(0x30),
      Leaf(0xB): CPUIDRegisters(0, 1, 0x100, 1),
      Leaf(0x8000_0002): CPUIDRegisters(0x2044_4D41, 0x4359_5045, 0, 0),
      Leaf(0x8000_001D, 0): CPUIDRegisters(0x121, 0x02C0_003F, 0x3F),
      Leaf(0x8000_001D, 1): CPUIDRegisters(0x122, 0x01C0_003F, 0x3F),
      Leaf(0x8000_001D, 2): CPUIDRegisters(0x143, 0x03C0_003F, 0x3FF, 2),
      Leaf(0x8000_001D, 3): CPUIDRegisters(0x4163, 0x03C0_003F, 0x7FFF, 1),
    ], extendedState: 0xE7)

  /// A Haswell desktop: leaf 4's caches, AVX2 and FMA, two threads a core.
  static let haswell = ProcessorIdentification(
    leaves: [
      Leaf(0): CPUIDRegisters(0xD, 0x756E_6547, 0x6C65_746E, 0x4965_6E69),
      Leaf(1): CPUIDRegisters(0x0003_06C3, 0, 0x7FFA_FBFF, 0),
      Leaf(7): CPUIDRegisters(0, 0x0000_27AB, 0, 0),
      Leaf(0xB): CPUIDRegisters(1, 2, 0x100, 0),
      Leaf(4, 0): CPUIDRegisters(0x1C00_4121, 0x01C0_003F, 0x3F),
      Leaf(4, 1): CPUIDRegisters(0x1C00_4122, 0x01C0_003F, 0x3F),
      Leaf(4, 2): CPUIDRegisters(0x1C00_4143, 0x01C0_003F, 0x1FF),
      Leaf(4, 3): CPUIDRegisters(0x1C03_C163, 0x03C0_003F, 0x1FFF),
    ], extendedState: 0x7)

  static func processor(_ cpuid: ProcessorIdentification, logical: Int = 2, physical: Int = 2) -> Processor {
    Processor(cpuid, cores: CoreCounts(logical: logical, physical: physical, usable: logical))
  }
}
