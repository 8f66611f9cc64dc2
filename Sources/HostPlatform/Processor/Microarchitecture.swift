/// The names of processor designs, as their makers and the Linux kernel use them.
///
/// Sources: Linux `arch/x86/include/asm/intel-family.h` and `arch/x86/kernel/cpu/amd.c` for x86-64, the MIDR_EL1 part
/// numbers in `arch/arm64/include/asm/cputype.h` for arm64.
package enum Microarchitecture {
  /// The design's name, or "family-F-model-M" for one that the tables do not know.
  package static func name(vendor: String, family: Int, model: Int, stepping: Int) -> String {
    let known: String? =
      switch vendor {
      case "amd": amd(family: family, model: model)
      case "hygon": family == 0x18 ? "Dhyana" : nil
      case "intel": intel(family: family, model: model, stepping: stepping)
      case "arm": arm[model]
      default: nil
      }
    return known ?? "family-\(family)-model-\(model)"
  }

  /// A maker's short name from the letters that CPUID gives.
  package static func vendor(_ identifier: String) -> String {
    switch identifier {
    case "AuthenticAMD": "amd"
    case "GenuineIntel": "intel"
    case "HygonGenuine": "hygon"
    case "CentaurHauls", "Shanghai": "zhaoxin"
    case "": "unknown"
    default: identifier
    }
  }

  private static func amd(family: Int, model: Int) -> String? {
    switch (family, model) {
    case (0x15, 0x00...0x0F): "Bulldozer"
    case (0x15, 0x10...0x2F): "Piledriver"
    case (0x15, 0x30...0x4F): "Steamroller"
    case (0x15, 0x60...0x7F): "Excavator"
    case (0x16, 0x00...0x0F): "Jaguar"
    case (0x16, 0x30...0x3F): "Puma"
    case (0x17, 0x00...0x2F), (0x17, 0x50...0x5F): "Zen"
    case (0x17, 0x30...0x4F), (0x17, 0x60...0xAF): "Zen 2"
    case (0x19, 0x00...0x0F), (0x19, 0x20...0x5F): "Zen 3"
    case (0x19, 0x10...0x1F), (0x19, 0x60...0xAF): "Zen 4"
    case (0x1A, 0x00...0x4F), (0x1A, 0x60...0x7F): "Zen 5"
    case (0x1A, 0x50...0x5F), (0x1A, 0x80...0xCF): "Zen 6"
    default: nil
    }
  }

  private static func intel(family: Int, model: Int, stepping: Int) -> String? {
    guard family == 6 else { return nil }
    // Three generations of servers share a model number.
    if model == 0x55 { return stepping >= 10 ? "Cooper Lake" : stepping >= 5 ? "Cascade Lake" : "Skylake-X" }
    return intelModels[model]
  }

  private static let intelModels: [Int: String] = [
    0x2A: "Sandy Bridge", 0x2D: "Sandy Bridge", 0x3A: "Ivy Bridge", 0x3E: "Ivy Bridge",
    0x3C: "Haswell", 0x3F: "Haswell", 0x45: "Haswell", 0x46: "Haswell",
    0x3D: "Broadwell", 0x47: "Broadwell", 0x4F: "Broadwell", 0x56: "Broadwell",
    0x4E: "Skylake", 0x5E: "Skylake", 0x8E: "Kaby Lake", 0x9E: "Kaby Lake", 0xA5: "Comet Lake", 0xA6: "Comet Lake",
    0x66: "Cannon Lake", 0x7D: "Ice Lake", 0x7E: "Ice Lake", 0x6A: "Ice Lake", 0x6C: "Ice Lake",
    0x8C: "Tiger Lake", 0x8D: "Tiger Lake", 0xA7: "Rocket Lake", 0x97: "Alder Lake", 0x9A: "Alder Lake",
    0xB7: "Raptor Lake", 0xBA: "Raptor Lake", 0xBF: "Raptor Lake", 0xAA: "Meteor Lake", 0xAC: "Meteor Lake",
    0xB5: "Arrow Lake", 0xC5: "Arrow Lake", 0xC6: "Arrow Lake", 0xBD: "Lunar Lake", 0xCC: "Panther Lake",
    0x8F: "Sapphire Rapids", 0xCF: "Emerald Rapids", 0xAD: "Granite Rapids", 0xAE: "Granite Rapids",
    0xAF: "Sierra Forest", 0xDD: "Clearwater Forest", 0x57: "Knights Landing", 0x85: "Knights Mill",
    0x5C: "Goldmont", 0x5F: "Goldmont", 0x7A: "Goldmont Plus", 0x86: "Tremont", 0x96: "Tremont", 0x9C: "Tremont",
    0xBE: "Gracemont",
  ]

  private static let arm: [Int: String] = [
    0xD03: "Cortex-A53", 0xD07: "Cortex-A57", 0xD08: "Cortex-A72", 0xD0B: "Cortex-A76", 0xD0C: "Neoverse N1",
    0xD40: "Neoverse V1", 0xD49: "Neoverse N2", 0xD4F: "Neoverse V2", 0xD84: "Neoverse V3", 0xD8E: "Neoverse N3",
  ]
}
