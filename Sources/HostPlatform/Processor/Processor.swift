/// The processor that the program runs on: who made it, what it can do, its caches and cores.
///
/// ```swift
/// print(Processor.current.microarchitecture, Processor.current.usableCores)   // Zen 5 2
/// ```
public struct Processor: Hashable, Sendable {
  /// The maker: "amd", "intel", "hygon", "zhaoxin", "arm", "unknown", or the letters that CPUID gives.
  public let vendor: String
  /// The family with its extension, as CPUID or (arm64) the implementer's number gives it.
  public let family: Int
  /// The model with its extension, or (arm64) the part number.
  public let model: Int
  /// The revision of the model.
  public let stepping: Int
  /// The name that it is sold under, as far as it tells.
  public let brand: String
  /// The design's name, such as "Zen 5" or "Sapphire Rapids"; "family-F-model-M" where it is not known.
  public let microarchitecture: String
  /// The extensions that both the processor and the operating system allow.
  public let features: Set<ProcessorFeature>
  /// The caches of a core.
  public let caches: CacheHierarchy
  /// Logical cores of the machine that are switched on.
  public let logicalCores: Int
  /// Physical cores of the machine that are switched on.
  public let physicalCores: Int
  /// Logical cores that this process may use: the smallest of its affinity, its cgroup's quota rounded up,
  /// `OMP_NUM_THREADS` and `OMP_THREAD_LIMIT`; at least 1.
  public let usableCores: Int

  /// This machine's processor, as it was when first asked.
  public static let current = detect()

  /// A processor that is described by hand.
  public init(
    vendor: String, family: Int, model: Int, stepping: Int, brand: String, microarchitecture: String,
    features: Set<ProcessorFeature>, caches: CacheHierarchy, logicalCores: Int, physicalCores: Int, usableCores: Int
  ) {
    self.vendor = vendor
    self.family = family
    self.model = model
    self.stepping = stepping
    self.brand = brand
    self.microarchitecture = microarchitecture
    self.features = features
    self.caches = caches
    self.logicalCores = logicalCores
    self.physicalCores = physicalCores
    self.usableCores = usableCores
  }

  /// What CPUID tells of an x86-64 processor.
  ///
  /// - Parameters:
  ///   - cores: what the operating system tells of cores.
  ///   - cacheFile: the contents of a file under `/sys/devices/system/cpu/cpu0/cache`, or nil.
  package init(
    _ cpuid: ProcessorIdentification, cores: CoreCounts, cacheFile: (String) -> String? = { _ in nil }
  ) {
    let vendor = Microarchitecture.vendor(cpuid.vendor)
    let (family, model, stepping) = cpuid.signature
    let reported = CacheHierarchy.levels(reportedBy: cpuid, logicalCores: cores.logical)
    let levels = reported.isEmpty ? CacheHierarchy.levels(describedBy: cacheFile) : reported
    let brand = cpuid.brand
    self.init(
      vendor: vendor, family: family, model: model, stepping: stepping,
      brand: brand.isEmpty ? cpuid.vendor : brand,
      microarchitecture: Microarchitecture.name(vendor: vendor, family: family, model: model, stepping: stepping),
      features: ProcessorFeature.reported(by: cpuid), caches: CacheHierarchy(levels: levels),
      logicalCores: cores.logical, physicalCores: cores.physical, usableCores: cores.usable)
  }

  /// What `/proc/cpuinfo` tells of a processor without CPUID.
  package init(
    processorInformation text: String, features: Set<ProcessorFeature>, cores: CoreCounts,
    cacheFile: (String) -> String? = { _ in nil }
  ) {
    let fields = ProcessorInformation(text)
    let implementer = fields["CPU implementer"] ?? 0
    let part = fields["CPU part"] ?? 0
    let vendor = implementer == 0x41 ? "arm" : implementer == 0 ? "unknown" : "implementer-\(implementer)"
    let stepping = fields["CPU revision"] ?? 0
    let name = Microarchitecture.name(vendor: vendor, family: implementer, model: part, stepping: stepping)
    self.init(
      vendor: vendor, family: implementer, model: part, stepping: stepping, brand: name, microarchitecture: name,
      features: features, caches: CacheHierarchy(levels: CacheHierarchy.levels(describedBy: cacheFile)),
      logicalCores: cores.logical, physicalCores: cores.physical, usableCores: cores.usable)
  }

  private static func detect() -> Processor {
    let cpuid = ProcessorIdentification.current
    let cores = CoreCounts.detect(cpuid)
    func cacheFile(_ name: String) -> String? { SystemFile.text("/sys/devices/system/cpu/cpu0/cache/\(name)") }
    if let cpuid { return Processor(cpuid, cores: cores, cacheFile: cacheFile) }
    #if arch(arm64)
      let features: Set<ProcessorFeature> = [.neon]
    #else
      let features: Set<ProcessorFeature> = []
    #endif
    return Processor(
      processorInformation: SystemFile.text("/proc/cpuinfo") ?? "", features: features, cores: cores,
      cacheFile: cacheFile)
  }
}

/// The numbers in the first paragraph of `/proc/cpuinfo`, by the name before the colon.
package struct ProcessorInformation {
  private let numbers: [String: Int]

  /// Reads the file's text; lines that hold no number are passed over.
  package init(_ text: String) {
    var numbers: [String: Int] = [:]
    for line in text.lines.prefix(200) {
      if line.isEmpty { break }
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = String(parts[1]).trimmed
      let number = value.hasPrefix("0x") ? Int(value.dropFirst(2), radix: 16) : Int(value)
      if let number, number >= 0 { numbers[String(parts[0]).trimmed] = number }
    }
    self.numbers = numbers
  }

  /// The number of a name, or nil.
  package subscript(name: String) -> Int? { numbers[name] }
}
